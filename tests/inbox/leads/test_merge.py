"""Merging two leads by choice."""

import pytest
from django.utils import timezone

from inbox.leads import merge
from inbox.models import AuditEntry, Draft, Enrichment, Lead, Message
from inbox.models.lead import Tag
from jobs.models import BackgroundJob
from tests.factories import (
    ago,
    make_draft,
    make_lead,
    make_member,
    make_message,
    make_send,
    make_workspace,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def actor(workspace):
    return make_member(workspace, "admin")


@pytest.fixture
def keep(workspace):
    return make_lead(workspace, email="dana@example.com", phone="", company="")


@pytest.fixture
def other(workspace):
    return make_lead(
        workspace, email="d.reyes@example.org", phone="+15555550123", company="Reyes Roofing", first_name="D."
    )


def test_messages_of_both_are_one_conversation(keep, other, actor):
    make_message(keep, sent_at=ago(hours=2))
    make_draft(make_message(other, sent_at=ago(hours=1)))
    merged = merge.merge(keep, other, actor)
    assert Message.objects.filter(lead=merged).count() == 2
    assert not Lead.objects.filter(pk=other.pk).exists()
    assert merged.drafts.count() == 1
    assert merged.last_inbound_at == Message.objects.latest("sent_at").sent_at


def test_empty_fields_are_filled_and_filled_ones_stay(keep, other, actor):
    merged = merge.merge(keep, other, actor)
    merged.refresh_from_db()
    assert (merged.email, merged.phone, merged.company) == (
        "dana@example.com",
        "+15555550123",
        "Reyes Roofing",
    )
    assert merged.first_name == "Dana"
    assert merged.alternate_emails == ["d.reyes@example.org"]


def test_other_numbers_are_kept(keep, other, actor):
    Lead.objects.filter(pk=keep.pk).update(phone="+15555550100")
    Lead.objects.filter(pk=other.pk).update(alternate_phones=["+15555550124"])
    seen = merge.preview(*Lead.objects.filter(pk__in=[keep.pk, other.pk]).order_by("-email"))
    assert "phone" not in seen.given_up
    merged = merge.merge(keep, other, actor)
    merged.refresh_from_db()
    assert (merged.phone, merged.alternate_phones) == ("+15555550100", ["+15555550123", "+15555550124"])


def test_a_contact_of_the_other_number_is_kept_as_another_one(keep, other, actor):
    Lead.objects.filter(pk=keep.pk).update(phone="+15555550100")
    Lead.objects.filter(pk=other.pk).update(ghl_contact_id="c-2", alternate_contacts=["c-3"])
    merged = merge.merge(keep, other, actor)
    merged.refresh_from_db()
    assert (merged.ghl_contact_id, merged.alternate_contacts) == ("", ["c-2", "c-3"])


def test_preview_says_what_will_happen_and_does_nothing(keep, other):
    make_message(other)
    other.opted_out_at = timezone.now()
    other.save()
    seen = merge.preview(keep, other)
    assert seen.filled == {
        "email": "d.reyes@example.org",
        "phone": "+15555550123",
        "company": "Reyes Roofing",
    }
    assert seen.given_up["first name"] == "D."
    assert seen.moves == {"message": 1} and seen.stops
    assert Lead.objects.count() == 2


def test_stop_of_either_stops_the_merged_lead(keep, other, actor):
    draft = make_draft(make_message(keep))
    other.opted_out_at = timezone.now()
    other.save()
    merged = merge.merge(keep, other, actor)
    draft.refresh_from_db()
    assert merged.opted_out_at and merged.tag == Tag.BLACKLIST
    assert draft.status == "rejected"


@pytest.mark.parametrize("answered", [False, True])
def test_drafts_for_what_is_not_the_newest_reply_any_more_are_closed(answered, keep, other, actor):
    asked = make_message(keep, sent_at=ago(hours=3), tag=Tag.INFORMATION_REQUESTED)
    older = [make_draft(asked), make_draft(make_message(other, channel="sms", sent_at=ago(hours=2)))]
    newest = make_message(
        other, channel="sms", sent_at=ago(hours=1), tag=Tag.CALL_REQUESTED, processed_at=ago(hours=1)
    )
    Lead.objects.filter(pk=keep.pk).update(score_reason="Reply: Information Requested (3 of 4).")
    if answered:
        make_message(keep, direction="outbound", sent_at=ago(minutes=5))
        older.append(make_draft(newest))

    merged = merge.merge(keep, other, actor)

    assert {one.status for one in Draft.objects.all()} == {"rejected"} and merged.needs_reply is not answered
    assert merged.tag == Tag.CALL_REQUESTED and merged.score_reason.startswith("Reply: Call Requested")
    again = BackgroundJob.objects.filter(kind="inbound.catch_up", payload__message_id=str(newest.pk))
    assert again.exists() is not answered


@pytest.mark.parametrize(
    "newer",
    [
        {"tag": Tag.OUT_OF_OFFICE},
        {"suspected": "auto_reply"},
        {"direction": "outbound", "source": "emailbison_sent"},
    ],
)
def test_a_draft_stays_whose_reply_is_the_newest_that_a_person_wrote(newer, keep, other, actor):
    draft = make_draft(make_message(keep, sent_at=ago(hours=2), processed_at=ago(hours=2)))
    make_message(other, sent_at=ago(hours=1), **newer)
    merge.merge(keep, other, actor)
    draft.refresh_from_db()
    assert draft.status == "pending" and not BackgroundJob.objects.filter(kind="inbound.catch_up").exists()


def test_a_draft_of_the_other_lead_is_closed_if_the_kept_one_is_stopped(keep, other, actor):
    Lead.objects.filter(pk=keep.pk).update(opted_out_at=ago(hours=1))
    draft = make_draft(make_message(other))
    merge.merge(keep, other, actor)
    draft.refresh_from_db()
    assert draft.status == "rejected"


def test_later_start_of_either_outlives_the_stop(keep, other, actor):
    keep.opted_out_at = ago(hours=2)
    keep.save()
    other.opted_in_at = ago(hours=1)
    other.save()
    assert merge.merge(keep, other, actor).opted_out_at is None


def test_enrichment_of_the_kept_lead_stands(keep, other, actor):
    for lead, status in ((keep, "found"), (other, "not_found")):
        Enrichment.objects.create(workspace=lead.workspace, lead=lead, kind="phone", status=status)
    merge.merge(keep, other, actor)
    assert Enrichment.objects.get().status == "found"


def test_two_sends_under_way_refuse_the_merge_and_change_nothing(keep, other, actor):
    for lead in (keep, other):
        make_send(make_draft(make_message(lead)), state="unknown")
    with pytest.raises(merge.MergeRefused, match="only one can stay"):
        merge.merge(keep, other, actor)
    assert Lead.objects.count() == 2 and Message.objects.filter(lead=other).count() == 1


def test_conflict_flag_is_settled(keep, other, actor):
    Lead.objects.update(identity_conflict=True)
    assert not merge.merge(keep, other, actor).identity_conflict


def test_who_did_it_is_recorded(keep, other, actor):
    gone = str(other.pk)
    merge.merge(keep, other, actor)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.data) == ("lead.merged", actor, {"other": gone})


def test_leads_of_two_workspaces_are_never_merged(keep, actor):
    with pytest.raises(merge.MergeRefused):
        merge.merge(keep, make_lead(make_workspace()), actor)
    with pytest.raises(merge.MergeRefused):
        merge.preview(keep, keep)
