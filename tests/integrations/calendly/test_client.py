"""Calendly's calls against the sandbox."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.calendly.client import CalendlyClient
from integrations.errors import ProviderAuthError
from integrations.models import Integration

pytestmark = pytest.mark.django_db


@pytest.fixture
def calendly(sandbox):
    return CalendlyClient.for_integration(
        Integration(
            provider="calendly",
            config={"base_url": sandbox.url("calendly")},
            credentials={"api_key": "cal-key"},
        )
    )


def test_reads_the_owner_their_event_types_and_free_times(calendly, soon):
    user = calendly.me(soon)
    (event_type,) = calendly.event_types(user.uri, soon)
    now = datetime.now(UTC)
    times = calendly.available_times(event_type.uri, now, now + timedelta(days=7), soon)
    assert times == sorted(times)
    assert times[0] > now


def test_finds_what_was_booked(calendly, soon, sandbox):
    event = sandbox.emit(
        provider="calendly",
        account="cal-key",
        event="invitee.created",
        email="dana@example.com",
        deliver=False,
    )
    meeting = event["body"]["payload"]["scheduled_event"]
    (found,) = calendly.events_of(calendly.me(soon).uri, "dana@example.com", soon)
    assert found.uri == meeting["uri"]
    assert calendly.event(found.uri, soon).status == "active"
    assert [invitee.email for invitee in calendly.invitees(found.uri, soon)] == ["dana@example.com"]


def test_a_revoked_token_is_an_auth_error(calendly, soon, sandbox):
    sandbox.set_account(provider="calendly", account="cal-key", status="revoked")
    with pytest.raises(ProviderAuthError):
        calendly.me(soon)
