"""Notifies people that an answer is due, before the workspace's promise breaks: first the assignee, then other members.

The lead's row contains the times (inbox/leads/promises.py). Nobody is notified twice of the same reply.
"""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from inbox.leads import assigning, own_notices
from inbox.models import Lead, Membership
from inbox.pipeline import tag_notices
from inbox.replying import hours
from jobs.deadline import Deadline

PEOPLE = 2
"""The maximum number of people who are notified of the same reply."""
SHORTEST = timedelta(minutes=2)
"""If less time than this is left until the answer is due, nobody else is notified."""
SLICE = 200
EPOCH = datetime.min.replace(tzinfo=UTC)


def tick(deadline: Deadline) -> dict[str, int]:
    """Runs the tick `promises`: notifies one person of each lead whose promise breaks soon."""
    now = timezone.now()
    due = Lead.objects.filter(warn_at__lte=now, answer_by__gt=now, sample=False).order_by("warn_at")
    return {"told": sum(_warn(lead, now) for lead in due.select_related("workspace")[:SLICE])}


def _warn(lead: Lead, now: datetime) -> int:
    if lead.answer_by is None:
        return 0
    rest, member = lead.answer_by - now, _next(lead)
    warned = [*lead.warned_ids, *([member.user_id] if member else [])]
    is_last = len(warned) >= PEOPLE or rest < SHORTEST
    unchanged = Lead.objects.filter(
        pk=lead.pk, warn_at=lead.warn_at, warned_ids=lead.warned_ids, assigned_to=lead.assigned_to_id
    )
    with transaction.atomic():
        again = lead.answer_by if is_last else hours.next_open(lead.workspace, now + rest / 2)
        if not unchanged.update(warn_at=again, warned_ids=warned) or member is None:
            return 0
        own_notices.expect(lead.workspace_id, Q(pk=member.pk), [lead.pk], urgent=True)
        tag_notices.warn(lead, member)
    return 1


def _next(lead: Lead) -> Membership | None:
    """Returns the assignee if they are present and not notified yet; otherwise the member whose turn it is, or None."""
    present = assigning.present(lead.workspace_id).exclude(user__in=lead.warned_ids)
    return min(
        present.exclude(role=Membership.Role.VIEWER),
        key=lambda row: (
            row.user_id != lead.assigned_to_id,
            not row.takes_leads,
            row.last_assigned_at or EPOCH,
            row.pk,
        ),
        default=None,
    )
