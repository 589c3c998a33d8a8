"""The page of everything that waits, what a person may do there, and the sequences' own pages."""

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.models import (
    Appointment,
    AuditEntry,
    FollowUpInstance,
    FollowUpSequence,
    FollowUpStep,
    FollowUpTask,
)
from tests import factories
from tests.inbox.followups.helpers import enrolled, quiet_lead
from tests.inbox.pages.conftest import people  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return factories.make_workspace("Northwind")


@pytest.fixture
def url(workspace):
    return lambda name, *args: reverse(f"inbox:{name}", args=[workspace.pk, *args])


def tiles(response) -> dict[str, int]:
    return {tile["label"]: tile["value"] for tile in response.context["tiles"]}


def test_every_follow_up_is_in_a_list_with_its_number(people, workspace, url):  # noqa: F811
    enrolled(workspace)
    enrolled(workspace, {"offset_days": 2})
    off = enrolled(workspace)
    FollowUpSequence.objects.filter(pk=off.sequence_id).update(enabled=False)
    paused = enrolled(workspace)
    FollowUpInstance.objects.filter(pk=paused.pk).update(status="paused", paused_for="unipile_disconnected")
    enrolled(factories.make_workspace())
    page = people.viewer.get(url("followups"), {"view": "paused"})
    assert tiles(page) == {
        "Due": 1, "Going out": 0, "Waiting for approval": 0, "Waiting": 1, "Paused": 1,
        "On hold": 1, "Skipped": 0, "Failed": 0,
    }  # fmt: skip
    assert page.context["reasons"] == [("unipile_disconnected", "LinkedIn account is disconnected", 1)]
    excluded = people.viewer.get(url("followups"), {"view": "excluded"})
    assert excluded.context["reasons"] == [(off.sequence.name, f"“{off.sequence.name}” is off", 1)]
    assert [row["instance"].pk for row in excluded.context["rows"]] == [off.pk]


def test_a_person_resumes_many_at_once_and_it_is_audited(people, workspace, url):  # noqa: F811
    for _ in range(3):
        enrolled(workspace)
    FollowUpInstance.objects.update(status="paused", paused_for="replied")
    answer = people.member.post(
        url("followups-act"), {"do": "resume", "view": "paused", "all": "1"}, follow=True
    )
    assert "Resumed 3 follow-ups." in answer.content.decode()
    assert FollowUpInstance.objects.filter(status="active").count() == 3
    assert AuditEntry.objects.filter(action="followup.resume", actor=people.users.member).count() == 3


def test_only_those_with_the_chosen_reason_are_resumed(people, workspace, url):  # noqa: F811
    replied, by_hand = enrolled(workspace), enrolled(workspace)
    FollowUpInstance.objects.update(status="paused", paused_for="replied")
    FollowUpInstance.objects.filter(pk=by_hand.pk).update(paused_for="person")
    page = people.member.get(url("followups"), {"view": "paused", "reason": "person"})
    assert [row["instance"].pk for row in page.context["rows"]] == [by_hand.pk]
    people.member.post(
        url("followups-act"), {"do": "resume", "view": "paused", "reason": "person", "all": "1"}
    )
    assert set(FollowUpInstance.objects.values_list("pk", "status")) == {
        (replied.pk, "paused"),
        (by_hand.pk, "active"),
    }


def test_a_failed_step_that_the_sequence_has_left_behind_cannot_be_skipped(people, workspace, url):  # noqa: F811
    left, stays = enrolled(workspace, {}, {"offset_days": 1}), enrolled(workspace, {}, {"offset_days": 1})
    for instance in (left, stays):
        FollowUpTask.objects.create(
            workspace=workspace, lead=instance.lead, instance=instance, step=instance.next_step,
            channel="email", status="failed", claimed_at=timezone.now(), finished_at=timezone.now(),
        )  # fmt: skip
    FollowUpInstance.objects.filter(pk=left.pk).update(next_step=left.sequence.steps.last())
    FollowUpInstance.objects.filter(pk=stays.pk).update(status="paused", paused_for="error")
    page = people.member.get(url("followups"), {"view": "failed"})
    assert {row["instance"].pk: row["gone_on"] for row in page.context["rows"]} == {
        left.pk: True,
        stays.pk: False,
    }
    people.member.post(url("followups-act"), {"do": "skip", "view": "failed", "all": "1"})
    assert [entry.object_id for entry in AuditEntry.objects.filter(action="followup.skip")] == [str(stays.pk)]


def test_skipping_takes_the_next_step_and_records_who(people, workspace, url):  # noqa: F811
    instance = enrolled(workspace, {}, {"offset_days": 1})
    people.member.post(url("followups-act"), {"do": "skip", "view": "due", "instance": str(instance.pk)})
    instance.refresh_from_db()
    task = FollowUpTask.objects.get()
    assert (task.status, task.reason, task.decided_by) == (
        "skipped",
        "Someone skipped this step.",
        people.users.member,
    )
    assert instance.next_step.position == 1 and instance.due_at > timezone.now()


def test_stopping_ends_it_and_a_second_time_says_so(people, workspace, url):  # noqa: F811
    instance = enrolled(workspace)
    ask = {"do": "cancel", "view": "due", "instance": str(instance.pk)}
    people.member.post(url("followups-act"), ask)
    instance.refresh_from_db()
    assert (instance.status, instance.finish_reason) == ("stopped", "Someone stopped this follow-up.")
    assert (
        "This follow-up has already ended."
        in people.member.post(url("followups-act"), ask, follow=True).content.decode()
    )


def test_another_workspace_s_follow_up_is_not_touched(people, workspace, url):  # noqa: F811
    foreign = enrolled(factories.make_workspace())
    people.owner.post(url("followups-act"), {"do": "cancel", "view": "due", "instance": str(foreign.pk)})
    foreign.refresh_from_db()
    assert foreign.status == "active"


STEP = {
    "position": "0", "offset_days": "1", "offset_minutes": "0", "channel": "email", "condition": "always",
    "subject": "", "text": "Hi {first_name}",
}  # fmt: skip


def form(total=1, initial=0, **step):
    data = {"name": "Revive", "starts": "person", "enabled": "on"}
    data |= {"steps-TOTAL_FORMS": str(total), "steps-INITIAL_FORMS": str(initial)}
    return data | {f"steps-0-{name}": value for name, value in (STEP | step).items()}


def test_an_admin_makes_a_sequence_changes_it_and_enrols_leads(people, workspace, url):  # noqa: F811
    assert people.owner.post(url("sequence-new"), form()).status_code == 302
    made = FollowUpSequence.objects.get()
    step = made.steps.get()
    answer = people.owner.post(
        url("sequence", made.pk), form(initial=1, id=str(step.pk), DELETE="on", sequence=str(made.pk))
    )
    assert answer.status_code == 302
    step.refresh_from_db()
    assert step.retired
    people.owner.post(url("sequence", made.pk), form())
    lead = quiet_lead(workspace)
    stopped = quiet_lead(workspace, opted_out_at=timezone.now())
    emails = f"{lead.email}\n{stopped.email}\nnobody@example.org"
    page = people.member.post(url("sequence-enrol", made.pk), {"emails": emails}, follow=True)
    assert "Enrolled 1 of 2 leads." in page.content.decode()
    assert "1 of these addresses don’t match a lead." in page.content.decode()
    assert FollowUpInstance.objects.get().lead == lead


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Hi {firstname}", "{firstname} isn’t a variable. Use one of: first_name"),
        ("Hi {first_name", "There’s a stray brace."),
    ],
)
def test_an_unknown_variable_is_an_error_where_it_is_typed(people, workspace, url, text, error):  # noqa: F811
    answer = people.owner.post(url("sequence-new"), form(text=text))
    assert answer.status_code == 422 and error in answer.content.decode()
    assert not FollowUpSequence.objects.exists()


def test_a_sender_whom_the_workspace_does_not_name_is_an_error_where_it_is_typed(people, workspace, url):  # noqa: F811
    workspace.persona_name = ""
    workspace.save()
    answer = people.owner.post(url("sequence-new"), form(text="Hi, {sender} here"))
    assert "Add a signature name under Settings" in answer.content.decode()
    assert people.owner.post(url("sequence-new"), form(text="Hi, {sender|Alex} here")).status_code == 302


def test_a_member_makes_no_sequence_and_a_viewer_enrols_nobody(people, workspace, url):  # noqa: F811
    made = factories.make_sequence(workspace, {})
    assert people.member.post(url("sequence-new"), form()).status_code == 403
    assert people.viewer.post(url("sequence-enrol", made.pk), {"tag": "New"}).status_code == 403


def test_a_lead_is_enrolled_from_their_conversation_once(people, workspace, url):  # noqa: F811
    lead, made = (
        quiet_lead(workspace, email=""),
        factories.make_sequence(workspace, {"offset_days": 1}, name="Revive"),
    )
    factories.make_sequence(workspace, {}, name="Switched off", enabled=False)
    page = people.member.get(url("conversation", lead.pk))
    assert list(page.context["sequences"]) == [made]
    for said in ("Enrolled in “Revive”.", "Not enrolled"):
        answer = people.member.post(url("lead-enrol", lead.pk), {"sequence": str(made.pk)}, follow=True)
        assert said in answer.content.decode()
    assert FollowUpInstance.objects.get().started_by == people.users.member
    assert list(answer.context["followups"]) == [FollowUpInstance.objects.get()]
    assert AuditEntry.objects.filter(action="sequence.enrolled").count() == 1


def test_another_workspace_s_sequence_is_open_to_nobody_here(people, workspace, url):  # noqa: F811
    foreign = factories.make_sequence(factories.make_workspace(), {})
    lead = quiet_lead(workspace)
    people.member.post(url("lead-enrol", lead.pk), {"sequence": str(foreign.pk)})
    assert not FollowUpInstance.objects.exists()
    assert people.viewer.post(url("lead-enrol", lead.pk), {"sequence": str(foreign.pk)}).status_code == 403


def test_a_new_step_comes_last_and_names_its_place(people, workspace, url):  # noqa: F811
    made = factories.make_sequence(workspace, {}, {}, {})
    steps = people.owner.get(url("sequence", made.pk)).context["formset"]
    assert [step["position"].value() for step in steps] == [0, 1, 2, 3]
    assert "DELETE" not in steps.extra_forms[0].fields


def posted(sequence, *steps, **fields):
    """A post of the sequence's page: its steps in the order of their ids, each with its changes."""
    stored = list(sequence.steps.order_by("pk"))
    data = {"name": sequence.name, "starts": "person", "enabled": "on"}
    data |= {"steps-TOTAL_FORMS": str(len(stored)), "steps-INITIAL_FORMS": str(len(stored))}
    for index, (step, changes) in enumerate(zip(stored, steps, strict=True)):
        texts = {"id": step.pk, "position": step.position, "text": step.text, "offset_days": step.offset_days}
        texts |= {
            "offset_minutes": 0,
            "channel": step.channel,
            "condition": "always",
            "sequence": sequence.pk,
        }
        data |= {f"steps-{index}-{name}": str(value) for name, value in (texts | changes).items()}
    return data | fields


def test_moving_a_step_shows_it_in_its_place_and_saves_nothing(people, workspace, url):  # noqa: F811
    made = factories.make_sequence(workspace, {"text": "one"}, {"text": "two"}, {"text": "three"})
    path = url("sequence", made.pk)
    page = people.owner.post(path, posted(made, {}, {}, {"text": "last"}, move="steps-2 up"))
    assert page.status_code == 200
    assert [step["text"].value() for step in page.context["formset"].ordered] == ["one", "last", "two"]
    assert [step.text for step in made.steps.all()] == ["one", "two", "three"]
    assert "Not saved: " in page.content.decode()

    moved = {step.prefix: step["position"].value() for step in page.context["formset"].ordered}
    places = [{"position": moved[f"steps-{index}"]} for index in range(3)]
    people.owner.post(path, posted(made, *places))
    assert [step.text for step in made.steps.all()] == ["one", "three", "two"]


def test_the_first_step_does_not_move_up_and_no_other_post_moves_any(people, workspace, url):  # noqa: F811
    made = factories.make_sequence(workspace, {"text": "one"}, {"text": "two"})
    for move in ("steps-0 up", "steps-1 down", "steps-7 up", "name down", ""):
        page = people.owner.post(url("sequence", made.pk), posted(made, {}, {}, move=move))
        assert [step["text"].value() for step in page.context["formset"].ordered] == ["one", "two"], move


def test_the_preview_fills_in_a_lead_and_names_what_is_missing(people, workspace, url):  # noqa: F811
    quiet_lead(workspace, first_name="Mei", company="Harbor Physio", last_message_at=timezone.now())
    bare = quiet_lead(workspace, first_name="", company="", last_message_at=factories.ago(days=9))
    made = factories.make_sequence(workspace, {"text": "Hi {first_name|there}, is {company} still looking?"})
    page = people.owner.get(url("sequence", made.pk)).content.decode()
    assert "Hi Mei, is Harbor Physio still looking?" in page
    page = people.owner.post(
        url("sequence", made.pk),
        posted(made, {"text": "{company}: hello {title|you}"}, show="1", lead=bare.pk),
    ).content.decode()
    assert "{company}: hello you" in page and "This lead will skip this step." in page
    assert "Hi Mei" not in page and FollowUpStep.objects.get().text.startswith("Hi")


def test_saving_says_which_steps_changed_and_for_how_many_leads(people, workspace, url):  # noqa: F811
    made = factories.make_sequence(workspace, {"text": "one"}, {"text": "two", "offset_days": 2})
    first, second = made.steps.all()
    for lead, step in ((quiet_lead(workspace), first), (quiet_lead(workspace), second)):
        FollowUpInstance.objects.create(
            workspace=workspace, lead=lead, sequence=made, next_step=step, quiet_since=timezone.now()
        )
    path = url("sequence", made.pk)
    unchanged = posted(made, {}, {}, business_hours_only="")
    page = people.owner.post(path, unchanged | {"steps-0-text": "eins"}, follow=True).content.decode()
    assert "Saved step 1 for 1 lead." in page, "the other lead has had it"
    page = people.owner.post(path, unchanged | {"steps-1-text": "zwei", "show": "1"}).content.decode()
    assert "Not saved: step 1, step 2." in page and "Saving affects 2 leads in this sequence." in page


def test_meetings_that_fell_through_wait_for_a_person(people, workspace, url):  # noqa: F811
    def meeting(lead, number: str, **fields) -> Appointment:
        return Appointment.objects.create(
            workspace=lead.workspace, lead=lead, provider="ghl", external_id=number, **fields
        )

    waits = meeting(quiet_lead(workspace), "1", status="cancelled")
    meeting(quiet_lead(workspace), "2", status="no_show", handled_at=timezone.now())
    meeting(quiet_lead(workspace, booked_at=timezone.now()), "3", status="cancelled")
    meeting(quiet_lead(factories.make_workspace()), "4", status="cancelled")
    assert list(people.viewer.get(url("followups")).context["fell_through"]) == [waits]
    people.member.post(url("meeting-handled", waits.pk))
    assert list(people.viewer.get(url("followups")).context["fell_through"]) == []
