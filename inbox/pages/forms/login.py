"""The forms of one's account: log in, change a password, set a new one, one's name. Each kind of failure has one
sentence.
"""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AuthenticationForm,
    PasswordChangeForm,
    SetPasswordForm,
)
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from inbox.models import User
from inbox.pages.throttling import tries_left


class LoginForm(AuthenticationForm):
    """The log-in form: the e-mail address (in the field that Django calls `username`), the password,
    and whether to stay logged in (`remember`).
    """

    remember = forms.BooleanField(required=False)

    def get_invalid_login_error(self) -> ValidationError:
        """The error of a failed log-in, with how many tries are left if they are few. It is the same
        whether or not the address has an account.
        """
        text = "That email and password do not match."
        if self.request is not None:
            text += _few_left(self.request, str(self.cleaned_data.get("username")))
        return ValidationError(text, code="invalid_login")


class ChangePasswordForm(PasswordChangeForm):
    """The form on which a person changes their password. A wrong old password counts as a failed log-in, so that
    somebody with a stolen session cannot guess it.
    """

    def __init__(self, user: User, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        old = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.email, password=old) is None:
            text = "That is not your password." + _few_left(self.request, self.user.email)
            raise ValidationError(text, code="password_incorrect")
        return str(old)


class _Proves:
    """Mixed into forms after which only the owner of the address can know the account's password."""

    user: User

    def save(self, commit: bool = True) -> User:
        self.user.address_proven_at = timezone.now()
        saved: User = super().save(commit)  # type: ignore[misc]  # of the form that it is mixed into
        return saved


class NewPasswordForm(_Proves, SetPasswordForm):  # type: ignore[type-arg]
    """The form on which a person sets a password after following a link that was mailed to them or handed over by an
    operator.
    """


class OperatorsPasswordForm(_Proves, AdminPasswordChangeForm):  # type: ignore[type-arg]
    """The form on which a superuser sets another person's password in the admin."""


class NameForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form on which a person says what colleagues call them: first and last name. With neither, it is the part of
    their address before the @. Saving it writes only these two.
    """

    class Meta:
        model = User
        fields = ("first_name", "last_name")
        widgets = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
        }

    def save(self, commit: bool = True) -> User:
        self.instance.save(update_fields=self._meta.fields)
        return self.instance  # type: ignore[no-any-return]  # django-stubs does not know which model it is


class ForgottenForm(forms.Form):
    """The form with the e-mail address to which a link for setting a new password is mailed."""

    email = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "username"}))


def _few_left(request: HttpRequest, username: str) -> str:
    tries = tries_left(request, username)
    if not 0 < tries <= 3:
        return ""
    return f" {tries} {'try is' if tries == 1 else 'tries are'} left, then a pause of 15 minutes."
