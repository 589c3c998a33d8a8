"""The `reply-poll` tick: providers are asked on a slow rhythm what they hold, as a lost webhook may not come again.

How soon (`spec.poll_every`) depends on what the provider does with a delivery that failed (docs/operations.md). What is
found goes through the intake of webhooks, so asking too often changes nothing. The watermark moves when a poll has
ended well; the next one begins a little before it.
"""

from datetime import datetime

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from inbox import accounts
from inbox.health import backfill
from inbox.health.recovery import LONGEST_GAP
from integrations import registry
from integrations.models import Integration, ReplyPoll, WorkspaceIntegrationHealth
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.registry import kind_name

POLL = kind_name("replies.poll", __name__)
PER_TICK = 500


def tick(deadline: Deadline) -> dict[str, int]:
    """Enqueue a poll of each account whose turn it is, the longest due first: nobody's accounts wait for others'.

    Where its time is over it stops; the next tick goes on.
    """
    counts = {"added": _add_accounts(), "polls": 0, "waiting": 0}
    now = timezone.now()
    due = ReplyPoll.objects.filter(
        due_at__lte=now, integration__enabled=True, integration__provider__in=registry.stating("poll_every")
    ).order_by("due_at", "pk")
    for poll in due.select_related("integration")[:PER_TICK]:
        if deadline.expired:
            break
        if not _claim(poll, now):
            continue
        if not _can_be_asked(poll.integration):
            counts["waiting"] += 1
            continue
        enqueue(
            POLL,
            workspace_id=poll.integration.workspace_id,
            dedupe_key=f"{POLL}:{poll.integration_id}:{poll.due_at.isoformat()}",
            payload={"integration_id": str(poll.integration_id)},
        )
        counts["polls"] += 1
    return counts


def run(ctx: JobContext) -> dict[str, int]:
    """The job `replies.poll`: one account, from its watermark on."""
    integration = Integration.objects.select_related("workspace", "reply_poll").get(
        pk=ctx.payload["integration_id"], workspace_id=ctx.workspace_id
    )
    poll, asked_at = integration.reply_poll, timezone.now()
    caught = backfill.run(integration, max(poll.complete_through, asked_at - LONGEST_GAP), ctx.deadline)
    ReplyPoll.objects.filter(pk=poll.pk).update(
        complete_through=Greatest(F("complete_through"), asked_at),
        polled_at=asked_at,
        last_read=caught.read,
        last_new=caught.new,
        total_new=F("total_new") + caught.new,
    )
    return caught._asdict()


def _add_accounts() -> int:
    """Give every account of a provider that can be asked its watermark: the moment it was connected."""
    fresh = Integration.objects.filter(
        provider__in=registry.stating("poll_every"),
        enabled=True,
        reply_poll__isnull=True,
        workspace__drill_of=None,
    )
    rows = [
        ReplyPoll(integration=one, complete_through=one.created_at, due_at=timezone.now()) for one in fresh
    ]
    return len(ReplyPoll.objects.bulk_create(rows, ignore_conflicts=True))


def _claim(poll: ReplyPoll, now: datetime) -> bool:
    due_next = now + registry.spec_of(poll.integration.provider).poll_every
    return bool(ReplyPoll.objects.filter(pk=poll.pk, due_at=poll.due_at).update(due_at=due_next))


def _can_be_asked(integration: Integration) -> bool:
    """Not without credentials, and not while the account is down: its recovery catches up."""
    health = WorkspaceIntegrationHealth.objects.filter(integration=integration).first()
    return accounts.usable(integration) and not (health and health.is_down)
