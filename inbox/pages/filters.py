"""The filters of the inbox list: channel, campaign, assignee, tag, score and search. Each is a parameter of the URL."""

from typing import Any

from django.db.models import QuerySet
from django_filters import CharFilter, ChoiceFilter, FilterSet, ModelChoiceFilter

from inbox.models import Campaign, Lead
from inbox.models.lead import Channel, Tag
from inbox.pages.access import WorkspaceRequest
from inbox.pages.team import team_of

SEARCH_LIMIT = 200
NOBODY = "nobody"
SCORES = [("4", "4"), ("3", "3 or more"), ("2", "2 or more"), ("1", "1 or more")]


def _campaigns(request: WorkspaceRequest) -> QuerySet[Campaign]:
    return Campaign.objects.filter(workspace=request.workspace)


class LeadFilter(FilterSet):  # type: ignore[misc]  # django-filter has no types
    """The filters of the inbox's list of conversations, for leads of `request.workspace`.
    Campaigns and members of other workspaces cannot be chosen. `q` leaves the leads as they are, because a
    search has an order of its own (`inbox.pages.search`).
    """

    channel = ChoiceFilter(
        field_name="last_channel", choices=Channel.choices, label="Channel", empty_label="Any"
    )
    campaign = ModelChoiceFilter(queryset=_campaigns, label="Campaign", empty_label="Any")
    assignee = ChoiceFilter(method="of_assignee", label="Assigned to", empty_label="Anybody")
    tag = ChoiceFilter(choices=Tag.choices, label="Tag", empty_label="Any")
    score = ChoiceFilter(lookup_expr="gte", choices=SCORES, label="Score", empty_label="Any")
    q = CharFilter(method="search", label="Search", max_length=SEARCH_LIMIT)

    class Meta:
        model = Lead
        fields = ["channel", "campaign", "assignee", "tag", "score"]

    def __init__(self, data: Any, queryset: QuerySet[Lead], *, request: WorkspaceRequest) -> None:
        super().__init__(data, queryset, request=request)
        mates = [(str(mate.membership_id), mate.name) for mate in team_of(request).members]
        self.filters["assignee"].extra["choices"] = [(NOBODY, "Nobody"), *mates]

    def of_assignee(self, queryset: QuerySet[Lead], _name: str, value: str) -> QuerySet[Lead]:
        if value == NOBODY:
            return queryset.filter(assigned_to=None)
        mates = team_of(self.request).members
        return queryset.filter(
            assigned_to__in=[mate.user_id for mate in mates if str(mate.membership_id) == value]
        )

    def search(self, queryset: QuerySet[Lead], _name: str, _value: str) -> QuerySet[Lead]:
        return queryset

    @property
    def words(self) -> str:
        """What is searched for; "" if nothing is."""
        return self.form.cleaned_data.get("q", "").strip() if self.is_valid() else ""

    def active(self) -> list[tuple[str, str, str]]:
        """Every filter of the list of conversations that is set, as (parameter of the URL, label, value in words)."""
        found = []
        for name, value in self.form.cleaned_data.items():
            if value:
                field = self.form.fields[name]
                words = (
                    dict(field.choices).get(value, value)
                    if name in ("channel", "assignee", "tag", "score")
                    else value
                )
                found.append((name, field.label, str(words)))
        return found
