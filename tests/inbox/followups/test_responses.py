"""How leads answered which step: converted, an objection and our answer to it, not interested, or silence."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from inbox.followups import responses
from inbox.leads import rollup
from inbox.models import FollowUpInstance, FollowUpTask, Lead, TagDecision
from inbox.signals import lead_booked, lead_replied, lead_tagged
from insights import overview_numbers
from tests import factories
from tests.inbox.followups.helpers import enrolled, minute
from tests.inbox.pages.conftest import people  # noqa: F401 - a fixture
from tests.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workspace(world):
    return world.workspace


@pytest.fixture
def instance(world, workspace):
    """Its first step has gone out."""
    instance = enrolled(workspace, {}, {"offset_days": 3})
    minute()
    return instance


def reply(instance, tag: str, **fields):
    """The lead writes; what it means is known a moment later."""
    lead = Lead.objects.get(pk=instance.lead_id)
    message = factories.make_message(lead, tag="", **fields)
    lead_replied.send(None, lead=lead, message=message)
    message.tag = tag
    message.save()
    lead_tagged.send(None, lead=lead, message=message, tag=tag, previous="")
    return message


def answer(instance, text: str):
    lead = Lead.objects.get(pk=instance.lead_id)
    return factories.make_message(lead, text, direction="outbound", source="holdfast", tag="")


def counts(workspace, *span) -> dict[str, int]:
    row = responses.effectiveness(workspace.pk, *span).get()
    names = ("sent", "converted", "objection", "replied", "negative", "silent", "open", "answered", "won")
    return {name: row[name] for name in names if row[name]}


@pytest.mark.parametrize(
    ("tag", "response"),
    [("Interested", "converted"), ("Meeting Requested", "converted"), ("Objection", "objection"),
     ("Not Interested", "negative"), ("Neutral", "replied")],
)  # fmt: skip
def test_a_reply_answers_the_step_before_it(workspace, instance, tag, response):
    message = reply(instance, tag)
    assert counts(workspace) == {"sent": 1, response: 1}
    assert FollowUpTask.objects.get(status="sent").response_message == message


@pytest.mark.parametrize("tag", ["Out of Office", "Automated Reply"])
def test_a_machine_s_answer_is_silence_so_far(workspace, instance, tag):
    lead = Lead.objects.get(pk=instance.lead_id)
    lead_replied.send(None, lead=lead, message=factories.make_message(lead, tag=tag))
    assert counts(workspace) == {"sent": 1, "open": 1}


@pytest.mark.parametrize("tag", ["Out of Office", "Automated Reply"])
def test_a_reply_found_to_be_a_machine_s_later_is_silence_again(workspace, instance, tag):
    message = reply(instance, tag, suspected="automated")
    assert counts(workspace) == {"sent": 1, "open": 1}
    reply(instance, tag)
    assert counts(workspace) == {"sent": 1, "open": 1}
    lead_tagged.send(None, lead=message.lead, message=message, tag="Objection", previous=tag)
    assert counts(workspace) == {"sent": 1, "objection": 1}


def test_the_reply_after_a_machine_s_is_the_response(workspace, instance):
    lead = Lead.objects.get(pk=instance.lead_id)
    machine = factories.make_message(lead, tag="")
    lead_replied.send(None, lead=lead, message=machine)
    message = reply(instance, "Objection")
    lead_tagged.send(None, lead=lead, message=machine, tag="Out of Office", previous="")
    assert counts(workspace) == {"sent": 1, "objection": 1}
    assert FollowUpTask.objects.get(status="sent").response_message == message


def test_a_message_answers_one_step_only(workspace, instance):
    """The newer step is known to be sent only after the message has been credited to the one before it."""
    message = reply(instance, "Neutral")
    first = FollowUpTask.objects.select_related("send").get(status="sent")
    went_out = message.sent_at - timedelta(microseconds=1)
    send = factories.make_send(
        factories.make_draft(message), state="sent", finished_at=went_out, origin="followup"
    )
    FollowUpTask.objects.create(
        workspace=workspace, lead=first.lead, instance=instance, step=instance.sequence.steps.last(),
        status="sent", claimed_at=went_out, finished_at=went_out, send=send,
    )  # fmt: skip
    responses.note(first.lead, message, "Objection")
    assert [
        (task.response, task.response_message_id) for task in FollowUpTask.objects.order_by("finished_at")
    ] == [("objection", message.pk), ("", None)]


def test_two_weeks_without_a_word_are_silence_and_a_later_reply_is_no_answer(workspace, instance):
    past = timezone.now() - responses.WINDOW - timedelta(hours=1)
    FollowUpTask.objects.update(finished_at=past)
    instance.lead.sends.update(finished_at=past)
    assert counts(workspace) == {"sent": 1, "silent": 1}
    reply(instance, "Interested")
    assert counts(workspace) == {"sent": 1, "silent": 1}


def test_an_objection_has_its_kind_our_answer_and_how_it_ended(workspace, instance):
    message = reply(instance, "Objection")
    TagDecision.objects.create(
        workspace=workspace, lead=instance.lead, message=message, tag="Objection", kind="model", by="m1",
        objection="pricing",
    )  # fmt: skip
    assert counts(workspace) == {"sent": 1, "objection": 1}
    answer(instance, "It pays for itself in a month.")
    answer(instance, "One more thought.")
    found = responses.objections(workspace.pk).get()
    assert (found.kind, found.answer, found.won) == ("pricing", "It pays for itself in a month.", False)
    Lead.objects.filter(pk=instance.lead_id).update(booked_at=timezone.now())
    assert responses.objections(workspace.pk).get().won is True
    assert counts(workspace) == {"sent": 1, "objection": 1, "answered": 1, "won": 1}


def test_a_step_of_a_campaign_is_no_answer_to_an_objection(workspace, instance):
    reply(instance, "Objection")
    sent = answer(instance, "Step 4: did you see my last mail?")
    type(sent).objects.filter(pk=sent.pk).update(source="emailbison_sent")
    assert responses.objections(workspace.pk).get().answer is None
    assert counts(workspace) == {"sent": 1, "objection": 1}


def test_a_booking_converts_the_step_even_without_a_reply(workspace, instance):
    with transaction.atomic():
        lead_booked.send(None, lead=rollup.locked(instance.lead), fresh=True)
    assert counts(workspace) == {"sent": 1, "converted": 1}


def test_a_corrected_tag_corrects_the_response(workspace, instance):
    message = reply(instance, "Neutral")
    lead = Lead.objects.get(pk=instance.lead_id)
    lead_tagged.send(None, lead=lead, message=message, tag="Objection", previous="Neutral")
    assert counts(workspace) == {"sent": 1, "objection": 1}


def test_only_what_went_out_in_the_span_counts(workspace, instance):
    now = timezone.now()
    assert counts(workspace, now - timedelta(days=1), now) == {"sent": 1, "open": 1}
    assert not responses.effectiveness(
        workspace.pk, now - timedelta(days=9), now - timedelta(days=1)
    ).exists()


def test_the_pages_show_it_and_no_other_workspace_s(people, workspace, instance):  # noqa: F811
    reply(instance, "Objection")
    answer(instance, "It pays for itself in a month.")
    page = people.viewer.get(reverse("inbox:sequences", args=[workspace.pk])).content.decode()
    assert "(1 answered, 0 won)" in page and "It pays for itself in a month." in page
    overview = people.viewer.get(reverse("insights:overview", args=[workspace.pk])).content.decode()
    assert "Responses to follow-ups" in overview
    now = timezone.now()
    theirs = factories.make_workspace()
    assert overview_numbers.overview(theirs.pk, now - timedelta(days=1), now).follow_ups == []
    assert not responses.objections(theirs.pk).exists()


def test_the_counts_read_no_leads_but_those_who_objected(workspace, instance):
    reply(instance, "Objection")
    first = FollowUpTask.objects.get(status="sent")
    leads = Lead.objects.bulk_create(
        Lead(workspace=workspace, email=f"many{n}@example.org") for n in range(300)
    )
    instances = FollowUpInstance.objects.bulk_create(
        FollowUpInstance(
            workspace=workspace, lead=lead, sequence=instance.sequence, quiet_since=timezone.now()
        )
        for lead in leads
    )
    sent = {"workspace": workspace, "step": first.step, "channel": first.channel, "status": "sent"}
    times = {"claimed_at": first.claimed_at, "finished_at": first.finished_at}
    FollowUpTask.objects.bulk_create(
        FollowUpTask(lead=row.lead, instance=row, **sent, **times) for row in instances
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE inbox_followuptask, inbox_followupstep, inbox_followupsequence, inbox_lead,"
            " inbox_followupinstance"
        )

    with reads("inbox_followuptask") as found:
        assert counts(workspace) == {"sent": 301, "objection": 1, "open": 300}
    assert [one.rows < 330 for one in found] == [True], found
