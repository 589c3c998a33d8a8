"""Asks users to prove again who they are before sensitive steps, so that a stolen session is not enough for them.

The page that asks keeps the posted fields in hidden inputs, so that nothing the user typed is lost.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from inbox.pages.access import SAFE_METHODS, signed_in
from inbox.pages.safe_next import next_url
from inbox.workspaces.identity import identity_of, prove_again
from inbox.workspaces.people import password_opens

PROOF = "proof"
"""The form field with the password, or with a code from the phone."""
View = Callable[..., HttpResponseBase]


def asks_again(
    when: Callable[[HttpRequest], bool] | None = None, *, reading: bool = False
) -> Callable[[View], View]:
    """Decorator for views that need the user to have proven who they are in the last 15 minutes.

    It applies to requests that change something and match `when`; with `reading`, to all requests.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def asking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            concerned = reading or request.method not in SAFE_METHODS
            page = question(request) if concerned and (when is None or when(request)) else None
            return page or view(request, *args, **kwargs)

        asking.asks_again = True  # type: ignore[attr-defined]  # by it a test knows the step
        return asking

    return decorate


def question(request: HttpRequest) -> HttpResponse | None:
    """Returns None if the user has proven recently who they are, or does so with this form; else the page that asks."""
    if identity_of(request).is_fresh:
        return None
    if request.method in SAFE_METHODS:
        return redirect(f"{reverse('proof')}?{urlencode({'next': request.get_full_path()})}")
    posted = request.POST.copy()
    secret = str(posted.pop(PROOF, [""])[-1])
    request.POST = QueryDict()  # django-axes stores the form of a failed login
    is_proven = bool(secret) and prove_again(request, signed_in(request), secret)
    request.POST = posted  # type: ignore[assignment]  # Django hands out one that cannot be changed
    return None if is_proven else _page(request, is_wrong=bool(secret))


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def proof(request: HttpRequest) -> HttpResponse:
    """`/account/proof/?next=…`: asks for the password, then redirects."""
    if request.method == "GET" and not identity_of(request).is_fresh:
        return _page(request)
    return question(request) or redirect(next_url(request, reverse("home")))


def _page(request: HttpRequest, *, is_wrong: bool = False) -> HttpResponse:
    posted = [(name, text) for name, texts in request.POST.lists() for text in texts]
    fields = [(name, text) for name, text in posted if name != "csrfmiddlewaretoken"]
    context = {"fields": fields, "is_wrong": is_wrong, "company": settings.OIDC_ISSUER}
    context["has_password"] = signed_in(request).has_usable_password() and password_opens(signed_in(request))
    return render(request, "registration/proof.html", context)
