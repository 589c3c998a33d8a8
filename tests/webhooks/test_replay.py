"""Replaying stored deliveries: dry, for real, all of them, and as a job."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from inbox.intake import handlers
from inbox.intake.retention import empty_bodies, old_rows
from inbox.models import Appointment, AuditEntry, Lead, Message, WebhookDelivery
from inbox.webhooks import replay
from integrations.events import MessageEvent
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests import forms
from tests.factories import ago, make_delivery, make_lead, make_member
from tests.recorded import payload, traffic
from tests.webhooks.posting import GHL_PUBLIC, encoded, ghl_headers

Verdict = WebhookDelivery.Verdict


@pytest.fixture
def defect(monkeypatch):
    """While `defect.on()`, our code breaks on messages."""

    def broken(*_):
        raise ZeroDivisionError("a text that must not get out")

    return SimpleNamespace(
        on=lambda: monkeypatch.setitem(handlers.HANDLERS, MessageEvent, broken),
        off=lambda: monkeypatch.undo(),
    )


@pytest.fixture
def failed(poster, defect):
    """A delivery that our own defect has spoilt."""
    defect.on()
    response = poster.post("smartlead", payload("smartlead", "email_reply"))
    defect.off()
    return WebhookDelivery.objects.get(pk=response.json()["deliveryId"]), response


def test_defect_of_ours_is_answered_200_and_kept_without_peoples_text(failed, caplog):
    delivery, response = failed
    assert response.status_code == 200
    assert response.json() == {"success": True, "stored": True, "deliveryId": str(delivery.pk)}
    assert delivery.verdict == Verdict.FAILED and bytes(delivery.body)
    assert delivery.reason.startswith("ZeroDivisionError at ")
    assert "must not get out" not in caplog.text + delivery.reason
    assert not Message.objects.exists() and not Lead.objects.exists()


def test_dry_run_says_what_would_happen_and_keeps_nothing(failed):
    result = replay.dry_run(failed[0])
    assert result.outcome.verdict == Verdict.ACCEPTED
    assert result.sentence == "Accepted: 1 message, 1 lead, 1 job."
    assert not Message.objects.exists() and not BackgroundJob.objects.exists()
    assert WebhookDelivery.objects.count() == 1


def test_replay_after_the_repair_completes_it(failed):
    result = replay.replay(failed[0])
    message = Message.objects.get()
    run = WebhookDelivery.objects.get(replay_of=failed[0])
    assert (run.verdict, run.message, run.job_id) == (Verdict.ACCEPTED, message, result.outcome.job_id)
    assert BackgroundJob.objects.get().payload == {"message_id": str(message.pk)}
    assert replay.replay(failed[0]).outcome.verdict == Verdict.DUPLICATE
    assert not replay.unrepaired().exists()


def test_provider_that_comes_again_is_no_duplicate_of_the_failure(failed, poster):
    assert poster.post("smartlead", payload("smartlead", "email_reply")).json()["deduped"] is False


@pytest.mark.shortened
def test_replaying_everything_changes_nothing(poster):
    wanted = {"accepted", "duplicate", "rejected", "ignored"}
    lines = [one for one in traffic() if one.workspace == "northwind" and one.expect in wanted]
    lines = lines[: forms.either(60, 150)]
    for line in lines:
        with time_machine.travel(line.at, tick=False):
            poster.post(line.source, line.body)
    before = state()
    for delivery in WebhookDelivery.objects.filter(replay_of=None):
        replay.replay(delivery)
    accepted = WebhookDelivery.objects.filter(replay_of__isnull=False, verdict=Verdict.ACCEPTED)
    assert not accepted.exists()
    assert state() == before


def state() -> list:
    rows = [
        list(Message.objects.order_by("pk").values("external_id", "lead_id", "tag", "provider_interested")),
        list(
            Lead.objects.order_by("pk").values(
                "pk", "email", "phone", "tag", "opted_out_at", "provider_interested", "last_message_at"
            )
        ),
        BackgroundJob.objects.count(),
    ]
    return rows


def test_replay_is_recorded_with_who_did_it(failed, poster):
    actor = make_member(poster.workspace, "admin")
    replay.replay(failed[0], actor)
    assert AuditEntry.objects.get().data == {"verdict": "accepted"}


def test_account_that_is_connected_later_takes_its_delivery(poster, settings):
    settings.GHL_APP_PUBLIC_KEY = GHL_PUBLIC
    raw = encoded(payload("ghl", "app_inbound_message"))
    poster.post_to("/api/webhooks/ghl/app/", raw, **ghl_headers(raw))
    poster.configure("ghl/sms", external_account_id="LocNorthwind01")
    result = replay.replay(WebhookDelivery.objects.get())
    assert result.outcome.verdict == Verdict.ACCEPTED
    assert Message.objects.get().workspace == poster.workspace


def test_pruned_body_cannot_be_replayed(poster):
    delivery = make_delivery(poster.workspace, body=None, verdict=Verdict.FAILED)
    with pytest.raises(replay.NotReplayable):
        replay.replay(delivery)
    assert not replay.unrepaired().exists()


class Context:
    """What a job's handler sees, and what it reports."""

    def __init__(self, workspace, **job_payload) -> None:
        self.job = BackgroundJob(workspace=workspace)
        self.payload, self.seen = job_payload, []

    def progress(self, done: int, total: int) -> None:
        self.seen.append((done, total))


def test_job_replays_all_failed_of_its_workspace_with_progress(poster, other, defect):
    defect.on()
    for name in ("email_reply", "email_replied"):
        poster.post("smartlead", payload("smartlead", name))
    other.post("smartlead", payload("smartlead", "email_reply"))
    defect.off()
    now = timezone.now()
    ctx = Context(
        poster.workspace,
        verdict="failed",
        since=(now - timedelta(hours=1)).isoformat(),
        until=now.isoformat(),
    )
    assert replay.run_job(ctx) == {"accepted": 2}
    assert ctx.seen == [(1, 2), (2, 2)]
    assert Message.objects.filter(workspace=poster.workspace).count() == 2
    assert not Message.objects.filter(workspace=other.workspace).exists()


def test_command_replays_what_failed_and_says_so(failed, capsys):
    call_command("replay_deliveries", "--dry-run", "--since", "1h")
    assert "would" not in capsys.readouterr().err
    assert not Message.objects.exists()
    call_command("replay_deliveries", "--since", "1h")
    assert "Replayed: 1 accepted." in capsys.readouterr().out
    call_command("replay_deliveries")
    assert "none found" in capsys.readouterr().out


def test_command_fails_where_deliveries_fail_still(failed, defect):
    defect.on()
    with pytest.raises(CommandError, match="still fail"):
        call_command("replay_deliveries")


@pytest.mark.parametrize("since", ["yesterday", "7x", "h", "²d"])
def test_command_refuses_a_time_that_is_none(db, since):
    with pytest.raises(CommandError, match="--since"):
        call_command("replay_deliveries", "--since", since)


def test_bodies_are_emptied_after_their_days_and_sooner_where_asked(poster, other):
    type(poster.workspace).objects.filter(pk=poster.workspace.pk).update(keep_bodies_days=7)
    young, old = (
        make_delivery(poster.workspace, received_at=ago(days=6)),
        make_delivery(poster.workspace, received_at=ago(days=8)),
    )
    kept = make_delivery(other.workspace, received_at=ago(days=29))
    gone = make_delivery(None, received_at=ago(days=31))
    assert empty_bodies(Deadline.after_ms(10_000)) == 2
    bodies = {one.pk: one.body for one in WebhookDelivery.objects.all()}
    assert bodies[old.pk] is bodies[gone.pk] is None
    assert bodies[young.pk] is not None and bodies[kept.pk] is not None


def test_old_rows_go_but_those_that_recognise_a_repeat(poster):
    make_delivery(poster.workspace, received_at=ago(days=401))
    keyed = make_delivery(poster.workspace, received_at=ago(days=401), event_key="booked:1")
    assert old_rows(Deadline.after_ms(10_000)) == 1
    assert WebhookDelivery.objects.get() == keyed


def test_a_booking_is_replayed_though_its_account_is_gone(poster):
    make_lead(poster.workspace, email="dana.reyes@reyesroofing.example.com")
    delivery = spoilt(poster, "calendly", payload("calendly", "invitee_created_nested"))
    result = replay.replay(delivery)
    assert (result.outcome.verdict, Appointment.objects.get().status) == (Verdict.ACCEPTED, "booked")


def test_the_status_of_an_account_that_is_gone_is_ignored_when_it_is_replayed(poster):
    words = {"account_id": "uni_acc_42", "account_type": "LINKEDIN", "message": "CREDENTIALS"}
    delivery = spoilt(poster, "linkedin", {"AccountStatus": words})
    outcome = replay.replay(delivery).outcome
    assert (outcome.verdict, outcome.reason) == (
        Verdict.IGNORED,
        "the account is no longer connected to this workspace",
    )


def spoilt(poster, source: str, body: dict) -> WebhookDelivery:
    """A stored request that failed on our side, and whose account was deleted since."""
    poster.post(source, body)
    Appointment.objects.all().delete()
    poster.integration(source).delete()
    delivery = WebhookDelivery.objects.get()
    WebhookDelivery.objects.update(verdict=Verdict.FAILED, event_key=None)
    return delivery
