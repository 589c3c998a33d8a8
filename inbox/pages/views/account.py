"""The pages of a person's account: log in, passwords, home and preferences."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, PasswordChangeView, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import FormView, TemplateView

from inbox.models import Membership, User
from inbox.pages import browser_notices
from inbox.pages.access import LAST_WORKSPACE, signed_in
from inbox.pages.forms.login import ChangePasswordForm, ForgottenForm, LoginForm, NameForm, NewPasswordForm
from inbox.pages.forms.notices import NoticesForm
from inbox.pages.safe_next import next_url
from inbox.pages.team import desks_of
from inbox.pages.throttling import may_ask_for_link
from inbox.workspaces import invitations, people
from integrations.mail import is_off

NOTICES = "/account/#notices"


class Login(LoginView):
    """The log-in page, by e-mail address. If the person does not tick `remember`, the session ends with the browser."""

    authentication_form = LoginForm

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        if not form.cleaned_data["remember"]:
            self.request.session.set_expiry(0)
        return response


class Account(FormView):  # type: ignore[type-arg]
    """`/account/`: the page on which the logged-in user says what colleagues call them, and until when they are
    away.
    """

    template_name = "registration/account.html"
    form_class = NameForm
    success_url = reverse_lazy("account")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"instance": signed_in(self.request)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        desks, browser = desks_of(signed_in(self.request)), browser_notices.chosen(self.request)
        forms = [NoticesForm(instance=member, prefix=f"notices-{member.pk}") for member, _ in desks]
        return super().get_context_data(**kwargs, desks=desks, told=forms, browser=browser, mail_off=is_off())

    def form_valid(self, form: NameForm) -> HttpResponse:
        user = form.save()
        messages.success(self.request, f"You are {user.name} from now on.")
        return super().form_valid(form)


@require_POST
def notices(request: HttpRequest) -> HttpResponse:
    """`/account/notices/`: stores what the user is told of each workspace; with `everywhere`, the id of one of their
    memberships, what they chose there for all of them.
    """
    members = {str(member.pk): member for member, _ in desks_of(signed_in(request))}
    pattern = request.POST.get("everywhere")
    prefixed = [(pattern or key, member) for key, member in members.items()]
    forms = [NoticesForm(request.POST, instance=member, prefix=f"notices-{key}") for key, member in prefixed]
    if (pattern is None or pattern in members) and all(form.is_valid() for form in forms):
        for form in forms:
            form.save()
        messages.success(request, "Saved.")
    else:
        messages.error(request, "Not saved: choose from the lists.")
    return redirect(NOTICES)


@require_POST
def notices_here(request: HttpRequest) -> HttpResponse:
    """`/account/notices/browser/`: whether the browser that asks tells the user what is for them, as `do` says: on,
    sound or off.
    """
    response = redirect(NOTICES)
    browser_notices.choose(response, signed_in(request).pk, request.POST.get("do", ""))
    return response


class PasswordChange(PasswordChangeView):
    """The page on which a person who knows their password changes it."""

    template_name = "registration/password.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("home")
    extra_context = {"heading": "Change your password", "act": "Change password"}

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        messages.success(self.request, "Your password is changed.")
        return super().form_valid(form)


@method_decorator(login_not_required, name="dispatch")
class PasswordForgotten(FormView):  # type: ignore[type-arg]
    """The page on which a person asks for a mailed link to set a new password. A job sends the mail, so the answer
    takes equally long for every address.
    """

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
    """The page after a person asked for a mailed link to set a password. It says the same
    whether or not the address has an account.
    """

    template_name = "registration/password_mailed.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"mail_off": is_off()}


class PasswordNew(PasswordResetConfirmView):
    """The page behind a link for setting a password, which was mailed or handed over. The
    person chooses a password and is logged in.
    """

    template_name = "registration/password.html"
    form_class = NewPasswordForm
    token_generator = people.password_tokens
    success_url = reverse_lazy("home")
    post_reset_login = True
    post_reset_login_backend = "django.contrib.auth.backends.ModelBackend"
    extra_context = {"heading": "Choose a password", "act": "Set password"}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """`/`: redirects to the inbox of the workspace that the user saw last, or of the first one. A
    user without a workspace gets a plain page.

    Invitations that wait for an answer come first, unless the query string has `later`.
    """
    memberships = Membership.objects.filter(user=signed_in(request)).order_by("workspace__name")
    last = request.session.get(LAST_WORKSPACE)
    membership = (last and memberships.filter(workspace_id=last).first()) or memberships.first()
    if "later" not in request.GET and invitations.waiting_for(signed_in(request)).exists():
        return redirect("invitations")
    if membership is None:
        return render(request, "registration/no_workspace.html")
    return redirect("inbox:list", membership.workspace_id)


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Stores the user's `theme` ("", "light", "dark"), `density` ("", "compact") or whether shortcuts of one key are on
    (`single_keys`: "on", "off"), and goes back to `next`.
    """
    changes: dict[str, str | bool] = {}
    if request.POST.get("theme") in User.Theme.values:
        changes["theme"] = request.POST["theme"]
    if request.POST.get("density") in User.Density.values:
        changes["density"] = request.POST["density"]
    if request.POST.get("single_keys") in ("on", "off"):
        changes["single_key_shortcuts"] = request.POST["single_keys"] == "on"
    if changes:
        User.objects.filter(pk=signed_in(request).pk).update(**changes)
    return HttpResponseRedirect(next_url(request, "/"))
