"""The form of a snippet. Its text is checked as that of a follow-up's step."""

from typing import Any

from django import forms

from inbox.followups import step_text
from inbox.models import Workspace
from inbox.models.snippet import NAME_CHARS, TEXT_CHARS
from inbox.pages.forms.posted_text import PostedText


class SnippetForm(forms.Form):
    """The form with a snippet's name and text. `shares`: the person may give it to everybody in `workspace`."""

    name = forms.CharField(max_length=NAME_CHARS, error_messages={"required": "Give it a name."})
    text = PostedText(
        max_length=TEXT_CHARS,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
        help_text="Write {first_name} where the lead's first name goes, {first_name|there} with a fallback.",
        error_messages={"required": "Write its text."},
    )
    shared = forms.BooleanField(required=False)

    def __init__(self, workspace: Workspace, *args: Any, shares: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace
        if not shares:
            del self.fields["shared"]

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"])
        if problem := step_text.problem(text, self.workspace):
            raise forms.ValidationError(problem)
        return text
