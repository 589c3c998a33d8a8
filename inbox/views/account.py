"""Coming in, going home, and what a person likes."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.views import LoginView, PasswordChangeView, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import FormView, TemplateView

from config.throttling import may_ask_for_link
from inbox import invitations, people
from inbox.access import LAST_WORKSPACE
from inbox.forms.login import ChangePasswordForm, ForgottenForm, LoginForm, NewPasswordForm
from inbox.models import Membership, User
from inbox.safe_next import next_url
from integrations.mail import is_off


class Login(LoginView):
    """Log in by e-mail address. Without `remember` the session ends with the browser."""

    authentication_form = LoginForm

    def form_valid(self, form: LoginForm) -> HttpResponse:
        response = super().form_valid(form)
        if not form.cleaned_data["remember"]:
            self.request.session.set_expiry(0)
        return response


class PasswordChange(PasswordChangeView):
    """A new password for who knows the old one."""

    template_name = "registration/password.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("home")
    extra_context = {"heading": "Change your password", "act": "Change password"}

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        messages.success(self.request, "Your password is changed.")
        return super().form_valid(form)


@method_decorator(login_not_required, name="dispatch")
class PasswordForgotten(FormView):
    """A link by mail, sent by a job: the page takes the same time and says the same for every address."""

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
    template_name = "registration/password_mailed.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"mail_off": is_off()}


class PasswordNew(PasswordResetConfirmView):
    """Behind the link: choose a password, and be in."""

    template_name = "registration/password.html"
    form_class = NewPasswordForm
    token_generator = people.password_tokens
    success_url = reverse_lazy("home")
    post_reset_login = True
    post_reset_login_backend = "django.contrib.auth.backends.ModelBackend"
    extra_context = {"heading": "Choose a password", "act": "Set password"}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The inbox of the workspace the user was in last, or of the first one; a plain page for a user without any.

    Invitations come first, unless the user has asked for `later`.
    """
    own = Membership.objects.filter(user=request.user).order_by("workspace__name")
    last = request.session.get(LAST_WORKSPACE)
    membership = (last and own.filter(workspace_id=last).first()) or own.first()
    if "later" not in request.GET and invitations.waiting_for(request.user).exists():
        return redirect("invitations")
    if membership is None:
        return render(request, "registration/no_workspace.html")
    return redirect("inbox:list", membership.workspace_id)


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Store `theme` ("", "light", "dark") or `single_keys` ("on", "off") and go back to `next`."""
    changes = {}
    if request.POST.get("theme") in User.Theme.values:
        changes["theme"] = request.POST["theme"]
    if request.POST.get("single_keys") in ("on", "off"):
        changes["single_key_shortcuts"] = request.POST["single_keys"] == "on"
    if changes:
        User.objects.filter(pk=request.user.pk).update(**changes)
    return HttpResponseRedirect(next_url(request, "/"))
