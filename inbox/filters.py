"""The filters of the inbox list: channel, campaign, tag, score, and the search box. Each is a parameter of the URL."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django_filters import CharFilter, ChoiceFilter, FilterSet, ModelChoiceFilter

from inbox.models import Campaign, Lead
from inbox.models.lead import Channel, Tag
from inbox.search import search_leads

SEARCH_LIMIT = 200
SCORES = [("4", "4"), ("3", "3 or more"), ("2", "2 or more"), ("1", "1 or more")]


def _campaigns(request: HttpRequest) -> QuerySet[Campaign]:
    return Campaign.objects.filter(workspace=request.workspace)


class LeadFilter(FilterSet):
    """Narrows the leads of `request.workspace`; another workspace's campaign is not among the choices."""

    channel = ChoiceFilter(
        field_name="last_channel", choices=Channel.choices, label="Channel", empty_label="Any"
    )
    campaign = ModelChoiceFilter(queryset=_campaigns, label="Campaign", empty_label="Any")
    tag = ChoiceFilter(choices=Tag.choices, label="Tag", empty_label="Any")
    score = ChoiceFilter(lookup_expr="gte", choices=SCORES, label="Score", empty_label="Any")
    q = CharFilter(method="search", label="Search", max_length=SEARCH_LIMIT)

    class Meta:
        model = Lead
        fields = ["channel", "campaign", "tag", "score"]

    def search(self, queryset: QuerySet[Lead], _name: str, value: str) -> QuerySet[Lead]:
        return search_leads(queryset, self.request.workspace, value)

    def active(self) -> list[tuple[str, str, str]]:
        """(parameter, label, value in words) of every filter that is set."""
        found = []
        for name, value in self.form.cleaned_data.items():
            if value:
                field = self.form.fields[name]
                words = (
                    dict(field.choices).get(value, value) if name in ("channel", "tag", "score") else value
                )
                found.append((name, field.label, str(words)))
        return found
