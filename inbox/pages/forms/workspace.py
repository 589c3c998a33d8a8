"""The forms for a workspace's settings and for inviting people."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from inbox.models import Membership, Workspace
from inbox.pages.forms.places import COUNTRIES, time_zones
from inbox.pages.forms.posted_text import PostedText
from inbox.pages.team import Team

AWAY_DAYS = 366
TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class ChangedColumnsForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form of a workspace that writes only the columns that were changed in it.

    Meanwhile somebody may have stopped all sends, or erased a person: a row that is written whole would undo both.
    """

    def save(self, commit: bool = True) -> Workspace:
        workspace: Workspace = super().save(commit=False)
        if commit:
            workspace.save(update_fields=self.changed_data)
        return workspace


class WorkspaceForm(ChangedColumnsForm):
    """The form with a workspace's settings: its name, who answers and about what, when and how
    much is sent.
    """

    timezone = forms.ChoiceField(
        label="Time zone", help_text="Business hours and every time on these pages go by it."
    )
    phone_region = forms.ChoiceField(
        label="Country of phone numbers",
        help_text="For numbers that are written without a country.",
        choices=[(code, f"{name} ({code})") for code, name in COUNTRIES.items()],
    )

    class Meta:
        model = Workspace
        fields = (
            "name",
            "timezone",
            "phone_region",
            "persona_name",
            "tone",
            "signature",
            "service_description",
            "opens_at",
            "closes_at",
            "undo_send_s",
            "daily_send_cap",
            "assign_in_turn",
            "health_emails",
        )
        labels = {
            "persona_name": "Answers are written by",
            "service_description": "What you offer, with the facts that answers may use",
            "opens_at": "Opens at",
            "closes_at": "Closes at",
            "undo_send_s": "Seconds in which a message that was sent can be taken back",
            "daily_send_cap": "Answers a day that may go out by themselves",
            "assign_in_turn": "Give interested leads to the people who take leads, in turn",
            "health_emails": "Tell owners and admins of a broken account by e-mail too",
        }
        help_texts = {
            "service_description": "Nothing that is not said here or in the conversation is promised in an answer.",
            "undo_send_s": "0 to 60. 0: it goes out at once.",
            "closes_at": "Monday to Friday.",
            "assign_in_turn": "",
            "health_emails": "At most once per account in 24 hours. Without Slack they are told by e-mail anyway.",
        }
        field_classes = {"signature": PostedText, "service_description": PostedText}
        widgets = {
            "opens_at": TIME,
            "closes_at": TIME,
            "signature": forms.Textarea(attrs={"rows": 4}),
            "service_description": forms.Textarea(attrs={"rows": 8, "maxlength": 8000}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted({*time_zones(), self.instance.timezone})  # an old name, such as US/Eastern, may be set
        self.fields["timezone"].choices = [(zone, zone) for zone in zones]  # type: ignore[attr-defined]


class RetentionForm(ChangedColumnsForm):
    """The form that says how long a workspace keeps messages, raw bodies and records of model calls, in days."""

    class Meta:
        model = Workspace
        fields = ("keep_messages_days", "keep_bodies_days", "keep_model_calls_days")
        labels = {
            "keep_messages_days": "Days to keep messages",
            "keep_bodies_days": "Days to keep the raw bodies of webhooks",
            "keep_model_calls_days": "Days to keep the records of calls to the model",
        }
        help_texts = {
            "keep_messages_days": "30 to 3650; empty: for good. Their drafts, sends and notes go too. Leads, "
            "opt-outs, and what is suspected and not decided yet stay.",
            "keep_bodies_days": "0 to 30. 0: until the next hourly run.",
            "keep_model_calls_days": "1 to 3650; empty: for good. They have costs and outcomes, and no text.",
        }


class PersonForm(forms.Form):
    """The form that invites a person to a workspace: e-mail address and role."""

    email = forms.EmailField(label="Email")
    role = forms.ChoiceField(choices=Membership.Role.choices, initial=Membership.Role.MEMBER)


class AwayForm(forms.Form):
    """The form that says until which day a member is away (the day on which they are back), and who gets their
    conversations: the id of a colleague's membership, or "" for nobody yet.
    """

    until = forms.DateField(
        error_messages={
            "required": "Away until: pick the day on which you are back.",
            "invalid": "Away until: give a date as 2027-01-31.",
        }
    )
    to = forms.TypedChoiceField(
        coerce=int, empty_value=None, required=False, error_messages={"invalid_choice": "Choose a colleague."}
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        heirs = [(mate.membership_id, mate.name) for mate in team.heirs]
        self.fields["to"].choices = [("", ""), *heirs]  # type: ignore[attr-defined]  # it is a ChoiceField

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        today = timezone.localdate()
        if not today < until <= today + timedelta(days=AWAY_DAYS):
            raise forms.ValidationError("Away until: pick a day from tomorrow to a year from now.")
        return until

    def problem(self) -> str:
        """The first error, as one sentence for people."""
        return str(next(iter(next(iter(self.errors.values())))))
