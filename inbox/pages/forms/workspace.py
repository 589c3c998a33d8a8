"""The forms for a workspace's settings and for inviting people."""

from django import forms

from inbox.models import Membership, Workspace

TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form with a workspace's settings: its name, who answers and about what, when and how
    much is sent, and how long data is kept.
    """

    class Meta:
        model = Workspace
        fields = (
            "name",
            "timezone",
            "phone_region",
            "persona_name",
            "tone",
            "signature",
            "service_description",
            "opens_at",
            "closes_at",
            "daily_send_cap",
            "assign_in_turn",
            "keep_bodies_days",
            "health_emails",
        )
        labels = {
            "timezone": "Time zone",
            "phone_region": "Country of phone numbers",
            "persona_name": "Answers are written by",
            "service_description": "What you offer, with the facts that answers may use",
            "opens_at": "Opens at",
            "closes_at": "Closes at",
            "daily_send_cap": "Answers a day that may go out by themselves",
            "assign_in_turn": "Give interested leads to the people who take leads, in turn",
            "keep_bodies_days": "Days to keep the raw bodies of webhooks",
            "health_emails": "Tell owners and admins of a broken account by e-mail too",
        }
        help_texts = {
            "timezone": "As in America/New_York. Business hours and every time on these pages go by it.",
            "phone_region": "Two letters, as in US: for numbers that are written without a country.",
            "service_description": "Nothing that is not said here or in the conversation is promised in an answer.",
            "closes_at": "Monday to Friday.",
            "assign_in_turn": "",
            "keep_bodies_days": "0 to 30. 0: until the next hourly run.",
            "health_emails": "At most once per account in 24 hours. Without Slack they are told by e-mail anyway.",
        }
        widgets = {
            "opens_at": TIME,
            "closes_at": TIME,
            "signature": forms.Textarea(attrs={"rows": 4}),
            "service_description": forms.Textarea(attrs={"rows": 8, "maxlength": 8000}),
        }

    def clean_phone_region(self) -> str:
        return str(self.cleaned_data["phone_region"]).upper()


class PersonForm(forms.Form):
    """The form that invites a person to a workspace: e-mail address and role."""

    email = forms.EmailField(label="Email")
    role = forms.ChoiceField(choices=Membership.Role.choices, initial=Membership.Role.MEMBER)
