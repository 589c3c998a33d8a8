"""Example Mail's webhooks keep the contract, and each recorded body becomes what it means."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integrations import registry
from integrations.events import AccountStatusEvent, BounceEvent, IgnoredEvent, MessageEvent, UnsubscribeEvent
from tests.example_provider import NAME
from tests.webhooks.cases import AccountContract
from tests.webhooks.posting import Poster

FIXTURES = Path(__file__).parent / "fixtures"


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


@pytest.fixture
def poster(db) -> Poster:
    return Poster.create("Northwind")


@pytest.fixture
def other(db) -> Poster:
    return Poster.create("Bluebird")


class TestContract(AccountContract):
    source, account = NAME, "acc-1"

    def valid(self, poster: Poster) -> Any:
        return recorded("reply") | {"account": "acc-1"}

    def unsupported(self) -> Any:
        return recorded("reply") | {"type": "opened"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("reply", MessageEvent),
        ("sent", MessageEvent),
        # e-mail: a text or chat message does not bounce
        ("bounced", BounceEvent),
        # end of e-mail
        ("unsubscribed", UnsubscribeEvent),
        ("mailbox", AccountStatusEvent),
    ],
)
def test_each_recorded_body_is_the_event_that_it_means(name, kind):
    assert type(registry.webhook_source(NAME).parse(recorded(name), timezone.now())) is kind


def test_an_event_that_is_not_used_says_so():
    body = {"id": "x", "type": "opened"}
    assert type(registry.webhook_source(NAME).parse(body, timezone.now())) is IgnoredEvent
