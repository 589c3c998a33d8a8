"""What a reply really means, as a person says."""

from django import forms

from inbox.understanding.tags import JUDGED


class CorrectionForm(forms.Form):
    """The right tag, and why, if they like to say."""

    tag = forms.ChoiceField(choices=[(str(tag), str(tag)) for tag in JUDGED], label="What it means")
    reason = forms.CharField(max_length=300, required=False, label="Why (optional)")
