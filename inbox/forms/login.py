"""Passwords: given to log in or to change, and asked for anew. One sentence for every failure."""

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

from config.throttling import tries_left
from inbox.models import User


class LoginForm(AuthenticationForm):
    """E-mail address (the field keeps Django's name `username`), password, and `remember`."""

    remember = forms.BooleanField(required=False)

    def get_invalid_login_error(self) -> ValidationError:
        """Says how many tries are left, the same whether the address is known or not."""
        text = "That email and password do not match."
        text += _few_left(self.request, self.cleaned_data.get("username"))
        return ValidationError(text, code="invalid_login")


class ChangePasswordForm(PasswordChangeForm):
    """The old password is a log-in, counted like one: a session that was stolen cannot guess it."""

    def __init__(self, user: User, *args, request: HttpRequest, **kwargs) -> None:
        super().__init__(user, *args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        old = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.email, password=old) is None:
            text = "That is not your password." + _few_left(self.request, self.user.email)
            raise ValidationError(text, code="password_incorrect")
        return old


class _Proves:
    """From now on nobody but the owner of the address knows the account's password."""

    def save(self, commit: bool = True) -> User:
        self.user.address_proven_at = timezone.now()
        return super().save(commit)


class NewPasswordForm(_Proves, SetPasswordForm):
    """A password by a link that went to the address, or that an operator handed over."""


class OperatorsPasswordForm(_Proves, AdminPasswordChangeForm):
    """A password that a superuser sets in the admin."""


class ForgottenForm(forms.Form):
    """Whom to mail a link to."""

    email = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "username"}))


def _few_left(request: HttpRequest, username: str) -> str:
    left = tries_left(request, username)
    if not 0 < left <= 3:
        return ""
    return f" {left} {'try is' if left == 1 else 'tries are'} left, then a pause of 15 minutes."
