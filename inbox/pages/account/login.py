"""The pages and forms for logging in and for passwords. Each kind of failed login has one error message."""

import time
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AuthenticationForm,
    PasswordChangeForm,
    SetPasswordForm,
)
from django.contrib.auth.mixins import UserPassesTestMixin
from django.contrib.auth.views import (
    LoginView,
    PasswordChangeView,
    PasswordResetConfirmView,
    redirect_to_login,
)
from django.contrib.messages.views import SuccessMessageMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django.views.generic import FormView, TemplateView

from inbox.models import User
from inbox.pages.access import signed_in
from inbox.workspaces import people
from inbox.workspaces.identity import PROVEN, Strength, note_proof
from inbox.workspaces.people import password_opens
from inbox.workspaces.second_factor import accepts, complaint, has_factor, has_helper, is_recovery
from inbox.workspaces.throttling import may_ask_for_link, tries_left
from integrations.mail import is_off


class LoginForm(AuthenticationForm):
    """The login form. The field that Django calls `username` holds the email address."""

    remember = forms.BooleanField(required=False)

    def get_invalid_login_error(self) -> ValidationError:
        """Returns the same error for known and unknown addresses, with the number of tries left if it is low."""
        text = "That email and password don’t match."
        if self.request is not None:
            text += _few_left(self.request, str(self.cleaned_data.get("username")))
        return ValidationError(text, code="invalid_login")


class ChangePasswordForm(PasswordChangeForm):
    """Changes a password. A wrong old password counts as a failed login, which limits guesses in a stolen session."""

    def __init__(self, user: User, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        old = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.email, password=old) is None:
            text = "That password is wrong." + _few_left(self.request, self.user.email)
            raise ValidationError(text, code="password_incorrect")
        return str(old)


class _Proves:
    """A mixin for forms that set a password. Saving the form also records that the email address is the person's."""

    user: User

    def save(self, commit: bool = True) -> User:
        self.user.address_proven_at = timezone.now()
        saved: User = super().save(commit)  # type: ignore[misc]  # of the form that it is mixed into
        return saved


class NewPasswordForm(_Proves, SetPasswordForm):  # type: ignore[type-arg]
    """Sets a password through a link that the person got by email or from an operator."""


class OperatorsPasswordForm(_Proves, AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Sets another person's password in the admin."""


class ForgottenForm(forms.Form):
    """Asks for the email address to which a link for a new password is mailed."""

    email = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "username"}))


def _few_left(request: HttpRequest, username: str) -> str:
    tries = tries_left(request, username)
    if not 0 < tries <= 3:
        return ""
    return f" {tries} {'try is' if tries == 1 else 'tries are'} left before a 15-minute pause."


class Login(LoginView):
    """The login page. If the user does not tick `remember`, the session ends when the browser is closed."""

    authentication_form = LoginForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ways = {"company": settings.OIDC_ISSUER, "company_only": settings.OIDC_ONLY}
        return super().get_context_data(**kwargs) | ways

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user, remember = form.get_user(), form.cleaned_data["remember"]
        return enter(self.request, user, self.get_success_url(), remember=remember)


PENDING = "pending"
"""The session key of a login that lacks only the code, with user, password hash, `next`, `remember` and start time."""
PENDING_S = 600


def enter(request: HttpRequest, user: User, next_url: str, *, remember: bool = True) -> HttpResponse:
    """Logs in `user`, whose password was right, and redirects to `next_url`. A user with a second factor must enter a
    code first. Without `remember`, the session ends when the browser is closed.
    """
    if not has_factor(user):
        return _let_in(request, user, next_url, remember)
    request.session.flush()
    password = user.get_session_auth_hash()
    request.session[PENDING] = [user.pk, password, next_url, remember, int(time.time())]
    return redirect("login-code")


def _let_in(request: HttpRequest, user: User, next_url: str, remember: bool) -> HttpResponse:
    login(request, user, backend=settings.PASSWORD_BACKEND)
    if not remember:
        request.session.set_expiry(0)
    return HttpResponseRedirect(next_url)  # `redirect` would take a word for the name of a view


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def login_code(request: HttpRequest) -> HttpResponse:
    """`/login/code/`: asks for a code of the second factor, for up to ten minutes after the password was right."""
    pk, password, next_url, remember, at = request.session.get(PENDING, (None, "", "", False, 0))
    user = User.objects.filter(pk=pk, is_active=True).first()
    is_open = user is not None and time.time() - at < PENDING_S and has_factor(user) and password_opens(user)
    if user is None or not is_open or not constant_time_compare(password, user.get_session_auth_hash()):
        return redirect_to_login(next_url or reverse("home"))
    code = request.POST.get("code", "")
    if request.method == "POST" and accepts(request, user, code):
        del request.session[PENDING]
        response = _let_in(request, user, next_url, remember)
        note_proof(request, Strength.FACTOR)
        if is_recovery(code):
            request.session[PROVEN] = 0  # a recovery code may have been found on paper: ask again
            messages.warning(request, _codes_left(user))
        return response
    error = complaint(user, code) if request.method == "POST" else ""
    context = {"error": error, "next": next_url, "has_helper": has_helper(user)}
    return render(request, "registration/code.html", context)


def _codes_left(user: User) -> str:
    text = "You used a recovery code; {} are left. New phone? <a class='btn small' href='{}?do=phone'>Set it up</a>"
    return format_html(text, user.recovery_codes.count(), reverse("factor"))


class PasswordChange(UserPassesTestMixin, SuccessMessageMixin, PasswordChangeView):  # type: ignore[type-arg]
    template_name = "registration/password.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("security")
    success_message = "Your password has been changed."
    extra_context = {"heading": "Change your password", "act": "Change password"}

    def test_func(self) -> bool:
        return people.password_opens(signed_in(self.request))

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}


@method_decorator(login_not_required, name="dispatch")
class PasswordForgotten(FormView):  # type: ignore[type-arg]
    """Mails a link for setting a password. A job sends the mail, so the response is as fast for unknown addresses."""

    template_name = "registration/password.html"
    form_class = ForgottenForm
    success_url = reverse_lazy("password-mailed")
    extra_context = {
        "heading": "Set a new password",
        "said": "We’ll email you a link.",
        "act": "Email me the link",
    }

    def form_valid(self, form: ForgottenForm) -> HttpResponse:
        if may_ask_for_link(self.request):
            people.request_password_mail(form.cleaned_data["email"])
        return super().form_valid(form)


@method_decorator(login_not_required, name="dispatch")
class PasswordMailed(TemplateView):
    """The page after a request for a password link. It is the same whether or not the address has an account."""

    template_name = "registration/password_mailed.html"
    extra_context = {"mail_off": is_off}


class PasswordNew(PasswordResetConfirmView):
    """The page that a password link opens. Setting the password logs the person in."""

    template_name = "registration/password.html"
    form_class = NewPasswordForm
    token_generator = people.password_tokens
    success_url = reverse_lazy("home")
    extra_context = {"heading": "Choose a password", "act": "Set password"}

    def form_valid(self, form: "SetPasswordForm[User]") -> HttpResponse:
        super().form_valid(form)
        return enter(self.request, form.user, str(self.success_url))
