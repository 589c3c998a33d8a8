"""Defines the folders of the inbox. A folder's list and its count use the same queryset, so they always agree."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject
from django.utils import timezone

from inbox.leads import assigning, notes
from inbox.models import Draft, Lead, LeadLabel, OutboundSend, Workspace
from inbox.models.lead import DECLINES, HOT_SCORE, PROMISED, WAITS_SINCE, WORTH

COUNT_LIMIT = 999
Ids = Collection[UUID]
"""The id of one workspace, or the ids of all workspaces that a user may see together."""
DECLINED = Q(tag__in=DECLINES)
UNSETTLED = (OutboundSend.State.FAILED, OutboundSend.State.UNKNOWN)


class Folder(NamedTuple):
    """A folder. `empty` is the headline of the folder's empty list, and `why` the sentence below the headline.
    `incoming`: providers fill the folder. `of_user` filters a user's own folder. `leaves` names the decisions that
    remove a conversation from the folder. A `tab` is also among the tabs over every list, in the order of FOLDERS. A
    list that `rises` begins with the oldest message.
    """

    key: str
    label: str
    icon: str
    empty: str
    why: str
    condition: Callable[[Ids], Q]
    counted: bool = True
    incoming: bool = False
    of_user: Callable[[Ids, int], Q] | None = None
    leaves: str = ""
    tab: bool = False
    rises: bool = False


def _awake() -> Q:
    return Q(snoozed_until=None) | Q(snoozed_until__lte=timezone.now())


def _pending(workspaces: Ids, **fields: object) -> QuerySet[Any]:
    return Draft.objects.filter(workspace__in=workspaces, status=Draft.Status.PENDING, **fields).values(
        "lead"
    )


def _sends(workspaces: Ids, state: str) -> QuerySet[Any]:
    return OutboundSend.objects.filter(workspace__in=workspaces, state=state).values("lead")


def _kept() -> QuerySet[OutboundSend]:
    return OutboundSend.objects.exclude(state=OutboundSend.State.TAKEN_BACK)


def _to_review(workspaces: Ids) -> Q:
    is_waiting = Q(lead__answered_at=None) | Q(lead__answered_at__lt=F("lead__last_inbound_at"))
    drafts = _pending(workspaces, send_at__isnull=True)
    # An answer on one channel leaves the question that came on another.
    return Q(pk__in=drafts.filter(is_waiting | ~Q(channel=F("lead__last_channel"))))


def _scheduled(workspaces: Ids) -> Q:
    # The query is a union, because an OR of the two conditions would read every lead of the workspace.
    counting_down = _pending(workspaces, send_at__isnull=False)
    states = (OutboundSend.State.INTENT, OutboundSend.State.LATER)
    return Q(pk__in=counting_down.union(*(_sends(workspaces, state) for state in states)))


def _sent(workspaces: Ids) -> Q:
    return Q(pk__in=_sends(workspaces, OutboundSend.State.SENT))


def _with_failure(workspaces: Ids) -> Q:
    later = _kept().filter(lead=OuterRef("lead"), created_at__gt=OuterRef("created_at"))
    last = OutboundSend.objects.filter(~Exists(later), workspace__in=workspaces, state__in=UNSETTLED)
    return Q(pk__in=last.values("lead"))


def _for_user(workspaces: Ids, user_id: int) -> Q:
    # The query is a union, because an OR of the two conditions would read every lead of the workspace.
    calling = notes.unread(workspaces, user_id).values("note__lead")
    return Q(pk__in=calling.union(assigning.handed_to(workspaces, user_id).values("pk")))


FOLDERS = {
    folder.key: folder
    for folder in (
        Folder(
            "needs-reply",
            "Needs reply",
            "inbox",
            "No one’s waiting for a reply",
            "New replies appear here automatically.",
            lambda _: Q(needs_reply=True) & _awake(),
            incoming=True,
            leaves="done snooze",
        ),
        Folder(
            "mine",
            "Mine",
            "user",
            "No one’s waiting for you",
            "Leads assigned to you appear here when they need an answer.",
            lambda _: Q(needs_reply=True) & _awake(),
            incoming=True,
            of_user=lambda _, user_id: Q(assigned_to=user_id),
            leaves="done snooze",
        ),
        Folder(
            "unassigned",
            "Unassigned",
            "team",
            "No unassigned leads",
            "Leads who need an answer and have no assignee appear here.",
            lambda _: Q(needs_reply=True, assigned_to=None) & _awake(),
            incoming=True,
            leaves="done snooze assign",
        ),
        Folder(
            "mentions",
            "For you",
            "lock",
            "Nothing new for you",
            "Mentions and conversations assigned to you appear here until you open them.",
            lambda _: Q(),
            of_user=_for_user,
        ),
        Folder(
            "not-understood",
            "Not understood yet",
            "clock",
            "The model has read every reply",
            "Replies that the model hasn’t read yet appear here.",
            lambda _: Q(awaiting_model=True, tag_decided_by=""),
            incoming=True,
        ),
        Folder(
            "unread",
            "Unread",
            "mail",
            "You’re all caught up",
            "Replies appear here until someone opens them.",
            lambda _: Q(unread=True),
            incoming=True,
            leaves="done snooze",
        ),
        Folder(
            "hot",
            "Hot",
            "hot",
            "No hot replies waiting",
            "The next one appears here automatically.",
            lambda _: (
                Q(needs_reply=True, score__gte=HOT_SCORE, opted_out_at=None, bounced_at=None) & _awake()
            ),
            incoming=True,
            leaves="done snooze",
            tab=True,
        ),
        Folder(
            "drafts",
            "Drafts",
            "draft",
            "No drafts to review",
            "When a reply needs an answer, the model drafts one for you to review here.",
            _to_review,
            incoming=True,
            tab=True,
        ),
        Folder(
            "scheduled",
            "Going out",
            "clock",
            "Nothing scheduled",
            "Scheduled messages wait here, so you can still stop them.",
            _scheduled,
            tab=True,
        ),
        Folder(
            "over",
            "Overdue",
            "clock",
            "Nothing’s overdue",
            "Conversations appear here when your answer is later than promised, or more than a day late. "
            "Declined leads count only if you promised an answer.",
            lambda _: Q(needs_reply=True, answer_by__lt=timezone.now()) & _awake() & (PROMISED | ~DECLINED),
            leaves="done snooze",
            tab=True,
            rises=True,
        ),
        Folder(
            "declined",
            "Declined",
            "off",
            "No one has declined",
            "Leads who declined and are still waiting for an answer appear here.",
            lambda _: Q(needs_reply=True) & DECLINED & _awake(),
            leaves="done snooze tag",
            tab=True,
        ),
        Folder(
            "snoozed",
            "Snoozed",
            "snooze",
            "Nothing snoozed",
            "Press h on a conversation to hide it until later.",
            lambda _: Q(snoozed_until__gt=timezone.now()),
            leaves="done",
        ),
        Folder(
            "sent",
            "Sent",
            "send",
            "Nothing sent yet",
            "Your answers appear here once they’re sent.",
            _sent,
            counted=False,
        ),
        Folder(
            "all",
            "All",
            "menu",
            "No conversations yet",
            "Everyone who writes to you appears here.",
            lambda _: Q(),
            counted=False,
            incoming=True,
        ),
        Folder(
            "failed",
            "Failed to send",
            "fail",
            "No failed sends",
            "Messages that a provider refused appear here with the reason, so you can try again.",
            _with_failure,
        ),
    )
}
DEFAULT_FOLDER = "needs-reply"
TABS = [folder for folder in FOLDERS.values() if folder.tab]


def ids_of(workspaces: Workspace | Ids) -> Ids:
    return [workspaces.pk] if isinstance(workspaces, Workspace) else workspaces


def leads_in(workspaces: Workspace | Ids, key: str, user_id: int | None = None) -> QuerySet[Lead]:
    """Returns the leads with messages in the folder `key`; in a personal one, those of `user_id`. Raises KeyError."""
    ids, of_user = ids_of(workspaces), FOLDERS[key].of_user
    leads = Lead.objects.filter(FOLDERS[key].condition(ids), workspace__in=ids, last_message_at__isnull=False)
    if of_user is None:
        return leads
    return leads.filter(of_user(ids, user_id)) if user_id is not None else leads.none()


DUE = 5
"""The worth of a lead that stands by the time at which its answer is due: above every score."""


def by_worth(leads: QuerySet[Lead], folder: str) -> list[QuerySet[Any]]:
    """Returns the leads of `folder` with their place in a list over workspaces: the highest `worth` first, and then
    the earliest time `since`. An index orders each of the parts.

    *Overdue* begins with the answer that was due first. *Hot* begins with the promises that can still be kept, the one
    that breaks next first.
    """
    due = leads.annotate(worth=Value(DUE), since=F("answer_by"))
    rest = leads.annotate(worth=WORTH, since=WAITS_SINCE)
    if folder == "over":
        return [due]
    promise = PROMISED & Q(answer_by__gte=timezone.now())
    return [due.filter(promise), rest.exclude(promise)] if folder == "hot" else [rest]


class CappedCount(Subquery):
    """An SQL expression that counts the rows of a queryset, up to the limit of its slice."""

    template = "(SELECT count(*) FROM (%(subquery)s) capped)"
    output_field = IntegerField()


def capped_count(queryset: QuerySet[Any]) -> CappedCount:
    """Returns an SQL expression for the number of rows in `queryset`, capped at COUNT_LIMIT + 1."""
    return CappedCount(queryset.order_by().values("pk")[: COUNT_LIMIT + 1])


def leads_looked_at(
    workspace: Workspace, key: str, user_id: int | None = None, end: datetime | None = None
) -> QuerySet[Lead]:
    """Returns the leads that a filtered list examines, with a last message before `end`. For a folder that holds most
    leads, returns all leads, because an index keeps all leads in order.
    """
    leads = leads_in(workspace, key if FOLDERS[key].counted else "all", user_id)
    return leads.filter(last_message_at__lt=end) if end else leads


def oldest_looked_at(looked_at: QuerySet[Lead], limit: int) -> Subquery:
    """Returns an SQL expression for the time of the last message of the lead after the `limit` newest ones, or null."""
    return Subquery(looked_at.order_by("-last_message_at").values("last_message_at")[limit : limit + 1])


def count_since(leads: QuerySet[Lead], oldest: datetime | None) -> CappedCount:
    """Returns the `capped_count` of the leads with a message after `oldest` (None: of all leads). The caller must read
    `oldest` first: with an unknown time, PostgreSQL expects so many rows that it reads all of them.
    """
    return capped_count(leads.filter(last_message_at__gt=oldest) if oldest else leads)


def folder_counts(workspace: Workspace, user_id: int | None = None) -> dict[str, int]:
    """Returns the capped counts of the counted folders by key, with one query. Personal folders count for `user_id`."""
    return read_values(workspace.pk, folder_count_expressions(workspace, user_id))


def folder_count_expressions(
    workspaces: Workspace | Ids, user_id: int | None = None
) -> dict[str, CappedCount]:
    of_member = user_id is not None
    keys = [key for key, folder in FOLDERS.items() if folder.counted and (of_member or not folder.of_user)]
    return {key: capped_count(leads_in(workspaces, key, user_id)) for key in keys}


def read_values(workspace_id: UUID, expressions: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values of SQL expressions about a workspace, by key. One query reads them all."""
    row = Workspace.objects.filter(pk=workspace_id).values_list(*expressions.values()).get()
    return dict(zip(expressions, row, strict=True))


def oldest_not_understood(workspace: Workspace) -> Subquery:
    """Returns an SQL expression for the time of the oldest reply that waits for the model; null if none waits."""
    return Subquery(
        leads_in(workspace, "not-understood").order_by("last_inbound_at").values("last_inbound_at")[:1]
    )


def waiting_in(workspaces: Ids) -> ArraySubquery:
    """Returns an SQL expression for an array with a JSON object for each workspace: its id (`pk`), how many
    conversations in it need a reply (`count`, capped), and since when the one of these that has been quiet for longest
    has waited (`oldest`).
    """
    leads = Lead.objects.filter(
        FOLDERS[DEFAULT_FOLDER].condition(()), workspace=OuterRef("pk"), last_message_at__isnull=False
    )
    oldest = leads.order_by("last_message_at").values_list(WAITS_SINCE)[:1]  # an index has this order
    row = JSONObject(pk="pk", count=capped_count(leads), oldest=Subquery(oldest))
    return ArraySubquery(Workspace.objects.filter(pk__in=workspaces).values(row=row))


def uncertain_count(workspace: Workspace) -> CappedCount:
    return capped_count(OutboundSend.objects.filter(workspace=workspace, state=OutboundSend.State.UNKNOWN))


def with_badges(leads: QuerySet[Lead], workspaces: Workspace | Ids, user_id: int) -> QuerySet[Lead]:
    """Annotates `leads` with the badges of a row for this user: `calls_me`, `given_to_me`, `has_draft`, `sends_at` (the
    time at which the newest draft goes out automatically), `send_state` (of the newest send that was not taken back)
    and `labels` (name and colour).
    """
    drafts = Draft.objects.filter(lead=OuterRef("pk"), status=Draft.Status.PENDING).order_by("-created_at")
    on = LeadLabel.objects.filter(lead=OuterRef("pk"), state=LeadLabel.State.ON).order_by("decided_at", "pk")
    newest = _kept().filter(lead=OuterRef("pk")).order_by("-created_at")
    return leads.annotate(
        calls_me=notes.calls_user(ids_of(workspaces), user_id),
        given_to_me=assigning.given_to(user_id),
        has_draft=Exists(drafts),
        sends_at=Subquery(drafts.values("send_at")[:1]),
        send_state=Subquery(newest.values("state")[:1]),
        labels=ArraySubquery(on.values(row=JSONObject(name="label__name", colour="label__colour"))),
    )
