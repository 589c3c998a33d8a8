"""What each folder of the inbox holds. The list and its count ask the same queryset, so they cannot disagree."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from inbox.models import Draft, Lead, OutboundSend, Workspace

COUNT_LIMIT = 99
UNSETTLED = (OutboundSend.State.FAILED, OutboundSend.State.UNKNOWN)


class Folder(NamedTuple):
    """One entry of the inbox navigation; `condition(workspace)` narrows that workspace's leads."""

    key: str
    label: str
    icon: str
    empty: str
    condition: Callable[[Workspace], Q]
    counted: bool = True


def _awake() -> Q:
    return Q(snoozed_until=None) | Q(snoozed_until__lte=timezone.now())


def _pending(workspace: Workspace, **fields: object) -> QuerySet:
    return Draft.objects.filter(workspace=workspace, status=Draft.Status.PENDING, **fields).values("lead")


def _sends(workspace: Workspace, state: str) -> QuerySet:
    return OutboundSend.objects.filter(workspace=workspace, state=state).values("lead")


def _to_review(workspace: Workspace) -> Q:
    return Q(pk__in=_pending(workspace, send_at__isnull=True))


def _scheduled(workspace: Workspace) -> Q:
    # A union, as an OR of the two would read every lead of the workspace.
    counting_down = _pending(workspace, send_at__isnull=False)
    return Q(pk__in=counting_down.union(_sends(workspace, OutboundSend.State.INTENT)))


def _sent(workspace: Workspace) -> Q:
    return Q(pk__in=_sends(workspace, OutboundSend.State.SENT))


def _with_failure(workspace: Workspace) -> Q:
    later = OutboundSend.objects.filter(lead=OuterRef("lead"), created_at__gt=OuterRef("created_at"))
    last = OutboundSend.objects.filter(~Exists(later), workspace=workspace, state__in=UNSETTLED)
    return Q(pk__in=last.values("lead"))


FOLDERS = {
    folder.key: folder
    for folder in (
        Folder(
            "needs-reply",
            "Needs reply",
            "inbox",
            "Nobody waits for a reply.",
            lambda _: Q(needs_reply=True) & _awake(),
        ),
        Folder(
            "not-understood",
            "Not understood yet",
            "clock",
            "No reply waits for the model to read it.",
            lambda _: Q(awaiting_model=True, tag_decided_by=""),
        ),
        Folder("unread", "Unread", "mail", "Everything has been read.", lambda _: Q(unread=True)),
        Folder("drafts", "Drafts to review", "draft", "No draft waits for review.", _to_review),
        Folder(
            "scheduled",
            "Scheduled sends",
            "clock",
            "Nothing is on its way out.",
            _scheduled,
        ),
        Folder(
            "snoozed",
            "Snoozed",
            "snooze",
            "Nothing is snoozed.",
            lambda _: Q(snoozed_until__gt=timezone.now()),
        ),
        Folder(
            "sent",
            "Sent",
            "send",
            "Nothing has been sent from here.",
            _sent,
            False,
        ),
        Folder("all", "All", "menu", "No conversation yet.", lambda _: Q(), False),
        Folder("failed", "Failed to send", "fail", "Every send went through.", _with_failure),
    )
}
DEFAULT_FOLDER = "needs-reply"


def leads_in(workspace: Workspace, key: str) -> QuerySet[Lead]:
    """The conversations of one folder: leads with at least one message. Raises KeyError for an unknown folder."""
    return Lead.objects.filter(
        FOLDERS[key].condition(workspace), workspace=workspace, last_message_at__isnull=False
    )


class CappedCount(Subquery):
    """How many rows a queryset has, counted no further than it is sliced."""

    template = "(SELECT count(*) FROM (%(subquery)s) capped)"
    output_field = IntegerField()


def capped_count(queryset: QuerySet) -> CappedCount:
    """An expression for the size of `queryset`, at most COUNT_LIMIT + 1."""
    return CappedCount(queryset.order_by().values("pk")[: COUNT_LIMIT + 1])


def folder_counts(workspace: Workspace) -> dict[str, int]:
    """The size of every counted folder, at most COUNT_LIMIT + 1 each, in one query."""
    keys = [key for key, folder in FOLDERS.items() if folder.counted]
    counts = [capped_count(leads_in(workspace, key)) for key in keys]
    row = Workspace.objects.filter(pk=workspace.pk).values_list(*counts).get()
    return dict(zip(keys, row, strict=True))


def oldest_not_understood(workspace: Workspace) -> datetime | None:
    """Since when the reply waits that nobody has understood for longest."""
    waiting = leads_in(workspace, "not-understood").order_by("last_inbound_at")
    return waiting.values_list("last_inbound_at", flat=True).first()


def uncertain_count(workspace: Workspace) -> int:
    """How many sends nobody knows the end of, up to COUNT_LIMIT + 1."""
    return OutboundSend.objects.filter(workspace=workspace, state=OutboundSend.State.UNKNOWN)[
        : COUNT_LIMIT + 1
    ].count()


def with_badges(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """`leads` with what a row shows: `has_draft` and `sends_at` of a pending draft, `send_state` of the newest send."""
    drafts = Draft.objects.filter(lead=OuterRef("pk"), status=Draft.Status.PENDING).order_by("-created_at")
    newest = OutboundSend.objects.filter(lead=OuterRef("pk")).order_by("-created_at")
    return leads.annotate(
        has_draft=Exists(drafts),
        sends_at=Subquery(drafts.values("send_at")[:1]),
        send_state=Subquery(newest.values("state")[:1]),
    )
