"""The home page, and the account page with the user's name, preferences and notices."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import UpdateView

from inbox.models import Membership, User
from inbox.pages.access import next_url, signed_in
from inbox.pages.forms import ChangedColumnsForm
from inbox.pages.team import desks_of
from inbox.workspaces import invitations
from integrations.mail import is_off


class NameForm(ChangedColumnsForm):
    """The first and last name that colleagues see."""

    class Meta:
        model = User
        fields = ("first_name", "last_name")
        widgets = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
        }


class Account(SuccessMessageMixin, UpdateView):  # type: ignore[type-arg]
    """`/account/`: the user's name, absences and notices."""

    template_name = "registration/account.html"
    form_class = NameForm
    success_url = reverse_lazy("account")
    success_message = "Name saved."

    def get_object(self, queryset: object = None) -> User:
        return signed_in(self.request)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        desks = [
            (member, team, NoticesForm(instance=member, prefix=f"notices-{member.pk}"))
            for member, team in desks_of(signed_in(self.request))
        ]
        browser = chosen(self.request)
        return super().get_context_data(**kwargs, desks=desks, browser=browser, mail_off=is_off())


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """`/`: redirects to the inbox of the user's workspace, or to the list over all of them if there are several.

    A user with open invitations first sees these, unless the query string has `later`. A user without a workspace gets
    a page that says so.
    """
    memberships = Membership.objects.filter(user=signed_in(request))[:2]
    if "later" not in request.GET and invitations.waiting_for(signed_in(request)).exists():
        return redirect("invitations")
    if not memberships:
        return render(request, "registration/no_workspace.html")
    return redirect("desk") if len(memberships) > 1 else redirect("inbox:list", memberships[0].workspace_id)


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Stores `theme`, `density` or `single_keys` of the user, and redirects to `next`.

    `single_keys` is "on" or "off" and switches one-letter shortcuts.
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


COOKIE = "notices"
ON, SOUND = "on", "sound"
KEPT_S = 400 * 24 * 3600
"""The longest time, in seconds, for which browsers store a cookie."""


def chosen(request: HttpRequest) -> str:
    """Returns how this browser shows notices to the request's user: ON, SOUND (with a sound), or "" for not at all."""
    user, _, how = request.COOKIES.get(COOKIE, "").partition(".")
    return how if how in (ON, SOUND) and user == str(getattr(request.user, "pk", "")) else ""


def choose(response: HttpResponse, user_id: int, how: str) -> None:
    """Stores in a cookie how the browser shows notices: ON, SOUND, or any other value for not at all."""
    if how in (ON, SOUND):
        secure = settings.SESSION_COOKIE_SECURE
        cookie = f"{user_id}.{how}"
        response.set_cookie(COOKIE, cookie, max_age=KEPT_S, secure=secure, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(COOKIE, samesite="Lax")


MINUTES = (5, 15, 60)
OF_FORM = {"form": "own-notices"}
"""The HTML attribute that assigns fields to the form of notices, because their table is outside of the form element."""


class NoticesForm(ChangedColumnsForm):
    """The choice of the events that a member is notified about, and of the minutes until a mail."""

    mail_after_min = forms.TypedChoiceField(
        choices=[("", "No"), *((minutes, f"After {minutes} min away") for minutes in MINUTES)],
        coerce=int,
        empty_value=None,
        required=False,
        label="Email me",
        widget=forms.Select(attrs=OF_FORM),
    )

    class Meta:
        model = Membership
        fields = ("tell_about", "mail_after_min")
        widgets = {"tell_about": forms.Select(attrs=OF_FORM)}
        help_texts = {"tell_about": ""}


NOTICES = "/account/#notices"


@require_POST
def notices(request: HttpRequest) -> HttpResponse:
    """`/account/notices/`: stores the choices for each workspace, or those of the membership `everywhere` for all."""
    members = {str(member.pk): member for member, _ in desks_of(signed_in(request))}
    pattern = request.POST.get("everywhere")
    prefixed = [(pattern or key, member) for key, member in members.items()]
    filled = [NoticesForm(request.POST, instance=member, prefix=f"notices-{key}") for key, member in prefixed]
    if (pattern is None or pattern in members) and all(form.is_valid() for form in filled):
        for form in filled:
            form.save()
        messages.success(request, "Saved.")
    else:
        messages.error(request, "Not saved. Choose an option from each list.")
    return redirect(NOTICES)


@require_POST
def notices_here(request: HttpRequest) -> HttpResponse:
    """`/account/notices/browser/`: stores whether this browser shows notices. `do` is on, sound or off."""
    response = redirect(NOTICES)
    choose(response, signed_in(request).pk, request.POST.get("do", ""))
    return response
