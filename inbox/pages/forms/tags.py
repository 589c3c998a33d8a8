"""The forms for tags: what a reply really means, what a suspicion is, and of which tags Slack is told."""

from datetime import datetime

from django import forms
from django.utils import timezone

from inbox.leads.tags import SAID

TAGS = [(str(tag), str(tag)) for tag in SAID]


class CorrectionForm(forms.Form):
    """The form with the right tag (what the message wants) of a lead's reply, and optionally why."""

    tag = forms.ChoiceField(choices=TAGS, label="What it means")
    reason = forms.CharField(max_length=300, required=False, label="Why (optional)")


class SuspicionForm(forms.Form):
    """The form on which a person says whether a lead's reply is what the rules suspect it to be, such as an opt-out."""

    answer = forms.ChoiceField(
        choices=[("yes", "It is"), ("no", "It is not")],
        error_messages={
            "required": "Say whether it is: answer yes or no.",
            "invalid_choice": "“%(value)s” is no answer: say yes or no.",
        },
    )


class AlikeForm(forms.Form):
    """The form that applies a person's decision to other replies with the same words. `decision` is its id. `until` is
    the time at which the page counted the replies; a later one than now counts as now.
    """

    decision = forms.UUIDField()
    until = forms.DateTimeField()

    def clean_until(self) -> datetime:
        until: datetime = self.cleaned_data["until"]
        return min(until, timezone.now())


class NoticeForm(forms.Form):
    """The form in which a person ticks tags (a tag says what a reply wants). Slack is told of replies that have one."""

    tags = forms.MultipleChoiceField(
        choices=TAGS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "%(value)s is no tag: choose from the list."},
    )
