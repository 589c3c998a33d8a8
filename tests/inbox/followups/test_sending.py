"""Steps go out over each channel, one after the other, each once."""

import pytest
from django.utils import timezone

from inbox.followups import plan
from inbox.models import FollowUpInstance, FollowUpTask, Lead, Message, OutboundSend
from inbox.replying import slots
from tests import factories
from tests.inbox.followups.helpers import enrolled, minute, quiet_lead, statuses

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workspace(world):
    return world.workspace


def test_an_email_step_answers_the_lead_in_their_thread(world, workspace):
    instance = enrolled(workspace, {"text": "Hi {first_name}, still interested? {sender}"})
    counts = minute()
    (sent,) = world.posted()
    assert "Hi Dana, still interested? Alex Moreno" in sent["text"]
    assert statuses(instance) == [("sent", "")]
    assert counts["claimed"] == 1 and counts["sent"] == 1 and counts["workspaces"] == 1
    assert counts[f"claimed:{workspace.pk}"] == counts[f"sent:{workspace.pk}"] == 1
    instance.refresh_from_db()
    assert (instance.status, instance.finish_reason) == ("completed", "All steps are done.")
    assert OutboundSend.objects.get().subject == "Re: winter work"
    assert Message.objects.filter(lead=instance.lead, source="holdfast").count() == 1


def test_the_next_step_waits_for_its_offset_after_the_one_before(world, workspace):
    instance = enrolled(workspace, {}, {"offset_days": 3})
    minute()
    instance.refresh_from_db()
    assert 2.9 < (instance.due_at - timezone.now()).total_seconds() / 86_400 < 3.1
    assert minute()["claimed"] == 0
    FollowUpInstance.objects.update(due_at=timezone.now())
    minute()
    assert [text.count("message") for text in (send["text"] for send in world.posted())] == [1, 1]
    assert [status for status, _ in statuses(instance)] == ["sent", "sent"]


def test_a_text_goes_to_the_contact_with_the_number_and_is_attached(world, workspace):
    world.connect("ghl", "loc-1", api_key="key-ghl")
    lead = quiet_lead(workspace, phone="+12125550123")
    instance = enrolled(workspace, {"channel": "sms"}, lead=lead)
    minute()
    assert statuses(instance) == [("sent", "")]
    assert len(world.posted("ghl")) == 1
    lead.refresh_from_db()
    assert lead.ghl_contact_id


def test_a_contact_that_is_another_leads_is_used_and_left_there(world, workspace):
    world.connect("ghl", "loc-1", api_key="key-ghl")
    first = quiet_lead(workspace, phone="+12125550123")
    enrolled(workspace, {"channel": "sms"}, lead=first)
    minute()
    contact_id = Lead.objects.get(pk=first.pk).ghl_contact_id
    Lead.objects.filter(pk=first.pk).update(phone="")
    second = quiet_lead(workspace, phone="+12125550123")
    instance = enrolled(workspace, {"channel": "sms"}, lead=second)
    minute()
    assert statuses(instance) == [("sent", "")]
    second.refresh_from_db()
    assert second.ghl_contact_id == "" and second.identity_conflict
    assert Lead.objects.get(pk=first.pk).ghl_contact_id == contact_id


def test_dnd_is_a_state_of_the_lead_and_the_sequence_goes_on(world, workspace):
    world.connect("ghl", "loc-1", api_key="key-ghl")
    lead = quiet_lead(workspace, phone="+12125550123", ghl_contact_id="c" * 20)
    world.sandbox.set_account("ghl", "key-ghl", properties={"dnd_contacts": ["c" * 20]})
    instance = enrolled(workspace, {"channel": "sms"}, {"channel": "sms"}, {}, lead=lead)
    minute()
    minute()
    assert [status for status, _ in statuses(instance)] == ["skipped", "skipped", "sent"]
    assert "sms_dnd" in statuses(instance)[0][1] and lead.refusals.get().code == "sms_dnd"
    asked = [r for r in world.sandbox.requests(provider="ghl") if r["method"] == "POST"]
    assert len(asked) == 1  # the second text step did not ask again


def test_a_code_that_stands_in_the_provider_s_own_words_is_no_state_of_the_lead(world, workspace):
    world.connect("ghl", "loc-1", api_key="key-ghl")
    lead = quiet_lead(workspace, phone="+12125550123", ghl_contact_id="c" * 20)
    world.sandbox.fault(
        provider="ghl", kind="error", status=422, path="messages", message="we saw sms_dnd once"
    )
    instance = enrolled(workspace, {"channel": "sms"}, lead=lead)
    minute()
    [(status, reason)] = statuses(instance)
    assert (status, "we saw sms_dnd once" in reason) == ("failed", True)
    assert not lead.refusals.exists()


@pytest.mark.parametrize(
    ("profile", "kind"),
    [
        ({"network_distance": "DISTANCE_1"}, "dm"),
        ({"network_distance": "DISTANCE_2", "open_profile": True}, "inmail"),
        ({"network_distance": "DISTANCE_2", "open_profile": False}, "invite"),
    ],
)
def test_linkedin_waterfall(world, workspace, profile, kind):
    world.connect("unipile", "acc-1", api_key="key-unipile")
    world.sandbox.set_account("unipile", "acc-1", properties={"profiles": {"dana": profile}})
    lead = quiet_lead(workspace, linkedin_url="https://www.linkedin.com/in/dana")
    instance = enrolled(workspace, {"channel": "linkedin"}, lead=lead)
    minute()
    assert statuses(instance) == [("sent", "")]
    assert [send["kind"] for send in world.posted("unipile")] == [kind]


def test_an_open_profile_without_credits_is_invited(world, workspace):
    world.connect("unipile", "acc-1", api_key="key-unipile")
    profile = {"network_distance": "DISTANCE_3", "open_profile": True}
    world.sandbox.set_account(
        "unipile", "acc-1", properties={"profiles": {"dana": profile}, "inmail_balance": 0}
    )
    lead = quiet_lead(workspace, linkedin_url="https://www.linkedin.com/in/dana")
    enrolled(workspace, {"channel": "linkedin"}, lead=lead)
    minute()
    assert [send["kind"] for send in world.posted("unipile")] == ["invite"]


@pytest.mark.parametrize(("status", "code"), [(403, "feature_not_subscribed"), (422, "not_allowed_inmail")])
def test_an_open_profile_that_takes_no_inmail_is_invited(world, workspace, status, code):
    world.connect("unipile", "acc-1", api_key="key-unipile")
    profile = {"network_distance": "DISTANCE_3", "open_profile": True}
    world.sandbox.set_account("unipile", "acc-1", properties={"profiles": {"dana": profile}})
    world.sandbox.fault(provider="unipile", kind="error", status=status, code=code, path="chats$", count=1)
    lead = quiet_lead(workspace, linkedin_url="https://www.linkedin.com/in/dana")
    instance = enrolled(workspace, {"channel": "linkedin"}, lead=lead)
    minute()
    assert [send["kind"] for send in world.posted("unipile")] == ["invite"]
    assert statuses(instance) == [("sent", "")]


def test_a_pending_invitation_fails_the_step_with_its_reason_and_the_sequence_goes_on(world, workspace):
    world.connect("unipile", "acc-1", api_key="key-unipile")
    profile = {"network_distance": "DISTANCE_2", "pending_invitation": True}
    world.sandbox.set_account("unipile", "acc-1", properties={"profiles": {"dana": profile}})
    lead = quiet_lead(workspace, linkedin_url="https://www.linkedin.com/in/dana")
    instance = enrolled(workspace, {"channel": "linkedin"}, {}, lead=lead)
    minute()
    minute()
    assert statuses(instance)[0] == (
        "failed",
        "This person hasn’t accepted your invitation yet.",
    )
    assert statuses(instance)[1] == ("sent", "")


def test_an_unknown_outcome_keeps_the_lead_from_a_second_message(world, workspace):
    world.sandbox.fault(provider="emailbison", kind="accept_drop", path=r"/reply$")
    world.sandbox.fault(provider="emailbison", kind="error", status=500, path=r"sent-emails|/api/replies$")
    lead = quiet_lead(workspace)
    first = enrolled(workspace, {}, {}, lead=lead)
    minute()
    second = enrolled(workspace, {}, lead=lead)
    minute()
    assert statuses(first) == [("sending", "")]
    assert statuses(second) == [
        ("waiting", "We don’t know whether the last message was sent. Resolve that first.")
    ]
    assert len(world.posted()) == 1


def test_a_lead_is_in_a_sequence_once(world, workspace):
    instance = enrolled(workspace)
    assert plan.enrol(instance.lead, instance.sequence) is None
    assert FollowUpInstance.objects.count() == 1


def test_a_stopped_lead_is_not_enrolled(world, workspace):
    lead = quiet_lead(workspace, opted_out_at=timezone.now())
    assert plan.enrol(lead, factories.make_sequence(workspace, {})) is None


def test_a_step_with_approval_waits_for_a_person(world, workspace):
    instance = enrolled(workspace, {"needs_approval": True})
    minute()
    task = FollowUpTask.objects.get()
    assert (task.status, task.text) == ("approval", "Hi Dana, message 0.")
    assert world.posted() == [] and instance.tasks.count() == 1


def test_times_that_are_gone_are_worded_anew_before_anything_goes_out(world, workspace, monkeypatch):
    account = world.connect("ghl", "loc-1", api_key="key-ghl")
    account.config = {**account.config, "calendar_id": "cal-1"}
    account.save()
    unavailable = slots.unavailable
    answers = iter([[timezone.now()]])
    monkeypatch.setattr(slots, "unavailable", lambda *args: next(answers, None) or unavailable(*args))
    instance = enrolled(workspace, {"text": "Hi, how about {slots}?"})
    minute()
    minute()
    (sent,) = world.posted()
    assert statuses(instance) == [("sent", "")]
    assert FollowUpTask.objects.get().offered[0][1] in sent["text"]
    assert FollowUpTask.objects.get().attempt == 2
