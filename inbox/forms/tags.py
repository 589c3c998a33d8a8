"""What a reply really means, as a person says, and of which tags people are told."""

from datetime import datetime

from django import forms
from django.utils import timezone

from inbox.understanding.tags import SAID

TAGS = [(str(tag), str(tag)) for tag in SAID]


class CorrectionForm(forms.Form):
    """The right tag, and why, if they like to say."""

    tag = forms.ChoiceField(choices=TAGS, label="What it means")
    reason = forms.CharField(max_length=300, required=False, label="Why (optional)")


class SuspicionForm(forms.Form):
    """Whether a reply is what it may be."""

    answer = forms.ChoiceField(
        choices=[("yes", "It is"), ("no", "It is not")],
        error_messages={
            "required": "Say whether it is: answer yes or no.",
            "invalid_choice": "“%(value)s” is no answer: say yes or no.",
        },
    )


class AlikeForm(forms.Form):
    """What a dry run has shown: by which decision, and up to when replies had come."""

    decision = forms.UUIDField()
    until = forms.DateTimeField()

    def clean_until(self) -> datetime:
        return min(self.cleaned_data["until"], timezone.now())


class NoticeForm(forms.Form):
    """The tags of which the workspace's Slack is told."""

    tags = forms.MultipleChoiceField(
        choices=TAGS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "%(value)s is no tag: choose from the list."},
    )
