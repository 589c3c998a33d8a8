"""The pipeline's step that hides a conversation until the day that its reply names. The step may run repeatedly."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from inbox.models import Lead, TagDecision
from inbox.models.lead import Tag
from inbox.pipeline.situation import NotNow, Situation
from inbox.understanding import snooze as snoozes
from inbox.understanding.dates import named_days
from jobs.deadline import Deadline

MORNING = time(9)
NEAR = timedelta(days=31)
"""The maximum distance between a model's day and a day in the text. "Mid-March" is read as a month."""


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
