"""The form for what a person knows of a lead. Values are put into the normal forms in which identities are compared."""

from collections.abc import Callable
from typing import Any

from django import forms

from inbox.leads import facts, identity
from inbox.models import Lead

TAKEN = "Another lead has this. Correct it, or merge the two leads."


class LeadForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form with what is known of a lead: names, numbers and addresses. Each field also carries the value that it
    showed, and only what the person changed is stored.

    So a value that was found while the page was open is not overwritten.
    """

    class Meta:
        model = Lead
        fields = facts.FACTS
        labels = {"first_name": "First name", "last_name": "Last name", "title": "Role"} | {
            name: label for name, label in facts.LABELS.items() if name != "title"
        }
        help_texts = {
            "phone": "With its country code, or as it is dialled in the workspace's country.",
            "linkedin_url": "The address of a person's profile: https://www.linkedin.com/in/…",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean_email(self) -> str:
        return self._normal(
            "email", identity.normal_email, "That is no e-mail address, as in name@example.com."
        )

    def clean_phone(self) -> str:
        region = self.instance.workspace.phone_region
        return self._normal(
            "phone",
            lambda value: identity.normal_phone(value, region),
            "That is no phone number. Write it as +1 555 555 0123.",
        )

    def clean_linkedin_url(self) -> str:
        return self._normal(
            "linkedin_url",
            identity.normal_profile_url,
            "That is no personal profile, as in https://www.linkedin.com/in/name. A company's page is nobody's.",
        )

    def _normal(self, name: str, normal: Callable[[str], str], problem: str) -> str:
        value = self.cleaned_data[name].strip()
        found = normal(value) if value else ""
        if value and not found:
            raise forms.ValidationError(problem)
        return found

    def entered(self) -> dict[str, str]:
        """The new values of the lead's columns that the person changed in the form. The form must be valid."""
        return {name: self.cleaned_data[name] for name in self.changed_data}
