"""The form field for text of more than one line."""

from typing import Any

from django import forms


class PostedText(forms.CharField):
    """A text field with "\\n" at the end of each line. Browsers post the lines of a textarea with "\\r\\n" (HTML
    standard, form data). Without this, each text of two lines would differ from the one that was shown.
    """

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n").replace("\r", "\n") if isinstance(text, str) else text
