"""The page on which a user sets up or removes a second factor."""

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from inbox.pages.access import signed_in
from inbox.pages.proof import asks_again
from inbox.pages.safe_next import next_url
from inbox.workspaces import second_factor
from inbox.workspaces.identity import Strength, note_proof, strength_of_log_in

BEGUN = "second_factor"
"""Session key of the id of the factor that is being set up."""


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@asks_again(reading=True)
def factor(request: HttpRequest) -> HttpResponse:
    """`/account/security/factor/?next=…`: shows the QR code, and checks the first `code` from the phone.

    Later, `do` sets up a new phone ("phone"), creates new recovery codes ("codes") or removes the factor ("remove").
    A GET with `do` asks whether to do so.
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
    else:  # confirmed meanwhile, in another window
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
