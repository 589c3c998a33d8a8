"""Notices to one person: the events that each workspace tells them, and whether this browser shows them.

A browser keeps its choice in a cookie that names the user, because each browser has to allow notices for itself.
"""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from inbox.models import Membership
from inbox.pages.access import signed_in
from inbox.pages.team import desks_of

COOKIE = "notices"
ON, SOUND = "on", "sound"
KEPT_S = 400 * 24 * 3600
"""The longest that browsers keep a cookie."""


def chosen(request: HttpRequest) -> str:
    """ON, SOUND (with a sound), or "" where this browser shows the request's user nothing."""
    user, _, how = request.COOKIES.get(COOKIE, "").partition(".")
    return how if how in (ON, SOUND) and user == str(getattr(request.user, "pk", "")) else ""


def choose(response: HttpResponse, user_id: int, how: str) -> None:
    """Has the browser that gets `response` show notices from now on: ON, SOUND, or anything else for not at all."""
    if how in (ON, SOUND):
        secure = settings.SESSION_COOKIE_SECURE
        cookie = f"{user_id}.{how}"
        response.set_cookie(COOKIE, cookie, max_age=KEPT_S, secure=secure, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(COOKIE, samesite="Lax")


MINUTES = (5, 15, 60)


class NoticesForm(forms.ModelForm):  # type: ignore[type-arg]
    """The events that a workspace tells a member, and the minutes until a mail. Saving writes only these two."""

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


NOTICES = "/account/#notices"


@require_POST
def notices(request: HttpRequest) -> HttpResponse:
    """`/account/notices/`: stores the choices for each workspace. `everywhere`, the id of one membership, applies the
    choice made there to all.
    """
    members = {str(member.pk): member for member, _ in desks_of(signed_in(request))}
    pattern = request.POST.get("everywhere")
    prefixed = [(pattern or key, member) for key, member in members.items()]
    filled = [NoticesForm(request.POST, instance=member, prefix=f"notices-{key}") for key, member in prefixed]
    if (pattern is None or pattern in members) and all(form.is_valid() for form in filled):
        for form in filled:
            form.save()
        messages.success(request, "Saved.")
    else:
        messages.error(request, "Not saved: choose from the lists.")
    return redirect(NOTICES)


@require_POST
def notices_here(request: HttpRequest) -> HttpResponse:
    """`/account/notices/browser/`: stores whether this browser shows notices; `do` is on, sound or off."""
    response = redirect(NOTICES)
    choose(response, signed_in(request).pk, request.POST.get("do", ""))
    return response
