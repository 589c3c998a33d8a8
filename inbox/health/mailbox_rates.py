"""Counts the stored mail of each mailbox over 30 days, and raises an alarm if a mailbox has a problem.

An alarm about bounces or spam complaints requires statistical evidence: the lower end of the confidence interval of the
rate of a day or a week must exceed its bound. Replies are compared with the mailbox's own earlier weeks.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import sqrt
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from inbox.health.notice_channels import tell_admins
from inbox.models import MailboxAlarm, Message, Workspace
from inbox.models.message import COMPLAINTS, OF_MAILBOX, OWN
from inbox.workspaces.accounts import known_as
from integrations import registry
from integrations.models import Integration
from integrations.spec import Counts
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.kinds import kind_name

TELL = kind_name("mailbox.notice", __name__)
KIND = "mailbox"
SPANS = {1: "24 hours", 7: "7 days", 30: "30 days"}
DAYS = max(SPANS)
SENT = "sent"
Rate = MailboxAlarm.Rate
BOUND = {Rate.BOUNCES: 0.05, Rate.COMPLAINTS: 0.003}
"""The maximum share of a mailbox's mails that may bounce or be reported as spam. Google requires less than 0.3 %."""
FEWEST = {Rate.BOUNCES: 5, Rate.COMPLAINTS: 3}
FEWEST_MAILS = 20
"""The minimum number of sent mails for an alarm about bounces or complaints. Some providers report no sent mail."""
FEWEST_REPLIES, FALL = 12, 4
"""An alarm about replies requires that FEWEST_REPLIES were expected in a week, and that at most one in FALL arrived."""
SURE = 2.58
"""The number of standard deviations of a confidence interval of 99 %."""
AGAIN_AFTER = timedelta(days=7)
"""The minimum time between two notices about the same rate of a mailbox."""


@dataclass(slots=True)
class Mailbox:
    """The counts of one mailbox in each period of SPANS: sent mails, bounces, spam complaints, and replies. `address`
    is "" for complaints that name no mailbox.
    """

    address: str
    provider: str = ""
    by_days: dict[int, Counter[str]] = field(default_factory=lambda: {days: Counter() for days in SPANS})
    heard_at: datetime | None = None
    is_lost: bool = False

    @property
    def month(self) -> Counter[str]:
        return self.by_days[DAYS]

    @property
    def company(self) -> str:
        return known_as(self.provider) if self.provider else ""


def troubles(mailbox: Mailbox) -> Iterator[dict[str, Any]]:
    """Yields the fields of an alarm (`count` of `mails` in `days`) for each rate of `mailbox` that is out of bounds."""
    for rate, bound in BOUND.items():
        for days in (1, 7):
            count, mails = mailbox.by_days[days][rate], mailbox.by_days[days][SENT]
            if count >= FEWEST[rate] and mails >= FEWEST_MAILS and _at_least(count, mails) > bound:
                yield {"rate": rate, "count": count, "mails": mails, "days": days}
                break
    week = mailbox.by_days[7]
    before = mailbox.month - week
    replies, expected = week[Rate.REPLIES], week[SENT] * before[Rate.REPLIES] // max(1, before[SENT])
    if expected >= FEWEST_REPLIES and replies * FALL <= expected:
        yield {"rate": Rate.REPLIES, "count": replies, "mails": expected, "days": 7}


def _at_least(count: int, mails: int) -> float:
    """Returns the lower end of Wilson's confidence interval (0 to 1) for the share of `count` in `mails`."""
    share, spread = min(1, count / mails), SURE**2 / mails
    return (share + spread / 2 - SURE * sqrt(share * (1 - share) / mails + spread / mails / 4)) / (1 + spread)


def of_workspace(workspace_id: UUID) -> list[Mailbox]:
    """Returns the workspace's mailboxes of the last 30 days, the busiest first. Runs two queries."""
    mailboxes: dict[str, Mailbox] = {}
    for row in _counted(workspace_id):
        mailbox = mailboxes.setdefault(row["address"], Mailbox(row["address"]))
        if row["source"] != OWN:
            mailbox.provider = mailbox.provider or registry.provider_of(row["source"])
        mailbox.heard_at = max(filter(None, (mailbox.heard_at, row["last"])))
        for days, counts in mailbox.by_days.items():
            reported = row[f"complaints_{days}"]
            counts.update({_kind(row): row[f"count_{days}"] - reported})
            counts[Rate.COMPLAINTS] += reported
    lost = Integration.objects.filter(workspace=workspace_id, enabled=True, health__lost_mailboxes__len__gt=0)
    for provider, addresses in lost.values_list("provider", "health__lost_mailboxes"):
        for address in addresses:
            mailboxes.setdefault(address, Mailbox(address, provider)).is_lost = True
    return sorted(mailboxes.values(), key=lambda mailbox: (-mailbox.month[SENT], mailbox.address))


def _counted(workspace_id: UUID) -> Any:
    now = timezone.now()
    since = {days: Q(sent_at__gt=now - timedelta(days=days)) for days in SPANS}
    messages = Message.objects.filter(workspace=workspace_id, received_at__gt=now - timedelta(days=DAYS))
    mails = messages.filter(OF_MAILBOX)
    counts = {f"count_{days}": Count("sent_at", late) for days, late in since.items()}
    counts |= {f"complaints_{days}": Count("sent_at", late & COMPLAINTS) for days, late in since.items()}
    by = mails.order_by().values("source", "direction", address=Lower("account_address"))
    return by.annotate(**counts, last=Max("received_at"))


def _kind(row: dict[str, Any]) -> str:
    if row["direction"] == Message.Direction.OUTBOUND:
        return SENT
    return Rate.BOUNCES if row["source"] in registry.counting_as(Counts.BOUNCE) else Rate.REPLIES


SENTENCES: dict[str, str] = {
    Rate.BOUNCES: "{count} of {mails} emails from {address} bounced in the last {span}: pause this mailbox at {name}, "
    "and verify the addresses in its campaigns before you resume.",
    Rate.COMPLAINTS: "{count} people reported emails from {address} as spam in the last {span}, out of {mails} sent: "
    "pause this mailbox at {name}, and change the audience or the text.",
    Rate.REPLIES: "{address} got {count} replies in the last {span}, but {mails} were expected. Its emails may "
    "be landing in spam. Send one to yourself, and check its warm-up at {name}.",
}


def sentence(alarm: MailboxAlarm) -> str:
    """Returns the problem of the mailbox and the remedy, as one sentence for users."""
    facts = {name: getattr(alarm, name) for name in ("count", "mails", "address")}
    name = known_as(alarm.integration.provider)
    return SENTENCES[alarm.rate].format(**facts, span=SPANS[alarm.days], name=name)


def tick(deadline: Deadline) -> dict[str, int]:
    """Runs the tick `mailboxes`: records the alarms of all mailboxes, and enqueues notices about new alarms. The
    workspaces come in random order, because those that remain at `deadline` are left out.
    """
    counts = {"alarms": 0, "told": 0, "left": 0}
    for workspace in Workspace.objects.filter(drill_of=None).order_by("?").only("pk"):
        if deadline.expired:
            counts["left"] += 1
            continue
        accounts = {account.provider: account for account in workspace.integrations.filter(enabled=True)}
        for mailbox in of_workspace(workspace.pk):
            account = accounts.get(mailbox.provider)
            if account is not None and mailbox.address:
                for trouble in troubles(mailbox):
                    counts["alarms"] += 1
                    counts["told"] += _note(account, mailbox.address, **trouble)
    return counts


def _note(account: Integration, address: str, rate: str, **counts: int) -> bool:
    now = timezone.now()
    values = counts | {"last_at": now}
    alarm, _ = MailboxAlarm.objects.update_or_create(
        integration=account,
        address=address,
        rate=rate,
        defaults=values,
        create_defaults=values | {"since": now},
    )
    with transaction.atomic():
        due = MailboxAlarm.objects.filter(Q(told_at=None) | Q(told_at__lt=now - AGAIN_AFTER), pk=alarm.pk)
        if not due.update(told_at=now):
            return False
        enqueue(
            TELL,
            workspace_id=account.workspace_id,
            dedupe_key=f"{TELL}:{alarm.pk}:{now:%Y%m%d}",
            payload={"alarm_id": alarm.pk},
        )
    return True


def alarms(workspace: Workspace) -> list[MailboxAlarm]:
    """Returns the workspace's alarms whose rate was out of bounds within the last day, newest first."""
    rows = MailboxAlarm.objects.filter(integration__workspace=workspace).select_related("integration")
    return [alarm for alarm in rows.order_by("-since", "pk") if alarm.is_on]


def run(ctx: JobContext) -> dict[str, str]:
    """Runs the job `mailbox.notice`: notifies people of an alarm in Slack or by email, as `tell_admins` does."""
    alarm = MailboxAlarm.objects.select_related("integration__workspace").get(
        pk=ctx.payload["alarm_id"], integration__workspace=ctx.workspace_id
    )
    where = settings.PUBLIC_URL + reverse("inbox:health", args=[ctx.workspace_id])
    text = f"{sentence(alarm)}\n{where}"
    return tell_admins(ctx, alarm.integration.workspace, KIND, text, about=alarm.address)
