"""What a program changes goes by the rules of the pages, and names the program as its author."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.models import AuditEntry, Draft, FollowUpInstance, Lead, OutboundSend, TagDecision
from inbox.replying import review, send_claims
from integrations.models import ApiToken, IdempotencyKey
from tests import factories
from tests.api.conftest import program_of

pytestmark = pytest.mark.django_db

State = OutboundSend.State


@pytest.fixture
def lead(workspace) -> Lead:
    factories.make_integration(workspace, credentials={"api_key": "k"})
    return factories.make_lead(workspace)


@pytest.fixture
def reply(lead):
    message = factories.make_message(lead)
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=message.sent_at, needs_reply=True)
    return message


def send(program, lead, key="k1", **fields):
    body = {"lead": str(lead.pk), "channel": "email", "text": "Thursday works."} | fields
    return program.post("sends/", body, key)


def actions(program) -> list[str]:
    entries = AuditEntry.objects.filter(program=program.token, actor=None).order_by("pk")
    return list(entries.values_list("action", flat=True))


def problem(answer) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["type"]


def test_a_send_is_claimed_for_the_program_and_closes_the_waiting_draft(program, lead, reply):
    draft = factories.make_draft(reply)
    answer = send(program, lead)
    row = OutboundSend.objects.get()
    assert answer.status_code == 202
    assert answer.json() == {"id": str(row.pk), "state": "intent", "goesOutAt": answer.json()["goesOutAt"]}
    assert (row.origin, row.program, row.approved_by, row.reply_to) == ("program", program.token, None, reply)
    assert row.author == "CRM sync" and not send_claims.is_automatic(row)
    draft.refresh_from_db()
    assert (draft.status, draft.author) == (Draft.Status.REJECTED, "CRM sync")
    assert actions(program) == ["send.program"]
    assert program.get(f"sends/{row.pk}/").json()["state"] == "intent"


def test_the_same_key_never_makes_a_second_send(program, lead, reply):
    first = send(program, lead)
    again = send(program, lead)
    assert again.json() == first.json() and again["Idempotent-Replayed"] == "true"
    IdempotencyKey.objects.all().delete()  # a day later
    OutboundSend.objects.update(state=State.SENT)
    later = send(program, lead)
    assert later.status_code == 202 and later.json()["id"] == first.json()["id"]
    assert later.json()["state"] == "sent"
    assert problem(send(program, lead, text="Friday works.")) == (422, "idempotency_key_reused")
    assert OutboundSend.objects.count() == 1


def test_a_send_needs_a_key(program, lead, reply):
    body = {"lead": str(lead.pk), "channel": "email", "text": "Hi."}
    for key in ("", "k" * 201):
        answer = program.post("sends/", body, key)
        assert problem(answer) == (422, "invalid")
        assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]
    assert not OutboundSend.objects.exists()


def test_another_send_under_way_is_a_conflict(program, lead, reply):
    assert send(program, lead).status_code == 202
    assert problem(send(program, lead, "k2", text="And Friday.")) == (409, "send_under_way")


def test_a_conflict_is_not_stored_so_the_same_key_sends_later(program, lead, reply):
    send(program, lead)
    for _ in range(2):
        conflict = send(program, lead, "k2", text="And Friday.")
        assert problem(conflict) == (409, "send_under_way") and "Idempotent-Replayed" not in conflict
    OutboundSend.objects.update(state=State.SENT)
    first = send(program, lead, "k2", text="And Friday.")
    again = send(program, lead, "k2", text="And Friday.")
    assert first.status_code == 202 and again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true" and OutboundSend.objects.count() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"opted_out_at": timezone.now()},
        {"bounced_at": timezone.now()},
        {"suspected": "opt_out"},
        {"refused_channels": ["email"]},
        {"erasing_at": timezone.now()},
    ],
)
def test_every_veto_and_suspicion_holds_a_send(program, lead, reply, fields):
    Lead.objects.filter(pk=lead.pk).update(**fields)
    answer = send(program, lead)
    assert problem(answer) == (422, "held") and answer.json()["detail"]
    assert not OutboundSend.objects.exists()


def test_an_email_without_a_reply_is_held(program, lead):
    assert problem(send(program, lead)) == (422, "held")


def test_a_suspicion_that_arises_during_the_countdown_vetoes_a_programs_send_alone(program, lead, reply):
    send(program, lead)
    row = OutboundSend.objects.select_related("lead").get()
    assert send_claims.vetoed(row, row.lead) == ""
    row.lead.suspected = "opt_out"
    assert send_claims.vetoed(row, row.lead)
    row.program_id, row.origin = None, OutboundSend.Origin.PERSON
    assert send_claims.vetoed(row, row.lead) == ""


def test_a_send_answers_the_message_that_it_names(program, lead, reply):
    newer = factories.make_message(lead)
    assert send(program, lead, replyTo=str(reply.pk)).status_code == 202
    assert OutboundSend.objects.get().reply_to == reply
    elsewhere = factories.make_message(factories.make_lead(lead.workspace))
    answer = send(program, lead, "k2", replyTo=str(elsewhere.pk))
    assert problem(answer) == (422, "invalid") and answer.json()["errors"][0]["field"] == "replyTo"
    assert newer.pk


def test_a_send_is_taken_back_during_its_countdown(workspace, program, lead, reply):
    workspace.undo_send_s = 30
    workspace.save()
    body = send(program, lead).json()
    assert body["goesOutAt"] > timezone.now().isoformat()
    answer = program.post(f"sends/{body['id']}/take-back/", key="b1")
    assert answer.status_code == 200 and answer.json()["state"] == "taken_back"
    row = OutboundSend.objects.get()
    assert (row.state, row.text, row.reason) == (State.TAKEN_BACK, "", "CRM sync took this message back.")
    assert problem(program.post(f"sends/{row.pk}/take-back/")) == (409, "conflict")
    assert send(program, lead).json() == body  # the first answer under that key
    assert actions(program) == ["send.program", "send.take_back"]


def test_a_draft_is_approved_once_by_revision(program, lead, reply):
    draft = factories.make_draft(reply, revision=2)
    path = f"drafts/{draft.pk}/approve/"
    assert problem(program.post(path, {"revision": 1})) == (409, "conflict")
    answer = program.post(path, {"revision": 2, "text": "Friday, then."}, "a1")
    assert answer.status_code == 202
    row = OutboundSend.objects.get()
    assert (row.text, row.origin, row.program, row.draft) == ("Friday, then.", "draft", program.token, draft)
    assert not send_claims.is_automatic(row)
    assert program.post(path, {"revision": 2, "text": "Friday, then."}, "a1").json() == answer.json()
    assert problem(program.post(path, {"revision": 2})) == (409, "conflict")
    draft.refresh_from_db()
    assert review.how_decided(draft).startswith("CRM sync approved this draft")


def test_a_draft_is_not_approved_past_a_newer_reply(program, lead, reply):
    draft = factories.make_draft(reply)
    factories.make_message(lead, sent_at=timezone.now() + timedelta(seconds=1))
    assert problem(program.post(f"drafts/{draft.pk}/approve/", {"revision": 1})) == (409, "conflict")
    draft.refresh_from_db()
    assert draft.status == Draft.Status.PENDING


def test_a_draft_is_discarded(program, lead, reply):
    draft = factories.make_draft(reply)
    assert problem(program.post(f"drafts/{draft.pk}/discard/", {"revision": 3})) == (409, "conflict")
    answer = program.post(f"drafts/{draft.pk}/discard/", {"revision": 1})
    assert answer.status_code == 200 and answer.json()["status"] == "rejected"
    assert answer.json()["decidedBy"] == "CRM sync"


def test_facts_of_a_lead_are_normalised_and_named_after_the_program(program, lead):
    body = {"company": "Reyes & Sons", "phone": "+1 (415) 555-0100", "email": "New@Example.org"}
    answer = program.call("PATCH", f"leads/{lead.pk}/", body)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["phone"], answer.json()["email"]) == ("+14155550100", "new@example.org")
    row = Lead.objects.get(pk=lead.pk)
    assert row.sources["company"]["program"] == "CRM sync" and row.first_name == "Dana"
    assert row.alternate_emails == [lead.email]
    assert actions(program) == ["lead.edited"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"linkedinUrl": "https://example.org"}, "linkedinUrl"),
        ({"tag": "New"}, "tag"),
    ],
)
def test_an_unusable_fact_names_its_field(program, lead, body, field):
    answer = program.call("PATCH", f"leads/{lead.pk}/", body)
    assert problem(answer) == (422, "invalid") and answer.json()["errors"][0]["field"] == field


def test_a_fact_that_another_lead_has_is_refused(program, lead):
    other = factories.make_lead(lead.workspace)
    answer = program.call("PATCH", f"leads/{lead.pk}/", {"email": other.email})
    assert problem(answer) == (422, "invalid") and answer.json()["errors"][0]["code"] == "taken"


def test_a_tag_is_a_decision_of_the_program(program, lead, reply):
    answer = program.post(f"leads/{lead.pk}/tag/", {"tag": "Interested"})
    assert answer.status_code == 200 and answer.json()["tag"] == "Interested"
    decision = TagDecision.objects.get()
    assert (decision.user, decision.program, decision.author) == (None, program.token, "CRM sync")
    reply.refresh_from_db()
    assert reply.tag == "Interested" and Lead.objects.get(pk=lead.pk).tagged_by_id is None


def test_a_tag_is_refused_where_a_person_must_decide(program, lead, reply):
    Lead.objects.filter(pk=lead.pk).update(suspected="bounce")
    assert problem(program.post(f"leads/{lead.pk}/tag/", {"tag": "Interested"})) == (422, "held")
    assert problem(program.post(f"leads/{lead.pk}/tag/", {"tag": "New"})) == (422, "invalid")
    silent = factories.make_lead(lead.workspace)
    assert problem(program.post(f"leads/{silent.pk}/tag/", {"tag": "Interested"}))[0] == 422


def test_a_lead_is_done_and_snoozed(program, lead, reply):
    assert program.post(f"leads/{lead.pk}/done/").json()["needsReply"] is False
    until = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert program.post(f"leads/{lead.pk}/snooze/", {"until": until}).json()["snoozedUntil"] == until
    past = {"until": "2020-01-01T00:00:00Z"}
    assert problem(program.post(f"leads/{lead.pk}/snooze/", past)) == (422, "invalid")


def test_a_lead_is_assigned_to_a_member_alone(program, workspace, lead):
    member, viewer = factories.make_member(workspace), factories.make_member(workspace, "viewer")
    path = f"leads/{lead.pk}/assign/"
    assert program.post(path, {"assignedTo": member.pk}).json()["assignedTo"]["id"] == member.pk
    for stranger in (viewer.pk, factories.make_user().pk):
        assert problem(program.post(path, {"assignedTo": stranger})) == (422, "invalid")
    assert program.post(path, {"assignedTo": None}).json()["assignedTo"] is None
    assert actions(program) == ["lead.assigned", "lead.assigned"]


def test_an_opt_out_stops_the_lead_also_one_that_never_wrote(program, lead):
    answer = program.post(f"leads/{lead.pk}/opt-out/", key="o1")
    assert answer.json()["optedOutAt"] and Lead.objects.get(pk=lead.pk).is_stopped
    assert program.post(f"leads/{lead.pk}/opt-out/").json()["optedOutAt"] == answer.json()["optedOutAt"]
    assert actions(program) == ["lead.opted_out"]


def test_a_followup_starts_once_and_stops(program, workspace, lead):
    sequence = factories.make_sequence(workspace, {"channel": "email"}, enabled=True)
    body = {"lead": str(lead.pk), "sequence": str(sequence.pk)}
    answer = program.post("followups/", body)
    assert answer.status_code == 201, answer.content
    row = FollowUpInstance.objects.get()
    assert (row.program, row.started_by) == (program.token, None)
    assert problem(program.post("followups/", body)) == (409, "conflict")
    stopped = program.post(f"followups/{row.pk}/stop/")
    assert stopped.status_code == 200 and stopped.json()["status"] == "stopped"
    assert problem(program.post(f"followups/{row.pk}/stop/")) == (409, "conflict")
    assert actions(program) == ["sequence.enrolled", "followup.cancel"]


def test_a_write_without_its_scope_changes_nothing(workspace, lead):
    program = program_of(workspace, "leads:read")
    answer = program.post(f"leads/{lead.pk}/opt-out/")
    assert problem(answer) == (403, "insufficient_scope") and not Lead.objects.get(pk=lead.pk).is_stopped
    assert ApiToken.objects.count() == 1
