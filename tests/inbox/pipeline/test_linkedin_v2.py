"""An account of Unipile's version 2 does what one of version 1 does: replies, sends, health, files, what was missed."""

import hashlib
import hmac
import json
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox.health import backfill
from inbox.models import Lead, Message, OutboundSend, WebhookDelivery
from inbox.replying import reconciliation, review
from inbox.replying.send_claims import SendBlocked
from inbox.webhooks import replay
from integrations.attachments import Attachment
from integrations.health import probes, writer
from integrations.models import Integration, WorkspaceIntegrationHealth
from integrations.registry import spec_of
from integrations.unipile import version
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests import factories
from tests.inbox.followups.helpers import enrolled, minute, quiet_lead, statuses
from tests.world import World

pytestmark = pytest.mark.django_db

ACCOUNT, CHAT, SECRET = "acc_owner42", "2-Y2hhdDc3", "wes_of_the_endpoint"
DANA = {
    "id": "ACoAAB12345",
    "name": "Dana Reyes",
    "url": "https://www.linkedin.com/in/dana-reyes-example",
}
MEETING = "Happy to chat, can we schedule a meeting?"


def soon() -> Deadline:
    return Deadline.after_ms(5_000)


@pytest.fixture
def linkedin(world: World) -> World:
    writer.forget_successes()
    account = factories.make_integration(
        world.workspace,
        "unipile",
        credentials={"api_key": "key-unipile", "webhook_secret": SECRET},
        config={"base_url": world.sandbox.url("unipile_v2")},
        external_account_id=ACCOUNT,
    )
    world.add_webhook("linkedin", "linkedin", account)
    return world


def account_of(world: World) -> Integration:
    return world.workspace.integrations.get(provider="unipile")


def emit(world: World, event: str, **fields) -> dict:
    outcome = world.sandbox.emit(
        "unipile_v2", ACCOUNT, event, deliver=False, **{"chat_id": CHAT, "sender": DANA} | fields
    )
    return outcome["body"]


def post(world: World, body: dict, *, secret: str = SECRET, at: float | None = None):
    raw = json.dumps(body).encode()
    stamp = str(int(time.time() if at is None else at))
    signed = hmac.new(secret.encode(), stamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
    headers = {"Unipile-Signature": f"t={stamp},v0={signed}"}
    return world.client.post(world.paths["linkedin"], raw, content_type="application/json", headers=headers)


def take(world: World, body: dict) -> Message:
    answer = post(world, body)
    assert answer.status_code == 200, answer.content
    return Message.objects.select_related("lead").get(pk=answer.json()["messageId"])


def state(world: World) -> str:
    return WorkspaceIntegrationHealth.objects.get(integration=account_of(world)).state


def test_reply_is_answered_in_its_chat(linkedin):
    message = take(linkedin, emit(linkedin, "message.new", text=MEETING))
    assert message.lead.linkedin_member_id == DANA["id"] and message.lead.first_name == "Dana"
    linkedin.work()
    send = review.approve(linkedin.draft(message), user=linkedin.user, text="Thursday at 10?")
    linkedin.work()
    send.refresh_from_db()
    assert send.state == "sent", send.reason
    (posted,) = linkedin.posted("unipile_v2")
    assert (posted["thread"], posted["text"]) == (CHAT, "Thursday at 10?")
    assert send.provider_message_id == f"{CHAT}/{posted['id']}"


def test_webhook_that_is_not_signed_by_the_endpoint_is_refused(linkedin):
    body = emit(linkedin, "message.new", text=MEETING)
    assert post(linkedin, body, secret="another").status_code == 401
    assert post(linkedin, body, at=time.time() - 2 * 86_400).status_code == 401
    assert (
        linkedin.client.post(linkedin.paths["linkedin"], body, content_type="application/json").status_code
        == 401
    )
    assert not Message.objects.exists() and not WebhookDelivery.objects.exists()


def test_repeated_delivery_changes_nothing(linkedin):
    body = emit(linkedin, "message.new", text=MEETING)
    take(linkedin, body)
    again = post(linkedin, body)
    assert again.json()["deduped"] is True
    assert post(linkedin, body | {"id": "evt_sent_anew"}).json()["deduped"] is True
    assert Message.objects.count() == 1


def test_what_the_owner_writes_elsewhere_is_ours_and_ends_in_the_same_conversation(linkedin):
    reply = take(linkedin, emit(linkedin, "message.new", text=MEETING))
    message = take(linkedin, emit(linkedin, "message.new", text="I wrote this on my phone.", is_sender=True))
    assert (message.direction, message.lead_id) == ("outbound", reply.lead_id)


def test_message_named_by_its_ids_is_read_by_a_job_and_never_in_the_request(linkedin):
    body = emit(linkedin, "message.new", text=MEETING)
    ids = {"message_id": body["payload"]["id"], "chat_id": CHAT}
    answer = post(linkedin, body | {"payload": ids})
    assert answer.status_code == 200 and answer.json()["messageId"] is None
    assert linkedin.sandbox.requests(provider="unipile_v2") == []
    linkedin.work()
    message = Message.objects.get(direction="inbound")
    assert (message.text, message.lead.first_name) == (MEETING, "Dana")
    assert linkedin.draft(message) is not None
    assert post(linkedin, body).json()["deduped"] is True


def test_reply_that_does_not_name_its_writer_is_taken_at_once_and_named_by_a_job(linkedin):
    body = emit(linkedin, "message.new", text=MEETING)
    del body["payload"]["sender"]
    message = take(linkedin, body)
    assert message.lead.first_name == "" and message.text == MEETING
    assert linkedin.sandbox.requests(provider="unipile_v2") == []
    linkedin.work()
    lead = Lead.objects.get(pk=message.lead_id)
    assert (lead.first_name, lead.last_name) == ("Dana", "Reyes")
    assert Message.objects.filter(direction="inbound").count() == 1


def test_message_that_cannot_be_read_now_is_read_later(linkedin):
    body = emit(linkedin, "message.new", text=MEETING)
    linkedin.sandbox.fault(provider="unipile_v2", kind="server_error", count=9)
    post(linkedin, body | {"payload": {"id": body["payload"]["id"], "chat_id": CHAT}})
    linkedin.work()
    assert BackgroundJob.objects.get(kind="message.read").status == "queued"
    linkedin.sandbox.clear_faults()
    assert not Message.objects.exists()
    BackgroundJob.objects.filter(kind="message.read").update(run_at=timezone.now())
    linkedin.work()
    assert Message.objects.filter(direction="inbound").count() == 1


def test_message_that_unipile_does_not_have_yet_is_read_later(linkedin):
    told = emit(linkedin, "message.new", text=MEETING)
    body = told | {"payload": {"id": "2-bGF0ZQ", "chat_id": CHAT}}
    post(linkedin, body)
    linkedin.work()
    assert BackgroundJob.objects.get(kind="message.read").status == "queued"
    emit(linkedin, "message.new", text="Here I am.", message_id="2-bGF0ZQ")
    BackgroundJob.objects.filter(kind="message.read").update(run_at=timezone.now())
    linkedin.work()
    assert Message.objects.get(direction="inbound").text == "Here I am."


def test_edit_into_a_stop_is_heard(linkedin):
    first = take(linkedin, emit(linkedin, "message.new", text="Tell me more.", message_id="2-bXNn"))
    edited = emit(linkedin, "message.update", text="STOP", message_id="2-bXNn")
    assert set(edited["payload"]) == {"chat_id", "message_id"}
    post(linkedin, edited)
    linkedin.work()
    lead = Lead.objects.get(pk=first.lead_id)
    assert lead.opted_out_at is not None
    assert set(Message.objects.filter(lead=lead, direction="inbound").values_list("text", flat=True)) == {
        "Tell me more.",
        "STOP",
    }


def test_edit_into_a_stop_is_heard_where_a_job_read_the_first_words(linkedin):
    told = emit(linkedin, "message.new", text="Tell me more.", message_id="2-bXNn")
    post(linkedin, told | {"payload": {"id": "2-bXNn", "chat_id": CHAT}})
    linkedin.work()
    first = Message.objects.get(direction="inbound")
    for text in ("Tell me more.", "STOP", "STOP"):
        post(linkedin, emit(linkedin, "message.update", text=text, message_id="2-bXNn"))
        linkedin.work()
    received = Message.objects.filter(lead=first.lead_id, direction="inbound").order_by("pk")
    assert [message.text for message in received] == ["Tell me more.", "STOP"]
    assert Lead.objects.get(pk=first.lead_id).opted_out_at is not None


def test_edit_of_our_own_message_is_no_reply(linkedin):
    emit(linkedin, "message.new", text="Hello", message_id="2-b3du", is_sender=True)
    edited = emit(linkedin, "message.update", text="Hello!", message_id="2-b3du", is_sender=True)
    post(linkedin, edited)
    linkedin.work()
    assert not Message.objects.exists()


def test_accepted_invitation_marks_the_lead(linkedin):
    assert post(linkedin, emit(linkedin, "relation.new")).status_code == 200
    assert Lead.objects.get(linkedin_member_id=DANA["id"]).linkedin_connected_at is not None


def test_disconnected_account_shows_in_the_banner_at_once(linkedin):
    assert probes.check_now(account_of(linkedin)).ok
    linkedin.sandbox.set_account("unipile_v2", ACCOUNT, "disconnected")
    post(linkedin, emit(linkedin, "account.status.disconnected"))
    assert state(linkedin) == "disconnected"
    page = Client()
    page.force_login(factories.make_member(linkedin.workspace, role="admin"))
    listed = page.get(reverse("inbox:list", args=[linkedin.workspace.pk])).content.decode()
    assert "LinkedIn is disconnected" in listed and "New LinkedIn messages aren’t arriving" in listed


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("account.remove", "disconnected"),
        ("account.status.errored", "provider_down"),
        ("account.status.paused", "provider_down"),
        ("account.status.partial", "connected"),
    ],
)
def test_health_follows_the_account_s_word(linkedin, kind, expected):
    assert probes.check_now(account_of(linkedin)).ok
    post(linkedin, emit(linkedin, kind))
    assert state(linkedin) == expected


def test_account_that_runs_again_is_well_after_a_look(linkedin):
    linkedin.sandbox.set_account("unipile_v2", ACCOUNT, "disconnected")
    post(linkedin, emit(linkedin, "account.status.disconnected"))
    assert not probes.check_now(account_of(linkedin)).ok
    linkedin.sandbox.set_account("unipile_v2", ACCOUNT, "ok")
    post(linkedin, emit(linkedin, "account.status.running"))
    linkedin.work()
    assert state(linkedin) == "connected"


def test_session_that_the_account_calls_ended_is_not_proved_by_an_answer_from_the_cache(linkedin):
    linkedin.sandbox.set_account("unipile_v2", ACCOUNT, "disconnected")
    assert not probes.check_now(account_of(linkedin)).ok
    assert state(linkedin) == "disconnected"
    assert linkedin.sandbox.requests(provider="unipile_v2", path="/inmail-credits") == []


def test_lost_answer_of_a_send_is_found_in_the_chat(linkedin):
    message = take(linkedin, emit(linkedin, "message.new", text=MEETING))
    linkedin.work()
    linkedin.sandbox.fault(
        provider="unipile_v2", kind="accept_drop", path="/messages/send", method="POST", count=1
    )
    send = review.approve(linkedin.draft(message), user=linkedin.user, text="Thursday?")
    linkedin.work()
    send.refresh_from_db()
    assert send.state == "unknown"
    fresh = OutboundSend.objects.select_related("lead", "reply_to").get(pk=send.pk)
    assert reconciliation.look(fresh, soon())
    fresh.refresh_from_db()
    assert fresh.state == "sent" and fresh.provider_message_id.startswith(f"{CHAT}/")


def test_webhook_about_our_own_message_settles_what_was_uncertain(linkedin):
    message = take(linkedin, emit(linkedin, "message.new", text=MEETING))
    linkedin.work()
    linkedin.sandbox.fault(
        provider="unipile_v2", kind="accept_drop", path="/messages/send", method="POST", count=1
    )
    send = review.approve(linkedin.draft(message), user=linkedin.user, text="Thursday?")
    linkedin.work()
    body = emit(linkedin, "message.new", text="Thursday?", is_sender=True)
    assert post(linkedin, body).json()["deduped"] is True
    send.refresh_from_db()
    assert send.state == "sent"
    assert Message.objects.filter(direction="outbound").count() == 1


def test_what_webhooks_lost_is_fetched_once(linkedin):
    take(linkedin, emit(linkedin, "message.new", text="Tell me more."))
    emit(linkedin, "message.new", text="Are you there?")
    account, since = account_of(linkedin), timezone.now() - timedelta(hours=1)
    caught = [backfill.run(account, since, soon()) for _ in range(2)]
    assert [(one.read, one.new) for one in caught] == [(2, 1), (2, 0)]
    assert Message.objects.get(text="Are you there?").lead.first_name == "Dana"


def test_file_of_a_message_is_fetched(linkedin):
    body = emit(linkedin, "message.new", text="See the plan.", attachments=[{"id": "att_1", "type": "file"}])
    message = take(linkedin, body)
    files = spec_of("unipile").files
    file = Attachment(id="att_1")
    assert files.fetch(account_of(linkedin), message.external_id, file, soon()) == b"A file of the sandbox.\n"


def test_owner_reconnects_on_unipile_s_page(linkedin):
    until, back = timezone.now() + timedelta(hours=1), "https://app.example.com/back"
    link = spec_of("unipile").reconnect(account_of(linkedin), until, back, soon())
    assert link.startswith(f"{linkedin.sandbox.url('unipile_v2')}/hosted/")


def moved(world: World, owner: str, *, looked: bool = True) -> Message:
    """A message to an account of version 1, which a person then connects by version 2, logged in as `owner`.

    `looked`: whether the check of the moved account has run.
    """
    account = account_of(world)
    world.sandbox.set_account("unipile", "uni_acc_42", properties={"owner_id": "ACoAAalex"})
    world.sandbox.set_account("unipile_v2", ACCOUNT, properties={"owner_id": owner})
    account.external_account_id, account.config = "uni_acc_42", {"base_url": world.sandbox.url("unipile")}
    account.save()
    assert probes.check_now(account).ok and version.number_of(account) == 1
    lead = factories.make_lead(world.workspace, linkedin_member_id=DANA["id"])
    message = factories.make_message(
        lead,
        MEETING,
        source="unipile_message",
        channel="linkedin",
        external_id="ykmhfXlRW0W_cqReJYrfBw",
        thread_id="R8J-xM9WX7eoHLp6gSVtWQ",
        account_id="uni_acc_42",
    )
    client = Client()
    client.force_login(factories.make_member(world.workspace, role="admin"))
    url = {"base_url": world.sandbox.url("unipile_v2"), "api_key": "key-2", "enabled": "on"}
    page = reverse("inbox:integration-settings", args=[world.workspace.pk, account.pk])
    assert client.post(page, url | {"account_id": ACCOUNT, "name": ""}).status_code == 302
    if looked:
        world.work()
        assert version.number_of(account_of(world)) == 2
    return message


def test_old_conversation_is_answered_after_its_owner_has_moved_to_version_2(linkedin):
    """The chat's id is of version 1 and means nothing to version 2, so the person is written to."""
    message = moved(linkedin, "ACoAAalex")
    draft = factories.make_draft(message, "Thursday?", channel="linkedin")
    send = review.approve(draft, user=linkedin.user, text="Thursday?")
    linkedin.work()
    send.refresh_from_db()
    assert send.state == "sent", send.reason
    (posted,) = linkedin.posted("unipile_v2")
    assert posted["to"] == DANA["id"] and posted["thread"] != message.thread_id


def test_old_conversation_is_never_answered_by_another_owner(linkedin):
    message = moved(linkedin, "ACoAAsomebody")
    draft = factories.make_draft(message, "Thursday?", channel="linkedin")
    with pytest.raises(SendBlocked, match="no longer connected"):
        review.approve(draft, user=linkedin.user, text="Thursday?")


@pytest.mark.parametrize("looked", [True, False], ids=["checked", "listed before the first check"])
def test_message_that_version_1_brought_is_not_taken_again_from_the_list_of_version_2(linkedin, looked):
    message = moved(linkedin, "ACoAAalex", looked=looked)
    sent_at = message.sent_at.isoformat(timespec="milliseconds")
    emit(linkedin, "message.new", text=MEETING, timestamp=sent_at)
    emit(linkedin, "message.new", text="Are you there?")
    caught = backfill.run(account_of(linkedin), timezone.now() - timedelta(days=1), soon())
    assert (caught.read, caught.new) == (2, 1)
    assert Message.objects.filter(text=MEETING).count() == 1


def test_one_press_takes_in_what_an_earlier_release_refused(linkedin):
    reply = emit(linkedin, "message.new", text=MEETING)
    for body in (reply, emit(linkedin, "relation.new"), emit(linkedin, "account.status.running")):
        factories.make_delivery(
            linkedin.workspace,
            source="linkedin",
            integration=account_of(linkedin),
            verdict="rejected",
            body=json.dumps(body).encode(),
            reason="invalid payload",
            error_fields={"type": "is of Unipile's version 2; this product speaks version 1"},
        )
    client = Client()
    client.force_login(factories.make_member(linkedin.workspace, role="admin"))
    press = {"hours": "24", "verdict": "rejected", "source": "linkedin"}
    client.post(reverse("inbox:deliveries-replay", args=[linkedin.workspace.pk]), press)
    linkedin.work()
    assert Message.objects.get(direction="inbound").text == MEETING
    assert Lead.objects.get(linkedin_member_id=DANA["id"]).linkedin_connected_at is not None
    assert not replay.unrepaired(linkedin.workspace, verdict="rejected").exists()


@pytest.mark.parametrize(
    ("profile", "kind"),
    [
        ({"network_distance": "DISTANCE_1"}, "dm"),
        ({"network_distance": "DISTANCE_2", "open_profile": True}, "inmail"),
        ({"network_distance": "DISTANCE_2", "open_profile": False}, "invite"),
    ],
)
def test_follow_up_goes_the_way_that_linkedin_allows(linkedin, profile, kind):
    linkedin.sandbox.set_account("unipile_v2", ACCOUNT, properties={"profiles": {"dana": profile}})
    lead = quiet_lead(linkedin.workspace, linkedin_url="https://www.linkedin.com/in/dana")
    instance = enrolled(linkedin.workspace, {"channel": "linkedin"}, lead=lead)
    minute()
    assert statuses(instance) == [("sent", "")]
    assert [send["kind"] for send in linkedin.posted("unipile_v2")] == [kind]


def test_open_profile_without_credits_is_invited(linkedin):
    profile = {"network_distance": "DISTANCE_3", "open_profile": True}
    properties = {"profiles": {"dana": profile}, "inmail_balance": 0}
    linkedin.sandbox.set_account("unipile_v2", ACCOUNT, properties=properties)
    lead = quiet_lead(linkedin.workspace, linkedin_url="https://www.linkedin.com/in/dana")
    enrolled(linkedin.workspace, {"channel": "linkedin"}, lead=lead)
    minute()
    assert [send["kind"] for send in linkedin.posted("unipile_v2")] == ["invite"]


def test_lost_answer_of_a_first_message_is_found_in_the_person_s_chat(linkedin):
    linkedin.sandbox.fault(
        provider="unipile_v2", kind="accept_drop", path="/chats/send", method="POST", count=1
    )
    lead = quiet_lead(linkedin.workspace, linkedin_member_id=DANA["id"])
    enrolled(linkedin.workspace, {"channel": "linkedin", "text": "Still interested?"}, lead=lead)
    minute()
    send = OutboundSend.objects.select_related("lead", "reply_to").get()
    assert send.state == "unknown"
    assert reconciliation.look(send, soon())
    send.refresh_from_db()
    assert send.state == "sent" and "/" in send.provider_message_id
    assert len(linkedin.posted("unipile_v2")) == 1


def test_form_takes_an_account_of_version_2_and_the_first_look_decides(linkedin):
    account = account_of(linkedin)
    account.delete()
    client = Client()
    client.force_login(factories.make_member(linkedin.workspace, role="admin"))
    page = reverse("inbox:integration-new", args=[linkedin.workspace.pk, "unipile"])
    answer = client.post(
        page,
        {"account_id": ACCOUNT, "api_key": "k", "base_url": linkedin.sandbox.url("unipile_v2"), "name": ""},
    )
    assert answer.status_code == 302, answer.content.decode()[-3_000:]
    linkedin.work()
    assert version.number_of(account_of(linkedin)) == 2 and state(linkedin) == "connected"
