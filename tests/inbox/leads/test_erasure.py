"""Erasing a person: what goes, what stays, what is on its way, and what comes back."""

import json
from io import StringIO
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.models import CASCADE
from django.urls import reverse
from django.utils import timezone

from inbox.intake import messages
from inbox.leads import erased, erasure, rollup
from inbox.models import (
    AuditEntry,
    ErasedMark,
    Lead,
    Membership,
    Message,
    OutboundSend,
    WebhookDelivery,
    Workspace,
)
from inbox.replying import review, send_claims
from insights.models import ContextPack, ConversationInsight, PackQuestion, PackThread
from integrations.events import MessageEvent, Person
from integrations.models import Notice
from jobs.deadline import Deadline
from jobs.errors import Cancelled
from jobs.ids import uuid7
from jobs.models import BackgroundJob
from tests import factories

pytestmark = pytest.mark.django_db
WHO = "zyxwina@example.org"
NAMES = {"first_name": "Zyxwina", "last_name": "Quillfeather"}


def reply(world, text="Sure, says Zyxwina, send me times.", **fields) -> Message:
    return world.reply(text, email=WHO, lead=NAMES, **fields)


@pytest.fixture
def lead(world) -> Lead:
    """A person with a conversation: a reply that was answered, and one with a draft that waits."""
    lead = factories.make_lead(world.workspace, email=WHO, emailbison_lead_id="77", **NAMES)
    lead.campaign = factories.make_campaign(world.workspace)
    lead.save()
    first, second = (factories.make_message(lead, f"Zyxwina, letter {number}.") for number in (1, 2))
    sent = factories.make_send(factories.make_draft(first, status="sent"), state="sent", text="Hi Zyxwina.")
    factories.make_message(
        lead, "Hi Zyxwina.", source="holdfast", external_id=str(sent.pk), direction="outbound"
    )
    factories.make_draft(second, "Hi Zyxwina, which one?")
    body = {"data": {"reply": {"from": WHO}}, "text": "Zyxwina"}
    factories.make_delivery(world.workspace, lead=lead, message=first, body=json.dumps(body).encode())
    return lead


def erase(world, lead) -> BackgroundJob:
    job = erasure.begin(lead, world.user)
    world.work()
    job.refresh_from_db()
    return job


def holding(words: str) -> dict[str, str]:
    """The rows of any table that hold `words`, by table."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t WHERE t::text ILIKE %s', [f"%{words}%"])
            if row := cursor.fetchone():
                found[table] = row[0]
        cursor.execute("SELECT encode(body, 'escape') FROM inbox_webhookdelivery WHERE body IS NOT NULL")
        for (body,) in cursor.fetchall():
            if words in body.lower():
                found["a body"] = body
    return found


def with_answers(lead) -> ContextPack:
    """A pack of insights with a claim that cites the lead, and a question that does."""
    now, workspace = timezone.now(), lead.workspace
    stays = factories.make_message(factories.make_lead(workspace))
    claims = [
        {"text": "Zyxwina asked.", "message_ids": [str(lead.messages.first().pk)]},
        {"text": "Others asked.", "message_ids": [str(stays.pk)]},
    ]
    answer = {"answer": "Zyxwina did.", "claims": claims, "recommended_tests": []}
    pack = ContextPack.objects.create(
        workspace=workspace, question="Who asks?", window="D7", window_from=now, window_to=now,
        scope_key="k", status="COMPLETE", synthesis=answer,
    )  # fmt: skip
    insight = ConversationInsight.objects.create(workspace=workspace, lead=lead, data={"summary": "Zyxwina"})
    PackThread.objects.create(pack=pack, lead=lead, reason="score", position=1, insight=insight)
    PackQuestion.objects.create(
        workspace=workspace, pack=pack, client_token=uuid7(), text="Who?", status="answered", answer=answer
    )
    return pack


def test_every_table_is_erased_emptied_or_kept_for_a_reason():
    """A new table of a person is found by its key to the lead; any other must be named."""
    goes = {"inbox.Lead"}
    while True:
        more = {
            model._meta.label
            for model in apps.get_models()
            for field in model._meta.concrete_fields
            if field.remote_field
            and field.remote_field.on_delete is CASCADE
            and field.related_model._meta.label in goes
        }
        if more <= goes:
            break
        goes |= more
    reasons = [*erasure.KEPT.values(), *erasure.OTHERS.values()]
    named = [*erasure.EMPTIED, *(label for labels in reasons for label in labels.split())]
    assert len(named) == len(set(named)) and not goes & set(named)
    known = {model._meta.label for model in apps.get_models()} | {"django_q.Success", "django_q.Failure"}
    assert known - goes - set(named) == set(), "say in inbox/leads/erasure.py what becomes of its rows"
    assert set(named) <= known


def test_nothing_that_names_the_person_is_left_in_any_table(world):
    first = reply(world)
    world.work()
    review.approve(world.draft(first), user=world.user, text="Hi Zyxwina, Thursday works.")
    world.work()
    reply(world, "Zyxwina again: which Thursday?")
    world.work()
    lead = world.lead()
    pack = with_answers(lead)
    Notice.objects.create(
        workspace=world.workspace, kind="tag", path="slack", text=f"Zyxwina wants it: /inbox/{lead.pk}/"
    )
    LogEntry.objects.create(
        user=world.user, content_type=ContentType.objects.get_for_model(Lead), object_id=str(lead.pk),
        object_repr=str(lead), action_flag=CHANGE,
    )  # fmt: skip
    factories.make_delivery(world.workspace, verdict="failed", body=b'{"from": "Zyxwina@example.org"}')
    other = factories.make_delivery(world.workspace, verdict="failed", body=b'{"from": "ana@example.org"}')
    assert {"inbox_lead", "inbox_message", "inbox_draft", "insights_contextpack", "a body"} <= set(
        holding("zyxwina")
    )

    assert erase(world, lead).status == "succeeded"

    assert holding("zyxwina") == {} and holding("quillfeather") == {}
    assert not Lead.objects.filter(pk=lead.pk).exists()
    other.refresh_from_db()
    pack.refresh_from_db()
    assert bytes(other.body) == b'{"from": "ana@example.org"}'
    assert [claim["text"] for claim in pack.synthesis["claims"]] == ["Others asked."]


def test_what_stays_are_rows_without_text_and_who_asked_for_it(world, lead):
    deliveries = WebhookDelivery.objects.count()
    erase(world, lead)
    assert WebhookDelivery.objects.count() == deliveries
    entries = AuditEntry.objects.filter(object_id=str(lead.pk), action__startswith="lead.erase")
    asked, done = entries.order_by("pk")
    assert (asked.action, asked.actor, asked.data) == ("lead.erase", world.user, {})
    assert (done.action, done.data["rows"]["inbox.Message"]) == ("lead.erased", 3)


def test_others_keep_everything(world, lead):
    other = factories.make_lead(world.workspace)
    draft = factories.make_draft(factories.make_message(other))
    body = json.dumps({"from": WHO}).encode()
    elsewhere = factories.make_delivery(factories.make_workspace(), verdict="failed", body=body)
    erase(world, lead)
    assert list(other.messages.all()) == [draft.trigger_message] and list(other.drafts.all()) == [draft]
    assert bytes(WebhookDelivery.objects.get(pk=elsewhere.pk).body) == body


def test_a_claimed_send_that_was_not_called_for_does_not_go_out(world, lead):
    draft = lead.drafts.get(status="pending")
    send = review.approve(draft, user=world.user, text="Too late.")
    sent = len(world.posted())
    erase(world, lead)
    assert len(world.posted()) == sent and not OutboundSend.objects.filter(pk=send.pk).exists()


def test_a_send_on_its_way_ends_first(world, lead):
    draft = lead.drafts.get(status="pending")
    send = review.approve(draft, user=world.user, text="On its way.")
    OutboundSend.objects.filter(pk=send.pk).update(called_at=timezone.now())
    BackgroundJob.objects.filter(kind="reply.send", status="queued").update(
        run_at=timezone.now().replace(year=2999)
    )

    job = erase(world, lead)

    assert job.status == "queued" and Lead.objects.filter(pk=lead.pk).exists()
    OutboundSend.objects.filter(pk=send.pk).update(state="sent")
    BackgroundJob.objects.filter(pk=job.pk).update(run_at=timezone.now())
    world.work()
    assert not Lead.objects.filter(pk=lead.pk).exists()
    assert not BackgroundJob.objects.filter(kind="reply.send", status="queued").exists()


def test_their_campaigns_are_stopped_at_the_provider_before_the_ids_are_gone(world, lead):
    erasure.begin(lead, world.user)
    assert "stopping a campaign’s emails" in erasure.waits_for(Lead.objects.get(pk=lead.pk))


def test_erasing_goes_on_where_it_was_cut_off(world, lead, monkeypatch):
    erasure.begin(lead, world.user)
    lead.refresh_from_db()
    monkeypatch.setattr(erasure, "SLICE", 1)
    asked = iter(range(7))
    with pytest.raises(Cancelled):
        erasure.erase(lead, Deadline.after_ms(60_000, cancelled=lambda: next(asked) == 6))
    assert Lead.objects.filter(pk=lead.pk).exists()
    erasure.erase(lead, Deadline.after_ms(60_000))
    assert holding("zyxwina") == {}


def test_an_answer_that_is_written_meanwhile_is_emptied_also_after_a_cut(world, lead, monkeypatch):
    pack, slices = with_answers(lead), erasure._in_slices
    meanwhile = pack.synthesis

    def cut(relation, *args):
        yield from slices(relation, *args)
        if relation.related_model is Message:
            monkeypatch.setattr(erasure, "_in_slices", slices)
            ContextPack.objects.filter(pk=pack.pk).update(synthesis=meanwhile)
            raise Cancelled

    erasure.begin(lead, world.user)
    lead.refresh_from_db()
    monkeypatch.setattr(erasure, "_in_slices", cut)
    with pytest.raises(Cancelled):
        erasure.erase(lead, Deadline.after_ms(60_000))
    erasure.erase(lead, Deadline.after_ms(60_000))

    pack.refresh_from_db()
    assert [claim["text"] for claim in pack.synthesis["claims"]] == ["Others asked."]
    assert holding("zyxwina") == {}


def test_who_writes_again_is_a_new_lead_to_whom_nothing_goes(world, lead):
    erase(world, lead)
    sent = len(world.posted())

    back = reply(world, "Hello, me again.")
    world.work()

    assert back.lead.pk != lead.pk and back.lead.opted_out_at is not None
    assert not back.lead.needs_reply and len(world.posted()) == sent
    assert send_claims.blocked(back.lead, "email") == "This lead asked not to be contacted."


def test_an_address_that_becomes_known_later_is_refused_by_the_claim(world, lead):
    erase(world, lead)
    other = world.reply("Ana here.", email="ana@example.org", lead={"first_name": "Ana"}).lead
    assert erased.reason(other, {"to": [{"address": "ana@example.org"}]}) == ""
    assert "was erased" in erased.reason(other, {"to": [], "cc": [{"address": WHO}]})
    other.alternate_emails = [WHO]
    assert "was erased" in erased.reason(other, {})


def test_other_numbers_and_contacts_of_somebody_erased_are_remembered(world, lead):
    others = {"alternate_phones": ["+15555550177"], "alternate_contacts": ["c-2"]}
    type(lead).objects.filter(pk=lead.pk).update(**others)
    lead.refresh_from_db()
    erase(world, lead)
    new = factories.make_lead(world.workspace, email="", phone="+15555550177")
    assert "was erased" in erased.reason(new, {})
    assert "was erased" in erased.reason(factories.make_lead(world.workspace, ghl_contact_id="c-2"), {})
    named = Lead(phone="+1", alternate_phones=["+2"], ghl_contact_id="A", alternate_contacts=["B"])
    assert list(erasure._values(named)) == ['"+1"', '"+2"', '"a"', '"b"']


def test_a_call_that_would_reach_somebody_erased_is_refused_at_the_last_moment(world, lead):
    erase(world, lead)
    other = factories.make_lead(world.workspace)
    draft = factories.make_draft(factories.make_message(other))
    send = factories.make_send(draft, recipients={"to": [{"address": WHO}], "cc": []})
    assert "was erased" in send_claims.vetoed(send, other)


def test_start_takes_it_back(world, lead):
    erase(world, lead)
    back = reply(world, "START").lead
    rollup.opt_in(back, timezone.now())
    assert back.opted_out_at is None
    assert erased.reason(back, {"to": [{"address": WHO}]}) == ""


def test_the_start_of_one_speaks_for_no_other_who_was_erased(world, lead):
    erase(world, lead)
    other = factories.make_lead(world.workspace, email="ana@example.org")
    rollup.opt_in(other, timezone.now())
    assert erased.reason(other, {"to": [{"address": "ana@example.org"}], "cc": []}) == ""
    assert "was erased" in erased.reason(other, {"to": [], "cc": [{"address": WHO}]})


def test_no_message_of_somebody_who_is_being_erased_moves_to_another_lead(world, lead):
    erasure.begin(lead, world.user)
    message = lead.messages.select_related("lead").first()
    other = factories.make_lead(world.workspace)
    rollup.move(message, rollup.locked(other))
    assert not other.messages.exists() and Lead.objects.filter(pk=lead.pk).exists()
    world.work()
    assert not Message.objects.filter(pk=message.pk).exists()


def test_an_erased_message_that_is_brought_again_is_not_taken_in(world, lead):
    """By a provider's retry, and by its list of what it holds."""
    message = reply(world)
    body = bytes(WebhookDelivery.objects.get(message=message).body)
    erase(world, lead)
    answer = world.client.post(world.paths["email"], body, content_type="application/json").json()
    assert answer["ignored"] and holding("zyxwina") == {}
    assert not Lead.objects.filter(workspace=world.workspace).exists()


def bo_wrote(body: dict) -> bytes:
    """The webhook `body` of Zyxwina's reply, as another account or a mistake brings it: same id, somebody else."""
    text = json.dumps(body).replace(WHO, "bo@example.org").replace("Zyxwina", "Bo")
    bo = json.loads(text)
    bo["data"]["lead"]["id"] = 990_077
    return json.dumps(bo).encode()


@pytest.mark.parametrize("bo_comes", ["before", "beside", "after"])
def test_a_reply_of_somebody_else_under_an_erased_id_is_taken_in_once(world, bo_comes):
    hers = reply(world)
    body = bytes(WebhookDelivery.objects.get(message=hers).body)
    his = bo_wrote(json.loads(body))
    if bo_comes == "before":
        Message.objects.all().delete()
    for one in {"before": [his, body], "beside": [his], "after": []}[bo_comes]:
        world.client.post(world.paths["email"], one, content_type="application/json")
    assert Message.objects.filter(id_reused=True).count() == (bo_comes != "after")

    erase(world, Lead.objects.get(email=WHO))

    for one in (body, his, his, body):
        answer = world.client.post(world.paths["email"], one, content_type="application/json").json()
        assert ("ignored" in answer) is (one is body)
    assert Message.objects.get(direction="inbound").from_address == "bo@example.org"
    assert holding("zyxwina") == {}


def test_a_message_of_ours_under_an_erased_id_counts_as_erased_only_if_it_went_to_them(world):
    send_id = str(uuid7())
    marks = {("message", "emailbison_sent", "5"), ("send", send_id)}
    erased.remember(world.workspace.pk, marks)
    erased.remember(world.workspace.pk, {("email", WHO)}, opted_out_at=timezone.now())
    received = SimpleNamespace(workspace=Workspace.objects.get(pk=world.workspace.pk), provider="emailbison")

    def gone(to: str, external_id="5", **fields) -> bool:
        event = MessageEvent(
            event_type="EMAIL_SENT", source="emailbison_sent", direction="outbound", channel="email",
            occurred_at=timezone.now(), external_id=external_id, person=Person(email=to), **fields,
        )  # fmt: skip
        return messages.gone(received, event)

    assert gone(WHO) and not gone(WHO, "6") and not gone("bo@example.org")
    assert gone("bo@example.org", recipients={"to": [], "cc": [{"address": WHO.title()}]})
    assert not gone("bo@example.org", from_address=WHO)
    assert gone("")  # it names nobody, as messages of ours in a chat may
    assert gone("bo@example.org", "6", html=f"Hi <!-- ref:{send_id} -->")


def test_nothing_is_sent_while_the_key_of_the_opt_outs_is_lost(world, lead, settings):
    erase(world, lead)
    other = world.reply("Ana here.", email="ana@example.org", lead={"first_name": "Ana"}).lead
    workspace = Workspace.objects.get(pk=world.workspace.pk)
    erased.remember(factories.make_workspace().pk, {("email", WHO)})
    assert erased.forget_unreadable(workspace) == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inbox_workspace SET erasure_key = 'not for any key'")
    assert erased.reason(other, {}) == erased.UNREADABLE
    assert world.reply("Still taken in.", email="bo@example.org", lead={"first_name": "Bo"}).lead
    call_command("erase_lead", str(workspace.pk), "--forget-unreadable", stdout=StringIO())
    assert erased.reason(other, {}) == ""
    assert ErasedMark.objects.get().workspace != workspace


def test_marks_are_keyed_and_each_workspace_has_its_own_key(world):
    other = factories.make_workspace("Bluebird")
    for workspace in (world.workspace, other):
        erased.remember(workspace.pk, {("email", WHO)}, opted_out_at=timezone.now())
        erased.remember(workspace.pk, {("email", WHO)}, opted_out_at=timezone.now())
    one, two = ErasedMark.objects.all()
    assert one.digest != two.digest
    assert erased.marked(Workspace.objects.get(pk=other.pk), {("email", WHO)})


def test_the_command_says_what_goes_and_does_it(world, lead):
    out = StringIO()
    call_command("erase_lead", "Northwind", WHO, "--dry-run", stdout=out)
    assert "3 messages" in out.getvalue() and "Kept: " in out.getvalue()
    assert not Lead.objects.get().erasing_at
    call_command("erase_lead", "Northwind", WHO, stdout=out)
    world.work()
    assert not Lead.objects.exists()


def test_the_page_shows_what_goes_and_asks_before(world, lead, client):
    Membership.objects.filter(user=world.user).update(role="admin")
    client.force_login(world.user)
    url = reverse("inbox:lead-erase", args=[world.workspace.pk, lead.pk])
    page = client.get(url).content.decode()
    assert "3 messages" in page and "wants no more" not in page and "keyed hashes" in page
    assert client.post(url).status_code == 422 and not Lead.objects.get().erasing_at
    assert client.post(url, {"sure": "1"}).status_code == 302
    assert "Erasure started" in client.get(url).content.decode()
