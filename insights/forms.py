"""The forms for a new context pack and for a question about a pack."""

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from inbox.models import Campaign, Workspace
from insights.models import ContextPack

FARTHEST_DAYS = 366
MAX_CAMPAIGNS = 50


class PackForm(forms.Form):
    """The form for a new context pack: its question, its time window, and the campaigns to read."""

    question = forms.CharField(max_length=500, label="Question")
    window = forms.ChoiceField(
        choices=ContextPack.Window.choices, initial=ContextPack.Window.D7, label="Period"
    )
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))
    campaigns = forms.ModelMultipleChoiceField(
        queryset=Campaign.objects.none(),
        required=False,
        label="Campaigns",
        help_text="Leave empty to read all campaigns.",
        widget=forms.CheckboxSelectMultiple,
    )
    keep_fresh = forms.BooleanField(required=False, label="Rebuild automatically when stale")

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        campaigns = self.fields["campaigns"]
        assert isinstance(campaigns, forms.ModelMultipleChoiceField)
        campaigns.queryset = Campaign.objects.filter(workspace=workspace)

    def clean_campaigns(self) -> QuerySet[Campaign]:
        """Returns the chosen campaigns. Raises ValidationError if there are more than MAX_CAMPAIGNS."""
        campaigns: QuerySet[Campaign] = self.cleaned_data["campaigns"]
        if len(campaigns) > MAX_CAMPAIGNS:
            raise forms.ValidationError(f"Choose at most {MAX_CAMPAIGNS} campaigns.")
        return campaigns

    def clean(self) -> dict[str, Any]:
        """Validates the window CUSTOM, which needs two days that are at most FARTHEST_DAYS apart."""
        super().clean()
        values = self.cleaned_data
        if values.get("window") == ContextPack.Window.CUSTOM:
            since, until = values.get("since"), values.get("until")
            if not since or not until:
                self.add_error("since", "Enter the first and last day.")
            elif not timedelta(0) <= until - since <= timedelta(days=FARTHEST_DAYS):
                self.add_error("until", f"Pick a day within {FARTHEST_DAYS} days after “From”.")
        return values

    def custom(self) -> tuple[datetime, datetime] | None:
        """Returns the start of the first day and the end of the last one (aware); None for any window but CUSTOM."""
        if self.cleaned_data["window"] != ContextPack.Window.CUSTOM:
            return None
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return _midnight(since), _midnight(until + timedelta(days=1))


class QuestionForm(forms.Form):
    """The form for a question about a context pack. The page generates `client_token` with the form, so that a form
    that is sent twice asks its question once.
    """

    question = forms.CharField(max_length=500, label="Ask about these conversations")
    client_token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
