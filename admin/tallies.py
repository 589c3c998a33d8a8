"""The counts on the admin's start page, among them failed jobs by cause, which one query reads. Lanes and accounts are
counted elsewhere.

Each count is bounded: it reads at most tally.CAP rows, which an index finds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    CharField,
    DateTimeField,
    Exists,
    F,
    IntegerField,
    Model,
    OuterRef,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Now
from django.urls import reverse
from django.utils.text import Truncator

from admin.columns import list_url
from inbox.models import AuditEntry, Draft, Lead, OutboundSend, WebhookDelivery
from inbox.webhooks import contract_watch
from inbox.webhooks.replay import REPAIRED
from jobs import joblist, tally
from jobs.display import counted
from jobs.joblist import FAILURES
from jobs.kinds import in_words
from jobs.models import BackgroundJob, Tick
from jobs.tally import Tally

DELIVERIES_FOR = timedelta(days=7)
DECISIONS = 6
Verdict = WebhookDelivery.Verdict
Row = TypeVar("Row", bound=Model)
Scope = Sequence[UUID] | None
"""The ids of the workspaces that the user may see; None means all workspaces."""


def read(parts: Sequence[str], scope: Scope) -> dict[str, list[Tally]]:
    """Returns the tallies of `parts` in `scope`, read by one query, latest first. The dict has every key of PARTS."""
    tallies: dict[str, list[Tally]] = {name: [] for name in PARTS}
    for row in tally.read(PARTS[name](scope) for name in parts):
        tallies[row.part].append(row)
    return tallies


def within(rows: QuerySet[Row], scope: Scope) -> QuerySet[Row]:
    """Returns the `rows` whose workspace is in `scope`, or all rows if `scope` is None."""
    return rows if scope is None else rows.filter(workspace__in=scope)


def in_trouble(deliveries: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
    """Returns the `deliveries` of the last 7 days that were rejected or failed, and that no later run repaired."""
    settled = WebhookDelivery.objects.filter(replay_of=OuterRef("pk"), verdict__in=REPAIRED)
    troubled = deliveries.filter(
        verdict__in=[Verdict.FAILED, Verdict.REJECTED], received_at__gt=Now() - DELIVERIES_FOR
    )
    return troubled.exclude(Exists(settled))


def _deliveries(scope: Scope) -> QuerySet[Any, Any]:
    rows = tally.latest(in_trouble(within(WebhookDelivery.objects.all(), scope)), "received_at")
    by = {
        "title": Cast("reason", TextField()),
        "about": Cast("source", TextField()),
        "key": Cast("verdict", TextField()),
    }
    return tally.grouped(rows, "deliveries", at="received_at", by=by)


def _sends(scope: Scope) -> QuerySet[Any, Any]:
    unknown = within(OutboundSend.objects.filter(state=OutboundSend.State.UNKNOWN), scope)
    return tally.grouped(tally.oldest(unknown, "created_at"), "sends", at="created_at")


def _unread(scope: Scope) -> QuerySet[Any, Any]:
    waiting = within(Lead.objects.filter(awaiting_model=True, sample=False), scope)
    return tally.grouped(tally.oldest(waiting, "last_inbound_at"), "unread", at="last_inbound_at")


def _drafts(scope: Scope) -> QuerySet[Any, Any]:
    samples = Lead.objects.filter(sample=True)  # few leads; a join would read the leads of all drafts
    pending = within(Draft.objects.filter(status=Draft.Status.PENDING).exclude(lead__in=samples), scope)
    return tally.grouped(tally.oldest(pending, "created_at"), "drafts", at="created_at")


def _decisions(scope: Scope) -> QuerySet[Any, Any]:
    latest = within(AuditEntry.objects.all(), scope).order_by("-pk" if scope is None else "-created_at")
    rows = AuditEntry.objects.filter(pk__in=latest[:DECISIONS].values("pk"))
    by = {
        "title": Cast("action", TextField()),
        "about": Coalesce(Cast("actor__email", TextField()), tally.text("")),
        "key": Cast("pk", TextField()),
    }
    return tally.grouped(rows, "decisions", at="created_at", by=by)


def _ticks(scope: Scope) -> QuerySet[Any, Any]:
    return Tick.objects.order_by().values_list(
        tally.text("ticks"),
        Cast("name", TextField()),
        Cast("error_class", TextField()),
        tally.text(""),
        Cast("overruns", IntegerField()),
        F("started_at"),
        Cast("started_at", DateTimeField()),
        Cast(Value([]), ArrayField(CharField())),
    )


def _contract(scope: Scope) -> QuerySet[Any, Any]:
    rows = contract_watch.news()
    rows = rows if scope is None else rows.filter(integration__workspace__in=scope)
    by = {"title": Cast("source", TextField())}
    return tally.grouped(rows, "contract", at="told_at", by=by, workspace="integration__workspace")


PARTS: dict[str, Callable[[Scope], QuerySet[Any, Any]]] = {
    "cause": joblist.causes,
    "deliveries": _deliveries,
    "contract": _contract,
    "sends": _sends,
    "unread": _unread,
    "drafts": _drafts,
    "decisions": _decisions,
    "ticks": _ticks,
}


WORDS = 90
"""The most characters of an error in the line of a cause. The linked list shows the whole error."""

NAMED = 2
"""The most workspaces that the line of a cause names."""


@dataclass(frozen=True, slots=True)
class CauseLine:
    """One line of an admin page for rows that failed for the same reason. `key` is the id of the HTML element, and
    `url` leads to the list of the rows. `fix` is the label of a button that leads to `fix_url`, or "" for no button.
    """

    key: str
    count: str
    title: str
    about: str
    workspaces: str
    since: datetime | None
    url: str
    fix: str = ""
    fix_url: str = ""


def of_jobs(cause: Tally, *, may_retry: bool) -> CauseLine:
    """Returns a line for the failed jobs of one cause. Its title is the error of one of these jobs. Stored errors
    contain no user text (jobs.failures).
    """
    count = counted(cause.count, FAILURES)
    return CauseLine(
        key=f"cause-{cause.key}",
        count=count,
        title=Truncator(cause.title).chars(WORDS) or "Failed without an error",
        about=in_words(cause.about),
        workspaces=whose(cause.workspaces),
        since=cause.first,
        url=list_url(BackgroundJob, state="failed", fingerprint=cause.key),
        fix=f"Retry {count}" if may_retry and cause.key else "",
        fix_url=reverse("admin:jobs_backgroundjob_cause", args=[cause.key]) if cause.key else "",
    )


def whose(names: Sequence[str | None]) -> str:
    """Names the workspaces in which rows failed: at most NAMED names, and the number of the others."""
    workspaces = sorted(name for name in names if name)
    if not workspaces:
        return "no workspace"
    more = f" and {len(workspaces) - NAMED} more" if len(workspaces) > NAMED else ""
    return ", ".join(workspaces[:NAMED]) + more
