"""The forms of saved views."""

from django import forms

from inbox.models.saved_view import NAME_CHARS, QUERY_CHARS


class RenameForm(forms.Form):
    """The form with a saved view's name."""

    name = forms.CharField(
        max_length=NAME_CHARS,
        error_messages={
            "required": "Give the view a name.",
            "max_length": f"The name is too long: at most {NAME_CHARS} letters.",
        },
    )

    def problem(self) -> str:
        """The first error of the form, as one sentence for people. The form must have an error."""
        return str(next(iter(next(iter(self.errors.values())))))


class SaveForm(RenameForm):
    """The form that saves the list with the query string `query` under a name; `shared`: for all of the workspace."""

    query = forms.CharField(
        max_length=QUERY_CHARS, error_messages={"max_length": "That are too many filters to save."}
    )
    shared = forms.BooleanField(required=False)
