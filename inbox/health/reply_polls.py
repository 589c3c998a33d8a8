"""Compares the providers' lists with the stored messages at every `spec.poll_every`, because webhooks may be lost.
Missing entries pass through the intake, so extra polls change nothing. An account's watermark
(`ReplyPoll.complete_through`) advances when a poll has succeeded.
"""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from inbox.health import backfill, receipts
from inbox.workspaces import accounts
from integrations import registry
from integrations.models import HealthState, Integration, ReplyPoll
from integrations.spec import stated
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import JobSpec, enqueue_many, spec_about
from jobs.kinds import kind_name

POLL = kind_name("replies.poll", __name__)
BATCH = 100
LATE = timedelta(minutes=15)
"""The time after which a due poll counts as late: three ticks have skipped the account."""


def tick(deadline: Deadline) -> dict[str, int]:
    """Runs the tick `reply-poll`: enqueues a poll of each due account, first of those that have waited longest."""
    counts = {"added": _add_accounts(), "polls": 0, "waiting": 0, "left": 0}
    now = timezone.now()
    due = ReplyPoll.objects.filter(
        due_at__lte=now, integration__enabled=True, integration__provider__in=registry.stating("poll_every")
    ).order_by("due_at", "pk")
    while not deadline.expired:
        with transaction.atomic():
            claimed = _claim(due, now)
            pollable = [poll for poll in claimed if _can_be_asked(poll.integration)]
            enqueue_many(POLL, [_spec(poll) for poll in pollable])
        counts["polls"] += len(pollable)
        counts["waiting"] += len(claimed) - len(pollable)
        if len(claimed) < BATCH:
            return counts
    counts["left"] = due.count()
    return counts


def run(ctx: JobContext) -> dict[str, int]:
    """Runs the job `replies.poll`: compares an account's lists since the last poll, and of the latest days with missing
    entries, ten days at most.
    """
    integration = ctx.row(Integration.objects.select_related("workspace", "reply_poll"), "integration_id")
    poll, asked_at = integration.reply_poll, timezone.now()
    since = max(receipts.unsettled_since(integration, poll.complete_through), asked_at - backfill.LONGEST_GAP)
    caught = backfill.run(integration, since, ctx.deadline)
    ReplyPoll.objects.filter(pk=poll.pk).update(
        complete_through=Greatest(F("complete_through"), asked_at - backfill.OVERLAP),
        polled_at=asked_at,
        last_read=caught.read,
        last_new=caught.new,
        total_new=F("total_new") + caught.new,
    )
    return caught._asdict()


def _add_accounts() -> int:
    """Creates the ReplyPoll of each new account that can be polled. Its watermark is the time of the connection."""
    fresh = Integration.objects.filter(
        provider__in=registry.stating("poll_every"),
        enabled=True,
        reply_poll__isnull=True,
        workspace__drill_of=None,
    )
    rows = [
        ReplyPoll(integration=account, complete_through=account.created_at, due_at=timezone.now())
        for account in fresh
    ]
    return len(ReplyPoll.objects.bulk_create(rows, ignore_conflicts=True))


def late() -> dict[str, int]:
    """Returns the number of late accounts by provider. An account is late if its poll is due for more than LATE, or if
    it works and its watermark is older than two polls and `backfill.OVERLAP`.
    """
    now, providers = timezone.now(), registry.stating("poll_every")
    works = Q(
        integration__health__state__in=[HealthState.CONNECTED, HealthState.QUIET], polled_at__isnull=False
    )
    behind = Q(due_at__lt=now - LATE)
    for name in providers:
        oldest = now - 2 * stated(registry.spec_of(name).poll_every) - backfill.OVERLAP
        behind |= works & Q(integration__provider=name, complete_through__lt=oldest)
    polls = ReplyPoll.objects.filter(
        behind,
        integration__enabled=True,
        integration__workspace__drill_of=None,
        integration__provider__in=providers,
    )
    rows = polls.values_list("integration__provider").annotate(n=Count("pk")).order_by()
    return dict.fromkeys(providers, 0) | dict(rows)


def _claim(due: QuerySet[ReplyPoll], now: datetime) -> list[ReplyPoll]:
    locked = due.select_for_update(skip_locked=True, of=("self",)).select_related("integration__health")
    claimed = list(locked[:BATCH])
    by_provider = defaultdict(list)
    for poll in claimed:
        by_provider[poll.integration.provider].append(poll.pk)
    for provider, ids in by_provider.items():
        due_next = now + stated(registry.spec_of(provider).poll_every)
        ReplyPoll.objects.filter(pk__in=ids).update(due_at=due_next)
    return claimed


def _spec(poll: ReplyPoll) -> JobSpec:
    key = f"{poll.integration_id}:{poll.due_at.isoformat()}"
    return spec_about(POLL, poll.integration, "integration_id", key=key)


def _can_be_asked(integration: Integration) -> bool:
    """Whether an account has credentials and is not down. An account that lacks only some of its mailboxes is not down.
    After an outage, the recovery fetches the missed messages, so no poll is needed.
    """
    health = getattr(integration, "health", None)
    down = health is not None and health.is_down and not health.lacks_mailboxes
    return accounts.usable(integration) and not down
