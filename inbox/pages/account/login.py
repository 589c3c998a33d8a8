"""Log-in and passwords: the pages and their forms. Each kind of failure has one message."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AuthenticationForm,
    PasswordChangeForm,
    SetPasswordForm,
)
from django.contrib.auth.mixins import UserPassesTestMixin
from django.contrib.auth.views import LoginView, PasswordChangeView, PasswordResetConfirmView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.generic import FormView, TemplateView

from inbox.models import User
from inbox.pages.access import signed_in
from inbox.pages.account.throttling import may_ask_for_link, tries_left
from inbox.workspaces import people
from integrations.mail import is_off


class LoginForm(AuthenticationForm):
    """The log-in form. The field that Django calls `username` holds the e-mail address."""

    remember = forms.BooleanField(required=False)

    def get_invalid_login_error(self) -> ValidationError:
        """Returns the same error whether or not the address has an account. It names the tries left if they are few."""
        text = "That email and password do not match."
        if self.request is not None:
            text += _few_left(self.request, str(self.cleaned_data.get("username")))
        return ValidationError(text, code="invalid_login")


class ChangePasswordForm(PasswordChangeForm):
    """Changes a password. A wrong old password counts as a failed log-in: a stolen session must not guess it."""

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
    """Mixin for forms that set a password which only the owner of the e-mail address can know."""

    user: User

    def save(self, commit: bool = True) -> User:
        self.user.address_proven_at = timezone.now()
        saved: User = super().save(commit)  # type: ignore[misc]  # of the form that it is mixed into
        return saved


class NewPasswordForm(_Proves, SetPasswordForm):  # type: ignore[type-arg]
    """Sets a password through a link that was mailed to the person or handed over by an operator."""


class OperatorsPasswordForm(_Proves, AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Sets another person's password in the admin."""


class ForgottenForm(forms.Form):
    """Asks for the e-mail address to which the link is mailed."""

    email = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "username"}))


def _few_left(request: HttpRequest, username: str) -> str:
    tries = tries_left(request, username)
    if not 0 < tries <= 3:
        return ""
    return f" {tries} {'try is' if tries == 1 else 'tries are'} left, then a pause of 15 minutes."


class Login(LoginView):
    """The log-in page. Without `remember`, the session ends when the browser is closed."""

    authentication_form = LoginForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ways = {"company": settings.OIDC_ISSUER, "company_only": settings.OIDC_ONLY}
        return super().get_context_data(**kwargs) | ways

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        if not form.cleaned_data["remember"]:
            self.request.session.set_expiry(0)
        return response


class PasswordChange(UserPassesTestMixin, PasswordChangeView):
    template_name = "registration/password.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("security")
    extra_context = {"heading": "Change your password", "act": "Change password"}

    def test_func(self) -> bool:
        return people.password_opens(signed_in(self.request))

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        messages.success(self.request, "Your password is changed.")
        return super().form_valid(form)


@method_decorator(login_not_required, name="dispatch")
class PasswordForgotten(FormView):  # type: ignore[type-arg]
    """Mails a link for setting a new password. A job sends the mail, so every address gets an equally fast response."""

    template_name = "registration/password.html"
    form_class = ForgottenForm
    success_url = reverse_lazy("password-mailed")
    extra_context = {
        "heading": "Set a new password",
        "said": "We mail you a link to do so.",
        "act": "Mail me the link",
    }

    def form_valid(self, form: ForgottenForm) -> HttpResponse:
        if may_ask_for_link(self.request):
            people.request_password_mail(form.cleaned_data["email"])
        return super().form_valid(form)


@method_decorator(login_not_required, name="dispatch")
class PasswordMailed(TemplateView):
    """The page shown after a user asks for a link. It reads the same whether or not the address has an account."""

    template_name = "registration/password_mailed.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"mail_off": is_off()}


class PasswordNew(PasswordResetConfirmView):
    """The page that a password link opens. Setting the password logs the person in."""

    template_name = "registration/password.html"
    form_class = NewPasswordForm
    token_generator = people.password_tokens
    success_url = reverse_lazy("home")
    post_reset_login = True
    post_reset_login_backend = settings.PASSWORD_BACKEND
    extra_context = {"heading": "Choose a password", "act": "Set password"}
