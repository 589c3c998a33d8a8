"""Answers who makes a request, and how surely: for the pages, the admin, and what else a person comes in by."""

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
"""Keys of the session: how surely the person logged in, and when they proved it last (s since 1970)."""
FRESH_S = 15 * 60
CODE = re.compile(r" *\d{3} ?\d{3} *", re.ASCII)


class Strength(IntEnum):
    """How surely a person is known, the weaker ways first."""

    NOBODY = 0
    PASSWORD = 1
    COMPANY = 2
    FACTOR = 3


@dataclass(frozen=True, slots=True)
class Identity:
    """The person of a request (`actor`, for the audit; None for nobody), how surely they are known, and when they
    proved it last (s since 1970).
    """

    actor: User | None
    strength: Strength
    proven_at: float

    @property
    def is_strong(self) -> bool:
        """Whether more than a password was proven. A company decides itself about a second factor of its log-in."""
        return self.strength > Strength.PASSWORD

    @property
    def is_fresh(self) -> bool:
        """Whether the last proof is at most 15 minutes old."""
        return time.time() - self.proven_at <= FRESH_S


def identity_of(request: HttpRequest) -> Identity:
    """The identity behind a request. A session from before this was noted counts as a password, proven long ago."""
    if not isinstance(request.user, User):
        return Identity(None, Strength.NOBODY, 0)
    session = request.session
    return Identity(request.user, Strength(session.get(STRENGTH, Strength.PASSWORD)), session.get(PROVEN, 0))


def begin(request: HttpRequest, **_signal: Any) -> None:
    """Receiver of user_logged_in: the session's time begins, with the strength of the way in."""
    request.session.set_expiry(None)
    request.session[STARTED] = int(time.time())
    note_proof(request, strength_of_log_in(request))


def strength_of_log_in(request: HttpRequest) -> Strength:
    """The strength of the way in which the person logged in, without a second factor."""
    is_company = request.session.get(BACKEND_SESSION_KEY) == settings.COMPANY_BACKEND
    return Strength.COMPANY if is_company else Strength.PASSWORD


def note_proof(request: HttpRequest, strength: Strength) -> None:
    """Notes that the person has proven now who they are. The session gets another key if its strength changes."""
    session = request.session
    if session.get(STRENGTH) not in (None, strength):
        session.cycle_key()
    session[STRENGTH], session[PROVEN] = strength, int(time.time())


def prove_again(request: HttpRequest, user: User, secret: str) -> bool:
    """Whether `secret` is the password of `user`, who is logged in, or a code of their second factor. Tries are limited
    as those of a log-in.
    """
    if CODE.fullmatch(secret) and has_factor(user):
        is_right = accepts(request, user, secret)
    else:
        is_right = authenticate(request, username=user.email, password=secret) is not None
    if not is_right:
        return False
    note_proof(request, identity_of(request).strength)
    return True
