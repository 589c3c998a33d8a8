"""Determines the person who sends a request, and the strength of their login, for pages and the admin."""

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
    """The strengths of a login, from weak to strong."""

    NOBODY = 0
    PASSWORD = 1
    COMPANY = 2
    FACTOR = 3


@dataclass(frozen=True, slots=True)
class Identity:
    """The person who sends a request (`actor`; None without login), the strength of their login, and the time at which
    they last proved their identity (`proven_at`, s since 1970).
    """

    actor: User | None
    strength: Strength
    proven_at: float

    @property
    def is_strong(self) -> bool:
        """Whether the login needed more than a password. A company's login counts as strong."""
        return self.strength > Strength.PASSWORD

    @property
    def is_fresh(self) -> bool:
        """Whether the last proof of identity is at most 15 minutes old. A proof may lie up to 15 minutes in the future,
        if a clock was set back.
        """
        return abs(time.time() - self.proven_at) <= FRESH_S


def identity_of(request: HttpRequest) -> Identity:
    """Returns the identity of the person who sends `request`. An old session that does not record the strength of its
    login counts as a login by password that is not fresh.
    """
    if not isinstance(request.user, User):
        return Identity(None, Strength.NOBODY, 0)
    session = request.session
    return Identity(request.user, Strength(session.get(STRENGTH, Strength.PASSWORD)), session.get(PROVEN, 0))


def begin(request: HttpRequest, **_signal: Any) -> None:
    """Records the start of the session and the strength of the login. A receiver of the signal user_logged_in."""
    request.session.set_expiry(None)
    request.session[STARTED] = int(time.time())
    note_proof(request, strength_of_log_in(request))


def strength_of_log_in(request: HttpRequest) -> Strength:
    """Returns the strength of the login method (password or company) before a second factor is given."""
    is_company = request.session.get(BACKEND_SESSION_KEY) == settings.COMPANY_BACKEND
    return Strength.COMPANY if is_company else Strength.PASSWORD


def note_proof(request: HttpRequest, strength: Strength) -> None:
    """Records that the person has just proven their identity. The session gets a new key if its strength changes."""
    session = request.session
    if session.get(STRENGTH) not in (None, strength):
        session.cycle_key()
    session[STRENGTH], session[PROVEN] = strength, int(time.time())


def prove_again(request: HttpRequest, user: User, secret: str) -> bool:
    """Returns True if `secret` is the password of `user`, who is logged in, or a code of their second factor, and
    records this proof of identity. Attempts are limited like those of a login.
    """
    if CODE.fullmatch(secret) and has_factor(user):
        is_right = accepts(request, user, secret)
    else:
        is_right = authenticate(request, username=user.email, password=secret) is not None
    if not is_right:
        return False
    note_proof(request, identity_of(request).strength)
    return True
