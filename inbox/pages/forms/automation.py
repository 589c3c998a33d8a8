"""The form for whether answers may go out without a person."""

from typing import Any

from django import forms

from inbox.models import Campaign, SendingPolicy, Workspace
from inbox.replying import shadow

Mode = SendingPolicy.Mode


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form that says whether drafted answers may go out without a person, in a workspace or one
    campaign. The mode "auto" can be chosen only after people have sent enough drafts unchanged that every
    check would have let out (shadow report).
    """

    class Meta:
        model = SendingPolicy
        fields = ("mode", "confidence_threshold", "min_delay_s", "max_delay_s", "business_hours_only")

        labels = {
            "confidence_threshold": "Confidence asked of the evaluator, 0.5 to 1",
            "min_delay_s": "Shortest delay, in seconds",
            "max_delay_s": "Longest delay, in seconds",
            "business_hours_only": "Only within business hours",
        }
        help_texts = {
            "max_delay_s": "Counted from the lead's message. Until it is over, anybody can stop the countdown."
        }

    def __init__(self, workspace: Workspace, campaign: Campaign | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.workspace, self.instance.campaign = workspace, campaign

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        if values.get("mode") == Mode.AUTO and self.initial.get("mode") != Mode.AUTO:
            row = shadow.row_of(self.instance.workspace, self.instance.campaign)
            if not row.unlocked:
                self.add_error("mode", f"Auto is locked. {row.missing} Use shadow until then.")
        shortest, longest = values.get("min_delay_s"), values.get("max_delay_s")
        if shortest and longest and shortest > longest:
            self.add_error("max_delay_s", "The longest delay must not be shorter than the shortest.")
        return values
