"""Closes drafts that are no longer needed. Their review cards in Slack are updated."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from inbox.models import Draft
from inbox.models.actor import Actor, columns
from inbox.signals import draft_changed

Status = Draft.Status


def close(drafts: QuerySet[Draft], reason: str, *, user: Actor | None = None) -> int:
    """Rejects those of `drafts` that wait for review, with `reason`, and returns their number. `user`: by
    whose action they became unnecessary.
    """
    now = timezone.now()
    with transaction.atomic():
        waiting = list(drafts.filter(status=Status.PENDING).select_for_update(of=("self",)).order_by("pk"))
        Draft.objects.filter(pk__in=[draft.pk for draft in waiting]).update(
            status=Status.REJECTED,
            status_reason=reason[:200],
            **columns(user, "decided_by"),
            decided_at=now,
            updated_at=now,
            send_at=None,
        )
        for draft in waiting:
            draft.refresh_from_db()
            draft_changed.send(Draft, draft=draft, event=Status.REJECTED)
    return len(waiting)
