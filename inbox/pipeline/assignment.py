"""The pipeline's steps that assign the lead, snooze it, and compute its score. Each step may run repeatedly."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from inbox.intake.messages import mark_processed
from inbox.leads import assigning, own_notices, rollup, stops
from inbox.leads import score as scoring
from inbox.leads.tags import NO_ANSWER
from inbox.models import Draft, Lead, Membership, Message, TagDecision, audit, locks
from inbox.models.lead import Tag
from inbox.pipeline.situation import NotNow, Situation
from inbox.pipeline.skip_conditions import UNANSWERABLE
from inbox.signals import lead_replied
from inbox.understanding import snooze as snoozes
from inbox.understanding.dates import named_days
from jobs.deadline import Deadline

MORNING = time(9)
NEAR = timedelta(days=31)
"""The maximum distance between the day that a model names and a day in the text. "Mid-March" may mean any day of it."""


def close_drafts(situation: Situation, _deadline: Deadline) -> dict[str, int]:
    """Rejects drafts for older messages on the reply's channel, or all drafts if the reply's tag allows no answer."""
    reason = "A newer reply has arrived."
    waiting = Draft.objects.filter(lead=situation.lead)
    if situation.tag in NO_ANSWER:
        reason = f"The reply is tagged {situation.tag}."
    else:
        waiting = waiting.filter(trigger_message__sent_at__lt=situation.message.sent_at)
        waiting = waiting.filter(channel=situation.channel)
    with rollup.holding(situation.lead):
        return {"closed": stops.close_drafts(waiting, reason)}


def assign(situation: Situation, _deadline: Deadline) -> dict[str, str]:
    """Assigns the lead to the member in rotation who has waited longest for a lead and is not away. The leads of a
    workspace are assigned one at a time. Raises NotNow if no member qualifies, or if the lead is already assigned.
    """
    with transaction.atomic():
        locks.hold("assign", situation.workspace.pk)
        members = assigning.present(situation.workspace.pk).filter(takes_leads=True)
        member = members.order_by(F("last_assigned_at").asc(nulls_first=True), "pk").first()
        if member is None:
            raise NotNow("No member is available to take new leads.")
        unassigned = Lead.objects.filter(pk=situation.lead.pk, assigned_to=None)
        updated = unassigned.update(assigned_to=member.user_id, handed_over_at=Now())
        if not updated:
            raise NotNow("The lead already has an assignee.")
        own_notices.expect(member.workspace_id, Q(pk=member.pk), [situation.lead.pk])
        Membership.objects.filter(pk=member.pk).update(last_assigned_at=timezone.now())
        to = member.user_id
        audit.record(member.workspace_id, None, assigning.GIVEN, situation.lead, to=to, how=assigning.IN_TURN)
    return {"user": str(member.user_id)}


def tell_follow_ups(situation: Situation, _deadline: Deadline) -> dict[str, Any]:
    """Sends `lead_replied`, so that the lead's running follow-ups pause. Returns each receiver's answer by its name."""
    answers = lead_replied.send(Message, lead=situation.lead, message=situation.message)
    return {receiver.__name__: answer for receiver, answer in answers}


def score(situation: Situation, _deadline: Deadline) -> dict[str, Any]:
    """Stores the score of the lead. Raises NotNow if this reply does not affect the score."""
    with rollup.holding(situation.lead) as lead:
        if situation.newest:
            scoring.settle(lead)
            lead.save(update_fields=["score", "score_reason", "updated_at"])
            if lead.is_hot and situation.tag in scoring.INTENT:
                own_notices.expect_hot(lead)
    if not situation.newest or lead.score is None:
        raise NotNow("This reply doesn’t show interest.")
    return {"score": lead.score}


def finish(situation: Situation, _deadline: Deadline) -> dict[str, bool]:
    """Records that the reply is processed and, for the newest reply, whether it still waits for a model."""
    with rollup.holding(situation.lead) as lead:
        situation.lead = lead
        waits = situation.newest and _waits_for_model(situation)
        if situation.newest:
            Lead.objects.filter(pk=lead.pk).update(awaiting_model=waits)
        mark_processed(situation.message.pk)
    return {"awaiting_model": waits}


def _waits_for_model(situation: Situation) -> bool:
    if situation.lead.is_stopped or not situation.message.text.strip():
        return False
    message = situation.message
    undecided = not message.tag and not message.provider_interested
    if situation.suspected:  # the model is asked even if people at the provider have decided
        undecided = not message.tag_decisions.filter(kind=TagDecision.Kind.MODEL).exists()
    unwritten = situation.draft is None and not any(condition.holds(situation) for condition in UNANSWERABLE)
    return undecided or unwritten


def snooze(situation: Situation, _deadline: Deadline) -> dict[str, str]:
    """Hides the conversation until the day that the reply names. Raises NotNow without a clear future day, or if the
    lead is snoozed or has written again.
    """
    until = _until(situation)
    if until is None:
        raise NotNow("The reply names no clear day.")
    changed = Lead.objects.filter(
        pk=situation.lead.pk, last_inbound_at=situation.lead.last_inbound_at, snoozed_until=None
    ).update(snoozed_until=until)
    if not changed and situation.lead.snoozed_until != until:
        raise NotNow("The lead is already snoozed or has written again.")
    return {"until": until.isoformat()}


def _until(situation: Situation) -> datetime | None:
    message = situation.message
    if situation.tag == Tag.OUT_OF_OFFICE:
        words = f"{message.subject}\n{message.raw_text or message.text}"
        snooze = snoozes.return_day(words, message.sent_at, situation.zone)
    else:
        snooze = snoozes.deferral(message.text, message.sent_at, situation.zone)
    if snooze is not None and snooze.confidence >= snoozes.APPLY_AT:
        return snooze.until if snooze.until > timezone.now() else None
    decision = TagDecision.objects.filter(message=message, follow_up_on__isnull=False).order_by("-pk").first()
    if decision is None or decision.follow_up_on is None:
        return None
    until = datetime.combine(decision.follow_up_on, MORNING, tzinfo=situation.zone)
    if not _is_named(decision.follow_up_on, situation, snooze):
        return None
    return until if until > timezone.now() + timedelta(hours=1) else None


def _is_named(day: date, situation: Situation, snooze: snoozes.Snooze | None) -> bool:
    """Whether the text names a day near the model's day. A model alone must not hide a lead."""
    words = situation.message.text
    received = timezone.localtime(situation.message.sent_at, situation.zone).date()
    days = [at.day for at in named_days(words, received)] + ([snooze.until.date()] if snooze else [])
    return any(abs(day - at) <= NEAR for at in days) and day - received <= snoozes.AT_MOST
