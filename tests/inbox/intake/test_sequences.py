"""Every sequence of what may become of a meeting, told in order, in any order and twice."""

import random
from collections.abc import Iterable
from functools import cache
from itertools import permutations

import pytest
from django.db import transaction

from inbox.followups.lists import fell_through
from inbox.intake.handlers import bookings
from inbox.models import Appointment
from inbox.models.lead import Tag
from integrations.calendly import payloads as calendly
from integrations.events import Event
from integrations.ghl import payloads as ghl
from tests import forms
from tests.factories import make_lead
from tests.inbox.intake.appointment_sequences import CONTACT, NOON, Told, after, body, sequences, told
from tests.webhooks.posting import Poster

PARSE = {"calendly": calendly.parse, "ghl": ghl.parse}
SOURCE = {"calendly": "calendly", "ghl": "ghl/sms"}
WORDS = {"rescheduled": "moved", "no_show": "no-show"}
PROVIDERS = pytest.mark.parametrize("provider", ["calendly", "ghl"])


class Rollback(Exception):
    """Ends a story: the next one starts from the same rows."""


def heard(provider: str, events: Iterable[Event]) -> tuple[list[str], bool]:
    """The bookings' states by number after `events`, and whether one stands."""
    rows: dict[str, Appointment] = {}

    def row_of(uri: str) -> Appointment:
        return rows.setdefault(uri, Appointment(provider=provider, external_id=uri))

    for event in events:
        if event.as_of is None:
            bookings.hear(event, row_of)
        else:
            bookings.restate(row_of(event.invitee_uri), bookings.stated_by(event))
    return states(rows.values()), any(row.stands() for row in rows.values())


def states(rows) -> list[str]:
    rows = sorted(rows, key=lambda row: row.external_id)
    return [WORDS.get(row.status, row.status) for row in rows]


@cache
def parsed(provider: str, told: Told) -> Event:
    return PARSE[provider](body(provider, told), NOON)


def events(provider: str, steps: tuple[str, ...]) -> list[Event]:
    return [parsed(provider, one) for one in told(provider, steps)]


@PROVIDERS
def test_every_sequence_up_to_length_six_ends_as_the_calendar_has_it(provider):
    walked = 0
    for steps in sequences(provider, 6):
        plain = after(provider, steps)
        assert heard(provider, events(provider, steps)) == (plain.bookings, plain.stands), steps
        walked += 1
    assert walked == {"calendly": 672, "ghl": 881}[provider]  # as many can happen


@PROVIDERS
def test_in_any_order_and_told_twice_every_sequence_ends_alike(provider):
    for steps in sequences(provider, 4):
        plain, in_order = after(provider, steps), events(provider, steps)
        orders = permutations(in_order) if len(in_order) <= 4 else _some_orders(in_order)
        for order in orders:
            for again in (order, (*order, *order[:2])):
                assert heard(provider, again) == (plain.bookings, plain.stands), steps


def _some_orders(events: list[Event]) -> list[tuple]:
    chance = random.Random(len(events))
    return [tuple(chance.sample(events, len(events))) for _ in range(24)]


@pytest.fixture
def poster(db) -> Poster:
    return Poster.create("Northwind")


@PROVIDERS
@pytest.mark.shortened
def test_through_the_webhooks_lead_and_list_say_the_same(poster, provider):
    email = "dana.reyes@reyesroofing.example.com"
    lead = make_lead(poster.workspace, email=email, ghl_contact_id=CONTACT, tag=Tag.INTERESTED)
    chosen = random.Random(6).sample([*sequences(provider, 6)], forms.either(6, 20))
    for steps in [*chosen, ("created", "moved", "cancelled"), ("created", "moved", "moved", "cancelled")]:
        plain = after(provider, steps)
        with pytest.raises(Rollback), transaction.atomic():
            for one in told(provider, steps):
                answer = poster.post(SOURCE[provider], body(provider, one))
                assert answer.status_code == 200 and answer.json()["deduped"] is False
            lead.refresh_from_db()
            assert states(Appointment.objects.all()) == plain.bookings, steps
            assert (lead.booked_at is not None, lead.tag == Tag.MEETING_BOOKED) == (plain.stands,) * 2, steps
            assert fell_through(poster.workspace).count() == plain.waiting, steps
            raise Rollback
