"""The pages on which users change the password, set up a second factor, and see where they are logged in."""

import segno
from django.contrib import messages
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox.models import audit
from inbox.models.session import end_sessions
from inbox.pages.access import asks_again, next_url, signed_in
from inbox.workspaces import second_factor
from inbox.workspaces.identity import Strength, note_proof, strength_of_log_in
from inbox.workspaces.people import password_opens
from inbox.workspaces.second_factor import required_by
from inbox.workspaces.sessions import sessions_of


@never_cache
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """`/account/security/`: shows the user's second factor and sessions."""
    user = signed_in(request)
    context = {
        "sessions": sessions_of(user),
        "here": request.session.session_key,
        "required_by": required_by(user),
        "has_password": user.has_usable_password() and password_opens(user),
        "back": next_url(request, reverse("home") + "?later=1"),
    }
    return render(request, "registration/security.html", context)


@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """`/account/security/sessions/`: ends the session with the id `session`, or for "others" all but this one."""
    user, wanted = signed_in(request), request.POST.get("session", "")
    if wanted == "others":
        text = "No other browser is logged in."
        count = end_sessions(user.pk, but=request.session.session_key)
    else:
        rows = [row for row in sessions_of(user) if str(row.pk) == wanted]
        text = f"{rows[0].browser} is logged out." if rows else "That browser was already logged out."
        count = Session.objects.filter(browsersession__in=rows).delete()[0]
    audit.record(None, user, "session.ended", user, count=count)
    messages.success(request, text)
    return redirect("security")


BEGUN = "second_factor"
"""The session key of the id of the second factor that the user is setting up."""


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@asks_again(reading=True)
def factor(request: HttpRequest) -> HttpResponse:
    """`/account/security/factor/?next=…`: shows the QR code of a new factor, and checks the first `code` from the
    phone.

    Later, `do` sets up a new phone ("phone"), creates new recovery codes ("codes") or removes the factor ("remove"). A
    GET with `do` asks the user to confirm it.
    """
    user, key = signed_in(request), request.session.session_key
    wanted = request.POST.get("do") or request.GET.get("do")
    if wanted == "phone" or not second_factor.has_factor(user):
        return _set_up(request, wanted)
    if request.method == "GET" and wanted in ("codes", "remove"):
        context = {"do": wanted, "required_by": second_factor.required_by(user)}
        return render(request, "registration/factor_change.html", context)
    if wanted == "codes":
        return _show_codes(request, second_factor.new_codes(user), is_new=False)
    if wanted == "remove":
        second_factor.remove(user, user, session_key=key)
        note_proof(request, strength_of_log_in(request))
        messages.success(request, "Two-step login is off. Right now, a password is all anyone needs.")
        return redirect("security")
    return redirect(next_url(request, reverse("security")))


def _set_up(request: HttpRequest, wanted: str | None) -> HttpResponse:
    user, code = signed_in(request), "".join(request.POST.get("code", "").split())
    new = second_factor.new_factor(user, request.session.get(BEGUN))
    if not new.confirmed:
        request.session[BEGUN] = new.pk
    elif wanted == "phone":
        new.key = second_factor.next_key(new, request.session.session_key)
    else:  # the user has confirmed it in another window
        return redirect("security")
    codes = second_factor.confirm(new, code, request.session.session_key) if code else None
    if codes:
        note_proof(request, Strength.FACTOR)
        return _show_codes(request, codes)
    key = second_factor.key_in_words(new)
    address = second_factor.address_for_app(new)
    svg = segno.make_qr(address).svg_inline(scale=5, light="#fff", dark="#000")
    context = {
        "qr": mark_safe(svg),  # generated here, from a percent-encoded address
        "address": address,
        "key": key,
        "groups": [key[place : place + 4] for place in range(0, len(key), 4)],
        "has_factor": new.confirmed,
        "required_by": [] if new.confirmed else second_factor.required_by(user),
        "is_wrong": request.method == "POST",
        "next": next_url(request, ""),
    }
    return render(request, "registration/factor.html", context)


def _show_codes(request: HttpRequest, codes: list[str], *, is_new: bool = True) -> HttpResponse:
    context = {"codes": codes, "is_new": is_new, "next": next_url(request, reverse("security"))}
    return render(request, "registration/factor_codes.html", context)
