"""A person's entry against everything that fills leads in at the same moment: the person's stands."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from inbox.intake.handlers import enrichments
from inbox.intake.receipt import Received
from inbox.leads import facts, identity
from inbox.models import Lead
from integrations.events import EnrichmentEvent, Person
from tests import factories
from tests.racing import at_once, waiting_for_a_lock, won
from tests.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]

PERSONS, FOUND = "+12125550999", "+12125550123"


def clay(lead: Lead) -> None:
    received = Received.__new__(Received)
    received.workspace, received.received_at = lead.workspace, timezone.now()
    event = EnrichmentEvent(
        event_type="enrichment.phone", lead_id=str(lead.pk), kind="phone", status="found", phone=FOUND
    )
    with transaction.atomic():
        enrichments.handle(received, event)


def webhook(lead: Lead) -> None:
    with transaction.atomic():
        identity.find_or_create(lead.workspace, Person(email=lead.email, phone=FOUND), "ghl")


@pytest.mark.parametrize("entry", [PERSONS, ""])
@pytest.mark.parametrize("turn", range(3))
def test_an_entry_stands_against_whatever_is_found_meanwhile(entry, turn):
    user, lead = factories.make_user(), factories.make_lead(factories.make_workspace(), phone="+12125550100")
    results = at_once(
        lambda: facts.enter(lead, {"phone": entry}, user),
        lambda: clay(lead),
        lambda: webhook(lead),
        lambda: identity.keep(lead, "phone", FOUND, facts.SIGNATURE),
    )
    assert len(won(results)) == 4, results
    lead.refresh_from_db()
    assert (lead.phone, lead.sources["phone"]["from"]) == (entry, "person")


def test_what_is_found_waits_for_an_entry_that_is_being_written():
    """Read before the entry's commit and written after it, the found number would replace the person's."""
    user, lead = factories.make_user(), factories.make_lead(factories.make_workspace())
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            facts.enter(lead, {"phone": PERSONS}, user)
            found = pool.submit(filled_by_signature, lead)
            until(lambda: waiting_for_a_lock() or found.done(), "the other waits for the entry")
        assert found.result(PATIENCE_S) is identity.KeptIdentity.KNOWN
    lead.refresh_from_db()
    assert lead.phone == PERSONS


def filled_by_signature(lead: Lead) -> identity.KeptIdentity:
    try:
        return identity.keep(lead, "phone", FOUND, facts.SIGNATURE)
    finally:
        connection.close()


def test_of_many_sources_at_once_one_fills_the_column_and_is_named():
    lead = factories.make_lead(factories.make_workspace())
    numbers = {
        f"+1212555010{number}": source for number, source in enumerate((facts.TEXT, facts.SIGNATURE, "clay"))
    }
    calls = [
        lambda number=number, source=source: identity.keep(lead, "phone", number, source)
        for number, source in numbers.items()
    ]
    assert sorted(at_once(*calls)) == ["filled", "known", "known"]
    lead.refresh_from_db()
    assert lead.sources["phone"]["from"] == numbers[lead.phone]


def test_two_people_who_enter_one_number_for_two_leads_get_one_refusal():
    workspace, user = factories.make_workspace(), factories.make_user()
    leads = [factories.make_lead(workspace), factories.make_lead(workspace)]
    results = at_once(*[lambda lead=lead: facts.enter(lead, {"phone": PERSONS}, user) for lead in leads])
    assert sorted(type(result).__name__ for result in results) == ["Taken", "list"]
    assert Lead.objects.filter(phone=PERSONS).count() == 1
