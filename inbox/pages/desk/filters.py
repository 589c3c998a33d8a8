"""The filters of the list of conversations, each a URL parameter, and the leads that match them.

A time in words, such as "last 7 days", means a span of days in the active time zone.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.formats import date_format
from django_filters import CharFilter, ChoiceFilter, DateFilter, FilterSet

from inbox.leads.folders import DEFAULT_FOLDER, FOLDERS, Folder, leads_in, leads_looked_at
from inbox.models import Campaign, Draft, Label, Lead, LeadLabel, OutboundSend, Workspace
from inbox.models.lead import Channel, Tag
from inbox.pages.access import WorkspaceRequest, once, signed_in
from inbox.pages.combined_query import Rows, rows
from inbox.pages.desk.search_terms import leads_with_name
from inbox.pages.team import is_over_all, listed_ids, members_of, team_of

EXAMPLES = (
    "today",
    "yesterday",
    "last 24 hours",
    "last 7 days",
    "last 30 days",
    "this week",
    "last week",
    "this month",
    "last month",
    "older than 2 days",
)
MOST_DAYS = 3_660
UNIT_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_COUNTED = re.compile(r"(?:(?:in )?the )?(?:last|past) (\d{1,4}) (hour|day|week|month|year)s?")
_OLDER = re.compile(r"(?:older|longer|more) than (\d{1,4}) (hour|day|week|month|year)s?(?: ago)?")


@dataclass(frozen=True)
class Span:
    """A span of time that includes `start` and excludes `end`. None means that the span has no limit on that side."""

    start: datetime | None = None
    end: datetime | None = None

    def and_(self, span: "Span") -> "Span":
        starts = [edge for edge in (self.start, span.start) if edge]
        ends = [edge for edge in (self.end, span.end) if edge]
        return Span(max(starts, default=None), min(ends, default=None))


def days(first: date | None, last: date | None) -> Span:
    """Returns the span of whole days from `first` to `last`, both included. None means no limit on that side."""
    return Span(_begin(first) if first else None, _begin(last + timedelta(days=1)) if last else None)


def read(text: str) -> Span | None:
    """Returns the span that `text` means; None if it means none, or reaches back more than ten years.

    "last 7 days" includes today. "older than 2 days" counts from now.
    """
    words = " ".join(text.lower().split())
    if match := _COUNTED.fullmatch(words):
        ago = _length(match)
        return Span(start=_ago(ago, whole_days=match[2] != "hour")) if ago else None
    if match := _OLDER.fullmatch(words):
        ago = _length(match)
        return Span(end=timezone.now() - ago) if ago else None
    return _named(words, timezone.localdate())


def _length(match: re.Match[str]) -> timedelta | None:
    count, unit = int(match[1]), match[2]
    length = timedelta(hours=count) if unit == "hour" else timedelta(days=count * UNIT_DAYS[unit])
    return length if timedelta(0) < length <= timedelta(days=MOST_DAYS) else None


def _ago(length: timedelta, *, whole_days: bool) -> datetime:
    if whole_days:
        return _begin(timezone.localdate() - length + timedelta(days=1))
    return timezone.now() - length


def _named(words: str, today: date) -> Span | None:
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    a_day, a_week = timedelta(days=1), timedelta(days=7)
    by_words = {
        "today": (today, None),
        "yesterday": (today - a_day, today - a_day),
        "this week": (monday, None),
        "last week": (monday - a_week, monday - a_day),
        "this month": (first, None),
        "last month": ((first - a_day).replace(day=1), first - a_day),
    }
    return days(*by_words[words]) if words in by_words else None


def _begin(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


SEARCH_LIMIT = 200
NOBODY, ME = "nobody", "me"
SCORES = [("4", "4"), ("3", "3 or more"), ("2", "2 or more"), ("1", "1 or more")]
WAITS, GOES_OUT, NO_DRAFT = "waits", "goes-out", "none"
DRAFTS = [(WAITS, "Waiting for review"), (GOES_OUT, "Goes out automatically"), (NO_DRAFT, "None")]
CHOSEN = ("workspace", "channel", "campaign", "assignee", "tag", "label", "score", "draft")
"""The filters that offer a list of choices."""
BY_NAME = "="
"""The prefix of a label's name where an id may stand instead. A name may look like an id, so it needs a prefix."""


def choices_in(workspace: Workspace) -> dict[str, Rows]:
    """Returns the choices of the filters "campaign" and "label" as lists that can be read together with others."""
    return {
        "campaign": rows(Campaign.objects.filter(workspace=workspace), "name", "external_id"),
        "label": rows(Label.objects.filter(workspace=workspace), "name"),
    }


def offer(request: WorkspaceRequest, name: str, choices: Iterable[Campaign | Label]) -> None:
    """Sets `choices` as the choices of this request's filter `name`, so that they are not read again."""
    vars(request)[f"choices of {name}"] = [(str(row.pk), str(row)) for row in choices]


def offered(request: WorkspaceRequest, name: str) -> list[tuple[str, str]]:
    """Returns the choices of the filter `name`. Reads them once per request, unless `offer` has set them."""
    if f"choices of {name}" not in vars(request):
        offer(request, name, choices_in(request.workspace)[name].queryset)
    choices: list[tuple[str, str]] = vars(request)[f"choices of {name}"]
    return choices


def labels_over_all(request: WorkspaceRequest) -> list[tuple[UUID, str]]:
    """Returns the ids and names of the labels of all of the user's workspaces, ordered by name."""

    def read() -> list[tuple[UUID, str]]:
        ids = [row.workspace_id for row in members_of(request)]
        return list(Label.objects.filter(workspace__in=ids).values_list("pk", "name"))

    return once(request, "labels over all", read)


def _known_span(text: str) -> None:
    if read(text) is None:
        raise ValidationError(
            f"“{text[:40]}” isn’t a time we understand. Try “last 7 days” or “older than 2 days”."
        )


FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2999, 12, 31)
"""Days outside this range are refused: some have no time in UTC, or no day after them."""


def _day(label: str) -> DateFilter:
    problem = f"{label}: enter a date like 2027-01-31."
    return DateFilter(
        method="as_they_are",
        label=label,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": problem},
        validators=[MinValueValidator(FIRST_DAY, problem), MaxValueValidator(LAST_DAY, problem)],
    )


class LeadFilter(FilterSet):  # type: ignore[misc]  # django-filter has no types
    """The filters for the leads of `request.workspace`. Rows of other workspaces cannot be chosen.

    An invalid value is a form error and never widens the list. `q` does not filter the leads, because a search has its
    own order (inbox.pages.desk.search). The times are those of the newest message; `when` is a time in words.
    """

    channel = ChoiceFilter(
        field_name="last_channel", choices=Channel.choices, label="Channel", empty_label="Any"
    )
    account = CharFilter(
        field_name="last_account",
        lookup_expr="iexact",
        label="Sender account",
        max_length=320,
        widget=forms.TextInput(attrs={"list": "accounts", "autocomplete": "off"}),
    )
    campaign = ChoiceFilter(field_name="campaign_id", label="Campaign", empty_label="Any")
    assignee = ChoiceFilter(method="of_assignee", label="Assigned to", empty_label="Anyone")
    tag = ChoiceFilter(choices=Tag.choices, label="Tag", empty_label="Any")
    label = ChoiceFilter(method="of_label", label="Label", empty_label="Any")
    score = ChoiceFilter(lookup_expr="gte", choices=SCORES, label="Score", empty_label="Any")
    draft = ChoiceFilter(method="of_draft", choices=DRAFTS, label="Draft", empty_label="Any")
    when = CharFilter(
        method="as_they_are",
        label="Last message",
        max_length=40,
        validators=[_known_span],
        widget=forms.TextInput(attrs={"list": "spans", "autocomplete": "off", "placeholder": "last 7 days"}),
    )
    since = _day("From")
    until = _day("To")
    q = CharFilter(method="as_they_are", label="Search", max_length=SEARCH_LIMIT)

    spans = EXAMPLES

    class Meta:
        model = Lead
        fields = ["channel", "account", "campaign", "assignee", "tag", "label", "score", "draft"]

    def __init__(self, data: Any, queryset: QuerySet[Lead], *, request: WorkspaceRequest) -> None:
        over_all = is_over_all(request)
        if over_all:
            data = data.copy()
            data["label"] = data.get("label", "").lower()
        super().__init__(data, queryset, request=request)
        if over_all:
            self._over_all(request)
            return
        self.filters["campaign"].extra["choices"] = lambda: offered(request, "campaign")
        self.filters["label"].extra["choices"] = lambda: offered(request, "label")
        mates = [(str(mate.membership_id), mate.name) for mate in team_of(request).members]
        self.filters["assignee"].extra["choices"] = [(NOBODY, "Nobody"), (ME, "Me"), *mates]

    def _over_all(self, request: WorkspaceRequest) -> None:
        """Adapts the filters to a list over all workspaces: users choose a workspace, and choose labels by name."""
        del self.filters["campaign"]
        self.filters["label"].extra["choices"] = lambda: [(name.lower(), name) for _, name in self.labels]
        self.filters["q"].label = "Name"
        self.filters["assignee"].extra["choices"] = [(NOBODY, "Nobody"), (ME, "You")]
        choices = [(str(row.workspace_id), row.workspace.name) for row in members_of(request)]
        self.filters["workspace"] = ChoiceFilter(
            field_name="workspace", label="Client", empty_label="All", choices=choices
        )

    def filter_queryset(self, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        leads: QuerySet[Lead] = super().filter_queryset(queryset)
        if self.words and is_over_all(self.request):
            leads = leads_with_name(leads, self.words, listed_ids(self.request))
        span = self.span
        if span.start:
            leads = leads.filter(last_message_at__gte=span.start)
        return leads.filter(last_message_at__lt=span.end) if span.end else leads

    def of_assignee(self, queryset: QuerySet[Lead], _name: str, choice: str) -> QuerySet[Lead]:
        if choice == NOBODY:
            return queryset.filter(assigned_to=None)
        if choice == ME:
            return queryset.filter(assigned_to=signed_in(self.request))
        mates = team_of(self.request).members
        return queryset.filter(
            assigned_to__in=[mate.user_id for mate in mates if str(mate.membership_id) == choice]
        )

    def of_label(self, queryset: QuerySet[Lead], _name: str, choice: str) -> QuerySet[Lead]:
        ids: list[Any] = [choice]
        if is_over_all(self.request):
            ids = [label_id for label_id, name in labels_over_all(self.request) if name.lower() == choice]
        on = LeadLabel.objects.filter(label__in=ids, state=LeadLabel.State.ON)
        return queryset.filter(pk__in=on.values("lead"))

    def of_draft(self, queryset: QuerySet[Lead], _name: str, choice: str) -> QuerySet[Lead]:
        drafts = Draft.objects.filter(lead=OuterRef("pk"), status=Draft.Status.PENDING)
        if choice == WAITS:
            return queryset.filter(Exists(drafts.filter(send_at=None)))
        if choice == GOES_OUT:
            sends = OutboundSend.objects.filter(lead=OuterRef("pk"), state=OutboundSend.State.INTENT)
            return queryset.filter(Q(Exists(drafts.filter(send_at__isnull=False))) | Q(Exists(sends)))
        return queryset.filter(~Exists(drafts))

    def as_they_are(self, queryset: QuerySet[Lead], _name: str, _value: object) -> QuerySet[Lead]:
        return queryset

    @property
    def labels(self) -> list[tuple[str, str]]:
        """The ids and names of the workspace's labels, for the dialog about selected rows. Over several workspaces,
        BY_NAME and a name replace the id, and stand for all labels with that name.
        """
        if is_over_all(self.request):
            names = {name.lower(): name for _, name in labels_over_all(self.request)}
            return [(f"{BY_NAME}{name}", name) for name in names.values()]
        return offered(self.request, "label")

    @property
    def words(self) -> str:
        """The search text; "" if there is none."""
        return self.form.cleaned_data.get("q", "").strip() if self.is_valid() else ""

    @property
    def span(self) -> Span:
        """The span that `since`, `until` and `when` set for the newest message together. The filters must be valid."""
        cleaned: dict[str, Any] = self.form.cleaned_data
        in_words = read(cleaned["when"]) if cleaned["when"] else None
        return days(cleaned["since"], cleaned["until"]).and_(in_words or Span())

    @property
    def narrows(self) -> bool:
        """Whether any filter except the search `q` is set; False if a filter is invalid."""
        return any(name != "q" for name, _, _ in self.active()) if self.is_valid() else False

    def active(self) -> list[tuple[str, str, str]]:
        """Returns every filter that is set: its URL parameter, its label, and its value in words."""
        filters = []
        for name, content in self.form.cleaned_data.items():
            if content:
                field = self.form.fields[name]
                words = dict(field.choices).get(content, content) if name in CHOSEN else content
                filters.append(
                    (
                        name,
                        field.label,
                        date_format(words, "j M Y") if isinstance(words, date) else str(words),
                    )
                )
        return filters


ORDER = "last_message_at"


def filtered(request: WorkspaceRequest) -> tuple[Folder, LeadFilter, QuerySet[Lead]]:
    """Returns the folder, the filters and the matching leads for the request's query string. The list over all
    workspaces (`/desk/`) has only the folders that are counted; a search there may be in any folder.

    If there is a search (`LeadFilter.words`), the caller still has to search these leads. Raises Http404 for an unknown
    folder.
    """
    folder = FOLDERS.get(request.GET.get("view", DEFAULT_FOLDER))
    if folder is None or (
        is_over_all(request) and not folder.counted and not request.GET.get("q", "").strip()
    ):
        raise Http404("This folder doesn’t exist.")
    leads = leads_in(listed_ids(request), folder.key, signed_in(request).pk)
    lead_filter = LeadFilter(request.GET, leads, request=request)
    return folder, lead_filter, lead_filter.qs if lead_filter.is_valid() else leads.none()


def looked_at(request: WorkspaceRequest, folder: Folder, lead_filter: LeadFilter) -> QuerySet[Lead] | None:
    """Returns the leads that `keyset_page` may scan for a filtered list (its `among`); None if no filter is set."""
    if not lead_filter.narrows:
        return None
    return leads_looked_at(request.workspace, folder.key, signed_in(request).pk, end=lead_filter.span.end)
