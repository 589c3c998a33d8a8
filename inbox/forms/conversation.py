"""What people send from a conversation: an edited draft, a message of their own, a decision, a date."""

from datetime import datetime, time, timedelta

from django import forms
from django.utils import timezone

from inbox.models.lead import Channel
from inbox.triage import Seen

TEXT_LIMIT = 20_000
LEAD_LIMIT = 50
SNOOZE_DAYS_LIMIT = 366


class AnswerForm(forms.Form):
    """The text of a draft as the reviewer wants it sent. `seen_at`: the lead's newest message on their page, if any."""

    seen_at = forms.DateTimeField(required=False)
    text = forms.CharField(
        max_length=TEXT_LIMIT,
        error_messages={
            "required": "Write a text first.",
            "max_length": f"The text is too long: at most {TEXT_LIMIT:,} characters.",
        },
    )


class OwnMessageForm(AnswerForm):
    """A message a person wrote; `client_token` makes a double click one message."""

    channel = forms.ChoiceField(choices=Channel.choices)
    client_token = forms.UUIDField()


class SeenField(forms.Field):
    """One or more leads as the page showed them (inbox.triage.Seen)."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: list[str]) -> list[Seen]:
        try:
            seen = [Seen.parse(text) for text in value or []]
        except ValueError:
            raise forms.ValidationError("That conversation is not one of this workspace.") from None
        if len(seen) > LEAD_LIMIT:
            raise forms.ValidationError(f"At most {LEAD_LIMIT} conversations at once.")
        return seen


class TriageForm(forms.Form):
    """`do` for the leads in `lead`; `until` is a date, or one of the words in SNOOZE_WORDS as `do=snooze:<word>`."""

    ACTIONS = ("done", "unread", "snooze")
    WORDS = {"tomorrow": 1, "week": 7, "month": 30}

    lead = SeenField(error_messages={"required": "Select a conversation first."})
    do = forms.CharField()
    until = forms.DateField(
        required=False, error_messages={"invalid": "Snooze until: give a date as 2027-01-31."}
    )

    def clean_do(self) -> str:
        action, _, word = self.cleaned_data["do"].partition(":")
        if action not in self.ACTIONS or (word and word not in self.WORDS):
            raise forms.ValidationError("There is no such action.")
        return self.cleaned_data["do"]

    def clean(self) -> dict:
        cleaned = super().clean()
        action, _, word = cleaned.get("do", "").partition(":")
        if action == "snooze":
            today = timezone.localdate()
            day = today + timedelta(days=self.WORDS[word]) if word else cleaned.get("until")
            if day is None:
                self.add_error("until", "Snooze until: pick a date.")
            elif not today < day <= today + timedelta(days=SNOOZE_DAYS_LIMIT):
                self.add_error("until", "Snooze until: pick a date from tomorrow to a year from now.")
            cleaned["until"] = day
        return cleaned

    def snooze_until(self, at: time) -> datetime:
        """The chosen day at `at`, in the active (the workspace's) time zone."""
        return timezone.make_aware(datetime.combine(self.cleaned_data["until"], at))

    @property
    def action(self) -> str:
        return self.cleaned_data["do"].partition(":")[0]

    def problem(self) -> str:
        """The first error as one sentence."""
        return next(iter(next(iter(self.errors.values()))))
