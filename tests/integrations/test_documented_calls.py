"""Clients send what the provider's page names, and nothing else."""

import json

import pytest

from integrations.carriers import Recipient
from integrations.emailbison.client import EmailBisonClient
from integrations.instantly.client import InstantlyClient
from integrations.models import Integration
from tests.integrations.fault_server import FaultServer, answer
from tests.recorded import documented

pytestmark = pytest.mark.django_db
KINDS = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


def connect(client, provider, url):
    account = Integration(provider=provider, config={"base_url": url}, credentials={"api_key": "k"})
    return client.for_integration(account)


CALLS = {
    ("emailbison", "reply"): lambda url, soon: connect(EmailBisonClient, "emailbison", url).reply(
        "7",
        message_html="<p>x</p>",
        sender_email_id="311",
        to=[Recipient("john@example.com", "John Doe")],
        cc=[Recipient("ann@example.com")],
        deadline=soon,
    ),
    ("instantly", "reply"): lambda url, soon: connect(InstantlyClient, "instantly", url).reply(
        "u",
        eaccount="a@example.com",
        subject="Re",
        text="x",
        html="<p>x</p>",
        cc=["b@example.com"],
        deadline=soon,
    ),
    ("instantly", "block"): lambda url, soon: connect(InstantlyClient, "instantly", url).block(
        "a@b.example", soon
    ),
}


@pytest.mark.parametrize(("provider", "name"), CALLS)
def test_a_call_has_the_published_fields_and_no_other(soon, provider, name):
    page = documented(provider, "calls")[name]
    with FaultServer(answer(body={"id": "1"})) as server:
        CALLS[provider, name](server.url, soon)
    head, _, content = server.requests[0].partition(b"\r\n\r\n")
    body = json.loads(content)
    assert page["path"].encode().removeprefix(b"/api/v2") in head.splitlines()[0]
    assert set(page["required"]) <= set(body) <= set(page["fields"])
    assert all(isinstance(value, KINDS[page["fields"][field]]) for field, value in body.items())
