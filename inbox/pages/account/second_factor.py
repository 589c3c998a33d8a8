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

    Later, `do` creates new recovery codes ("codes") or removes the factor ("remove").
    """
    user, key, wanted = signed_in(request), request.session.session_key, request.POST.get("do")
    if not second_factor.has_factor(user):
        return _set_up(request)
    if wanted == "codes":
        return _show_codes(request, second_factor.new_codes(user))
    if wanted == "remove":
        second_factor.remove(user, user, session_key=key)
        note_proof(request, strength_of_log_in(request))
        messages.success(request, "Your password alone logs you in from now on.")
        return redirect("security")
    return redirect(next_url(request, reverse("security")))


def _set_up(request: HttpRequest) -> HttpResponse:
    user, code = signed_in(request), "".join(request.POST.get("code", "").split())
    new = second_factor.new_factor(user, request.session.get(BEGUN))
    request.session[BEGUN] = new.pk
    codes = second_factor.confirm(new, code, request.session.session_key) if code else None
    if codes:
        note_proof(request, Strength.FACTOR)
        return _show_codes(request, codes)
    if new.confirmed:  # meanwhile, in another window
        return redirect("security")
    address = second_factor.address_for_app(new)
    svg = segno.make_qr(address).svg_inline(scale=5, light="#fff", dark="#000")
    context = {
        "qr": mark_safe(svg),  # generated here, from a percent-encoded address
        "address": address,
        "key": second_factor.key_in_words(new),
        "is_wrong": request.method == "POST",
        "next": next_url(request, ""),
    }
    return render(request, "registration/factor.html", context)


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    context = {"codes": codes, "next": next_url(request, reverse("security"))}
    return render(request, "registration/factor_codes.html", context)
