"""Account statuses and accepted invitations."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from inbox.models import Lead, WebhookDelivery
from integrations.models import WorkspaceIntegrationHealth
from jobs.models import BackgroundJob
from tests.recorded import payload

NOON = datetime(2026, 10, 14, 12, tzinfo=UTC)


def status(word: str) -> dict:
    return {"AccountStatus": {"account_id": "uni_acc_42", "account_type": "LINKEDIN", "message": word}}


def test_flapping_account_is_seen_to_flap_and_redeliveries_are_not(poster):
    words = ["CREDENTIALS", "CREDENTIALS", "OK", "CREDENTIALS", "OK", "OK"]
    answers = [poster.post("linkedin", status(word)).json()["deduped"] for word in words]
    assert answers == [False, True, False, False, False, True]


def test_replayed_day_is_known_as_of_its_own_time(poster):
    day = [(0, "CREDENTIALS"), (3, "OK"), (9, "CREDENTIALS"), (12, "OK")]

    def run() -> list[bool]:
        answers = []
        for minutes, word in day:
            with time_machine.travel(NOON + timedelta(minutes=minutes), tick=False):
                answers.append(poster.post("linkedin", status(word)).json()["deduped"])
        return answers

    assert run() == [False] * 4
    assert run() == [True] * 4


def test_status_of_one_workspace_says_nothing_about_another(poster, other):
    poster.post("linkedin", status("CREDENTIALS"))
    assert other.post("linkedin", status("CREDENTIALS")).json()["deduped"] is False


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("CREDENTIALS", "disconnected"),
        ("DELETED", "disconnected"),
        ("STOPPED", "provider_down"),
    ],
)
def test_health_follows_the_providers_word(poster, word, state):
    poster.post("linkedin", status(word))
    health = WorkspaceIntegrationHealth.objects.get(integration=poster.integration("linkedin"))
    assert (health.workspace, health.state) == (poster.workspace, state)


@pytest.mark.parametrize("word", ["OK", "RECONNECTED"])
def test_good_word_is_no_proof_but_has_the_account_checked_at_once(poster, word):
    poster.post("linkedin", status("CREDENTIALS"))
    poster.post("linkedin", status(word))
    assert WorkspaceIntegrationHealth.objects.get().state == "disconnected"
    assert BackgroundJob.objects.filter(kind="health.probe", workspace=poster.workspace).count() == 1


@pytest.mark.parametrize("word", ["CONNECTING", "SOMETHING_NEW"])
def test_word_that_says_nothing_changes_nothing(poster, word):
    poster.post("linkedin", status("CREDENTIALS"))
    assert poster.post("linkedin", status(word)).json()["deduped"] is False
    assert WorkspaceIntegrationHealth.objects.get().state == "disconnected"


def test_status_is_kept_in_the_ledger(poster):
    poster.post("linkedin", status("CREDENTIALS"))
    delivery = WebhookDelivery.objects.get()
    assert (delivery.event_type, delivery.reason) == ("AccountStatus", "CREDENTIALS")


def test_accepted_invitation_makes_and_marks_the_lead_once(poster):
    first = poster.post("linkedin", payload("unipile", "connection_accepted")).json()
    lead = Lead.objects.get()
    assert lead.linkedin_connected_at and str(lead.pk) == first["leadId"]
    again = poster.post(
        "linkedin", payload("unipile", "connection_accepted") | {"event": "new_relation"}
    ).json()
    assert (again["deduped"], again["leadId"]) == (True, first["leadId"])
