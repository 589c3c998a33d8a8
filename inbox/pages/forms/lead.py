"""The form for what a person knows of a lead. Values are put into the normal forms in which identities are compared."""

from collections.abc import Callable
from typing import Any

from django import forms

from inbox.leads import facts, identity
from inbox.models import Lead

TAKEN = "Another lead has this. Correct it, or merge the two leads."
NO_ADDRESS = "That is no e-mail address, as in name@example.com."
NO_NUMBER = "That is no phone number. Write it as +1 555 555 0123."
MOST = 50
"""How many other addresses, and how many other numbers, a lead may have."""


class LinesField(forms.CharField):
    """A text field that holds a list, one entry a line."""

    widget = forms.Textarea(attrs={"rows": 2})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        before, after = (str(self.prepare_value(lines) or "").splitlines() for lines in (initial, data))
        return before != after


class LeadForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form with what is known of a lead: names, numbers and addresses. Each field also carries the value that it
    showed, and only what the person changed is stored.

    So a value that was found while the page was open is not overwritten.
    """

    alternate_emails = LinesField(
        label="Other addresses of theirs",
        required=False,
        help_text="One a line. What they write from these comes to this conversation.",
    )
    alternate_phones = LinesField(
        label="Other numbers of theirs",
        required=False,
        help_text="One a line. Texts and a STOP from these are this person's. Nothing is sent to them.",
    )

    class Meta:
        model = Lead
        fields = (
            *("first_name", "last_name", "title", "company"),
            *("email", "alternate_emails", "phone", "alternate_phones", "linkedin_url"),
        )
        labels = {"first_name": "First name", "last_name": "Last name", "title": "Role"} | {
            name: label for name, label in facts.LABELS.items() if name != "title"
        }
        help_texts = {
            "email": "Mail that we begin goes here.",
            "phone": "Texts go here. With its country code, or as it is dialled in the workspace's country.",
            "linkedin_url": "The address of a person's profile: https://www.linkedin.com/in/…",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean_email(self) -> str:
        return self._normal("email", identity.normal_email, NO_ADDRESS)

    def clean_alternate_emails(self) -> list[str]:
        return self._lines("alternate_emails", "email", identity.normal_email, NO_ADDRESS)

    def clean_phone(self) -> str:
        return self._normal("phone", self._phone, NO_NUMBER)

    def clean_alternate_phones(self) -> list[str]:
        return self._lines("alternate_phones", "phone", self._phone, NO_NUMBER)

    def _phone(self, number: str) -> str:
        return identity.normal_phone(number, self.instance.workspace.phone_region)

    def clean_linkedin_url(self) -> str:
        return self._normal(
            "linkedin_url",
            identity.normal_profile_url,
            "That is no personal profile, as in https://www.linkedin.com/in/name. A company's page is nobody's.",
        )

    def _normal(self, name: str, normal: Callable[[str], str], problem: str) -> str:
        text = self.cleaned_data[name].strip()
        address = normal(text) if text else ""
        if text and not address:
            raise forms.ValidationError(problem)
        return address

    def _lines(self, name: str, main: str, normal: Callable[[str], str], problem: str) -> list[str]:
        """The values of a field with several, each once, without the one of the column `main`."""
        addresses = {}
        for line in filter(None, map(str.strip, self.cleaned_data[name].splitlines())):
            if not (address := normal(line)):
                raise forms.ValidationError(f"“{line[:40]}”: {problem[0].lower()}{problem[1:]}")
            addresses[address] = True
        addresses.pop(str(self.cleaned_data.get(main)), None)
        if len(addresses) > MOST:
            raise forms.ValidationError(f"{MOST} are the most.")
        return list(addresses)

    def entered(self) -> dict[str, str | list[str]]:
        """The new values of the lead's columns that the person changed in the form. The form must be valid."""
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def shown(self) -> dict[str, list[str]]:
        """The other addresses and numbers that the form showed, by column of the lead."""
        return {
            name: str(self.data.get(self[name].html_initial_name, "")).splitlines()
            for name in facts.ALTERNATES
        }
