"""Login through the company's OpenID provider (OIDC_ISSUER): sends users to the provider and handles their return."""

import logging
import time
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox.pages.access import next_url
from inbox.workspaces import log_in
from inbox.workspaces.identity import PROVEN, identity_of, note_proof
from inbox.workspaces.people import NotAllowed
from integrations import oidc
from integrations.errors import (
    CallInterrupted,
    ProviderAuthError,
    ProviderError,
    ProviderMisconfigured,
    ProviderRejected,
    safe_code,
)
from jobs.deadline import Deadline
from jobs.errors import DeadlineExceeded

logger = logging.getLogger(__name__)

LIMIT_MS = 10_000
ATTEMPTS = "company_attempts"
"""The session key of the logins that this browser began but has not finished: at most TABS, oldest first."""
TABS = 5
ATTEMPT_S = 3600
FAILURES = (ProviderError, ProviderMisconfigured, CallInterrupted, DeadlineExceeded)
REFUSED = "Your company’s login couldn’t confirm your identity. Try again, or contact your operator."
OUT_OF_REACH = "Your company’s login isn’t responding. Try again in a moment."
MISCONFIGURED = "Your company’s login rejected Holdfast. Ask your operator to check the log."
DECLINED = "The login was cancelled, or your company turned you away."
OVER = "This login started in another browser or has expired. Start again here."


@login_not_required
@never_cache
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """`/login/company/`: redirects to the page of the OpenID provider (the issuer), and after login to `next`.

    With `again`, a user who is already logged in proves their identity once more.
    """
    _require_issuer()
    again = "again" in request.GET and request.user.is_authenticated
    attempt = oidc.begin(next_url(request, reverse("home")), again=again)
    try:
        url = oidc.login_url(attempt, _return_to(), Deadline.after_ms(LIMIT_MS))
    except (*FAILURES, oidc.LoginRefused) as error:
        return _failed(request, _sentence(error), error)
    request.session[ATTEMPTS] = [*request.session.get(ATTEMPTS, []), attempt][-TABS:]
    if not request.user.is_authenticated:  # anyone can begin a login, so its session ends soon
        request.session.set_expiry(ATTEMPT_S)
    return redirect(url)


@login_not_required
@never_cache
@require_safe
def end(request: HttpRequest) -> HttpResponse:
    """`/login/company/done/`: logs in the person whom the issuer's answer names. Each answer is accepted only once."""
    _require_issuer()
    attempt = _take_attempt(request)
    if "error" in request.GET:  # the person cancelled, or the issuer refused them
        return _failed(request, DECLINED, code=safe_code(request.GET["error"]))
    if attempt is None or "code" not in request.GET:
        return _failed(request, OVER, code="no such attempt")
    try:
        end_user = oidc.end_user(
            attempt,
            request.GET["code"],
            request.GET.get("iss", ""),
            _return_to(),
            Deadline.after_ms(LIMIT_MS),
        )
        user = log_in.person_of(end_user)
    except NotAllowed as reason:
        return _failed(request, str(reason), code="no account")
    except (*FAILURES, oidc.LoginRefused) as error:
        return _failed(request, _sentence(error), error)
    if attempt.again and request.user == user:  # keep the session and its forms
        note_proof(request, identity_of(request).strength)
    else:
        login(request, user, backend=settings.COMPANY_BACKEND)
        request.session.set_expiry(0)
    # While the issuer's own session with the person lasts, it asks for no password. The proof of identity is then as
    # old as that session.
    request.session[PROVEN] = min(end_user.proven_at or time.time(), time.time())
    return redirect(attempt.next)


def _require_issuer() -> None:
    if not settings.OIDC_ISSUER:
        raise Http404("Company login isn’t set up.")


def _return_to() -> str:
    return settings.PUBLIC_URL + reverse("company-login-end")


def _take_attempt(request: HttpRequest) -> oidc.Attempt | None:
    """Takes the login with the answer's `state` out of the session. Returns it; None if none began within ATTEMPT_S."""
    attempts = [oidc.Attempt(*fields) for fields in request.session.get(ATTEMPTS, [])]
    state = request.GET.get("state", "")
    attempt = next((attempt for attempt in attempts if constant_time_compare(attempt.state, state)), None)
    if attempt is None:
        return None
    request.session[ATTEMPTS] = [rest for rest in attempts if rest is not attempt]
    return attempt if time.time() - attempt.began < ATTEMPT_S else None


def _sentence(error: Exception) -> str:
    if isinstance(error, oidc.LoginRefused):
        return REFUSED
    is_lasting = isinstance(error, ProviderMisconfigured | ProviderAuthError | ProviderRejected)
    return MISCONFIGURED if is_lasting else OUT_OF_REACH


def _failed(
    request: HttpRequest, sentence: str, error: Exception | None = None, code: str = ""
) -> HttpResponse:
    facts = {"issuer": settings.OIDC_ISSUER, "error": type(error).__name__ if error else "", "code": code}
    if isinstance(error, oidc.LoginRefused):
        facts["checks"] = str(error)
    elif isinstance(error, ProviderError):
        facts["code"] = error.code or str(error.status or "")
    logger.warning("company log-in failed", extra=facts)
    return render(request, "registration/company.html", {"sentence": sentence}, status=HTTPStatus.FORBIDDEN)
