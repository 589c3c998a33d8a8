"""Helpers that several form pages share: a field for text of several lines, and form errors as sentences."""

from collections.abc import Callable
from typing import Any

from django import forms

from inbox.workspaces.own_and_shared import Refused


class PostedText(forms.CharField):
    """A text field that ends lines with "\\n". Browsers post "\\r\\n" (HTML standard, form data), so an unchanged text
    of two lines would otherwise differ from the one that was shown.
    """

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n").replace("\r", "\n") if isinstance(text, str) else text


def first_error(form: forms.BaseForm) -> str:
    """Returns the first error of an invalid form as a sentence for the user."""
    return str(next(iter(form.errors.values()))[0])


def accepts(form: forms.BaseForm, field: str, act: Callable[[], object]) -> bool:
    """Whether `form` was posted and valid, and `act` stored it. If `act` raises Refused, `field` gets the error."""
    if not form.is_valid():
        return False
    try:
        act()
    except Refused as reason:
        form.add_error(field, str(reason))
    return form.is_valid()
