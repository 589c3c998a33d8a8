"""Logging in: one sentence for every failure, and a session that ends with the browser unless asked otherwise."""

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_credentials, get_failure_limit
from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError


class LoginForm(AuthenticationForm):
    """E-mail address (the field keeps Django's name `username`), password, and `remember`."""

    remember = forms.BooleanField(required=False)

    def get_invalid_login_error(self) -> ValidationError:
        """Says how many tries are left, the same whether the address is known or not."""
        credentials = get_credentials(username=self.cleaned_data.get("username"))
        limit = get_failure_limit(self.request, credentials)
        left = limit - AxesProxyHandler.get_failures(self.request, credentials)
        text = "That email and password do not match."
        if 0 < left <= 3:
            text += f" {left} {'try is' if left == 1 else 'tries are'} left, then a pause of 15 minutes."
        return ValidationError(text, code="invalid_login")


class ForgottenForm(forms.Form):
    """Whom to mail a link to."""

    email = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "username"}))
