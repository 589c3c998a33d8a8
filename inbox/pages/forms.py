"""Shared by the forms of several matters: a field for text of more than one line, and errors as words."""

from collections.abc import Callable
from typing import Any

from django import forms

from inbox.workspaces.own_and_shared import Refused


class PostedText(forms.CharField):
    """A text field with "\\n" at the end of each line. Browsers post "\\r\\n" (HTML standard, form data), so an
    unchanged text of two lines would otherwise differ from the one that was shown.
    """

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n").replace("\r", "\n") if isinstance(text, str) else text


def first_error(form: forms.BaseForm) -> str:
    """The first error of a form that has one, as a sentence for people."""
    return str(next(iter(form.errors.values()))[0])


def accepts(form: forms.BaseForm, field: str, act: Callable[[], object]) -> bool:
    """Whether `form` was posted and valid, and `act` stored it. Refused becomes an error of `field`."""
    if not form.is_valid():
        return False
    try:
        act()
    except Refused as reason:
        form.add_error(field, str(reason))
    return form.is_valid()
