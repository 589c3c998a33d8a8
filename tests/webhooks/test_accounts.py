"""Account statuses and accepted invitations."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from inbox.models import Lead, WebhookDelivery
from integrations.health import writer as health
from integrations.models import WorkspaceIntegrationHealth
from integrations.unipile import identity
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


def test_good_word_heals_no_account_in_which_a_stranger_is_logged_in(poster):
    poster.post("linkedin", status("CREDENTIALS"))
    account = poster.workspace.integrations.get(provider="unipile")
    account.config[identity.STRANGER] = "somebody-else"
    account.save()
    poster.post("linkedin", status("OK"))
    assert WorkspaceIntegrationHealth.objects.get().state == "disconnected"


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


MAILBOX, SECOND = "alex.m@try-northwind.example.com", "bo@try-northwind.example.com"


def mailbox(word: str, address: str = MAILBOX, number: int = 312) -> dict:
    """What EmailBison tells of a sender, as recorded."""
    sender = {"id": number, "email": address, "name": "Alex Moreno"}
    event = {"type": f"EMAIL_ACCOUNT_{word}", "name": "Email Account", "workspace_id": 42}
    return {"event": event, "data": {"sender_email": sender}}


def account_error(address: str | None = "tom@tables.copperfield.example.org", at: str | None = "") -> dict:
    body = {"event_type": "account_error", "workspace": "w", "email_account": address}
    return body | {"timestamp": "2026-10-14T17:11:57.120Z" if at == "" else at}


def test_lost_mailbox_disconnects_the_account_and_is_named(poster):
    answer = poster.post("email", mailbox("DISCONNECTED")).json()
    assert (answer["deduped"], answer["messageId"], answer["leadId"]) == (False, None, None)
    health = WorkspaceIntegrationHealth.objects.get(integration=poster.integration("email"))
    assert (health.state, health.reason) == ("disconnected", f"{MAILBOX} is disconnected")
    assert WebhookDelivery.objects.get().reason == f"{MAILBOX}: DISCONNECTED"


def test_words_on_one_mailbox_are_told_apart_from_those_on_another(poster):
    words = [
        ("DISCONNECTED", MAILBOX),
        ("DISCONNECTED", SECOND),
        ("DISCONNECTED", MAILBOX),
        ("RECONNECTED", SECOND),
    ]
    words += [("RECONNECTED", SECOND), ("DISCONNECTED", SECOND)]
    answers = [poster.post("email", mailbox(*word)).json()["deduped"] for word in words]
    assert answers == [False, False, True, False, True, False]
    health = WorkspaceIntegrationHealth.objects.get()
    assert health.reason == f"{MAILBOX} and 1 more are disconnected"
    assert health.lost_mailboxes == [MAILBOX, SECOND]


def test_mailbox_that_is_back_is_no_proof_but_has_the_account_checked_at_once(poster):
    poster.post("email", mailbox("DISCONNECTED"))
    poster.post("email", mailbox("RECONNECTED"))
    assert WorkspaceIntegrationHealth.objects.get().state == "disconnected"
    assert BackgroundJob.objects.filter(kind="health.probe", workspace=poster.workspace).count() == 1


def test_error_of_a_mailbox_at_instantly_disconnects_the_account_each_time_it_comes(poster):
    bodies = [account_error(), account_error(), account_error(at="2026-10-15T09:00:00Z")]
    assert [poster.post("instantly", body).json()["deduped"] for body in bodies] == [False, True, False]
    health = WorkspaceIntegrationHealth.objects.get()
    assert (health.state, health.reason) == (
        "disconnected",
        "tom@tables.copperfield.example.org is disconnected",
    )


def test_error_that_names_no_mailbox_is_the_accounts(poster):
    poster.post("instantly", account_error(None))
    health = WorkspaceIntegrationHealth.objects.get()
    assert (health.state, health.reason, health.lost_mailboxes) == (
        "disconnected",
        "Instantly says ACCOUNT_ERROR.",
        [],
    )


@pytest.mark.parametrize(
    ("source", "body", "word"),
    [
        ("linkedin", status("CREDENTIALS"), "CREDENTIALS"),
        ("email", mailbox("DISCONNECTED"), "DISCONNECTED"),
        ("instantly", account_error(at=None), "ACCOUNT_ERROR"),
    ],
    ids=["Unipile", "EmailBison", "Instantly"],
)
def test_bad_word_that_is_told_again_after_a_look_found_the_account_well_is_news(poster, source, body, word):
    assert [poster.post(source, body).json()["deduped"] for _ in range(2)] == [False, True]
    account = poster.integration(source)
    health.look_for_mailboxes(account, list)
    health.record(account, health.Signal(health.SignalKind.WORKED))
    assert health.row(account).state == "connected"
    assert poster.post(source, body).json()["deduped"] is False
    assert health.row(account).state == "disconnected"


def test_address_too_long_for_the_reason_is_cut(poster):
    address = "a" * 200 + "@example.com"
    answers = [poster.post("email", mailbox("DISCONNECTED", address)).json() for _ in range(2)]
    assert [answer["deduped"] for answer in answers] == [False, True]
    found = WorkspaceIntegrationHealth.objects.get()
    assert len(found.reason) == 64 and found.reason.endswith("aaa is disconnected") and found.lacks_mailboxes


def test_mailbox_is_not_logged(poster, caplog):
    caplog.set_level("INFO")
    poster.post("email", mailbox("DISCONNECTED"))
    assert any(record.message == "integration health changed" for record in caplog.records)
    assert not [record for record in caplog.records if MAILBOX in str(vars(record))]


def test_word_on_a_mailbox_that_is_not_named_is_refused(poster):
    body = mailbox("DISCONNECTED")
    body["data"] = {}
    answer = poster.post("email", body)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["data.sender_email"])
