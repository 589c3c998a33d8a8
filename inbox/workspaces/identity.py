"""Determines the person behind a request and the strength of their login, for pages, admin and other entrances."""

import re
import time
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, authenticate
from django.http import HttpRequest

from inbox.models import User
from inbox.workspaces.second_factor import accepts, has_factor
from inbox.workspaces.sessions import STARTED

STRENGTH, PROVEN = "strength", "proven"
"""Keys of the session: the strength of the login, and the time of the last proof (s since 1970)."""
FRESH_S = 15 * 60
CODE = re.compile(r" *\d{3} ?\d{3} *", re.ASCII)


class Strength(IntEnum):
    """The strength of a person's login, weaker ones first."""

    NOBODY = 0
    PASSWORD = 1
    COMPANY = 2
    FACTOR = 3


@dataclass(frozen=True, slots=True)
class Identity:
    """The person of a request (`actor`, for the audit log; None for nobody), the strength of their login, and the time
    of their last proof (s since 1970).
    """

    actor: User | None
    strength: Strength
    proven_at: float

    @property
    def is_strong(self) -> bool:
        """Whether more than a password was proven. A company decides about the second factor of its own login."""
        return self.strength > Strength.PASSWORD

    @property
    def is_fresh(self) -> bool:
        """Whether the last proof is at most 15 minutes old. A proof in the future is fresh for as long: a clock was set
        back.
        """
        return abs(time.time() - self.proven_at) <= FRESH_S


def identity_of(request: HttpRequest) -> Identity:
    """The identity behind a request. A session from before this was recorded counts as an old proof by password."""
    if not isinstance(request.user, User):
        return Identity(None, Strength.NOBODY, 0)
    session = request.session
    return Identity(request.user, Strength(session.get(STRENGTH, Strength.PASSWORD)), session.get(PROVEN, 0))


def begin(request: HttpRequest, **_signal: Any) -> None:
    """Receiver of user_logged_in: records the start of the session, with the strength of the login."""
    request.session.set_expiry(None)
    request.session[STARTED] = int(time.time())
    note_proof(request, strength_of_log_in(request))


def strength_of_log_in(request: HttpRequest) -> Strength:
    """The strength of the login method, without a second factor."""
    is_company = request.session.get(BACKEND_SESSION_KEY) == settings.COMPANY_BACKEND
    return Strength.COMPANY if is_company else Strength.PASSWORD


def note_proof(request: HttpRequest, strength: Strength) -> None:
    """Records that the person has just proven their identity. The session gets a new key if its strength changes."""
    session = request.session
    if session.get(STRENGTH) not in (None, strength):
        session.cycle_key()
    session[STRENGTH], session[PROVEN] = strength, int(time.time())


def prove_again(request: HttpRequest, user: User, secret: str) -> bool:
    """Whether `secret` is the password of `user`, who is logged in, or a code of their second factor. Attempts are
    limited like those of a login.
    """
    if CODE.fullmatch(secret) and has_factor(user):
        is_right = accepts(request, user, secret)
    else:
        is_right = authenticate(request, username=user.email, password=secret) is not None
    if not is_right:
        return False
    note_proof(request, identity_of(request).strength)
    return True
