"""The form on which a member says what they are told outside of the page."""

from django import forms

from inbox.models import Membership

MINUTES = (5, 15, 60)


class NoticesForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form with what a member of one workspace is told, and after how many minutes by mail. Saving it writes only
    these two.
    """

    mail_after_min = forms.TypedChoiceField(
        choices=[("", "No"), *((minutes, f"After {minutes} minutes away") for minutes in MINUTES)],
        coerce=int,
        empty_value=None,
        required=False,
        label="Mail me",
    )

    class Meta:
        model = Membership
        fields = ("tell_about", "mail_after_min")
        labels = {"tell_about": "Tell me of"}
        help_texts = {"tell_about": ""}

    def save(self, commit: bool = True) -> Membership:
        self.instance.save(update_fields=self._meta.fields)
        return self.instance  # type: ignore[no-any-return]  # django-stubs does not know which model it is
