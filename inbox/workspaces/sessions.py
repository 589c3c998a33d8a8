"""Records the use of people's sessions, and ends sessions that are too old."""

import time
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from inbox.models import BrowserSession, User

STARTED, USED = "started", "used"
"""Keys in the session's data: the time of the login (s since 1970), and the session key and time of the last recorded
use.
"""
EACH_S = 60
BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {
    "iPhone": "an iPhone",
    "iPad": "an iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "a Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
"""The names of browsers and systems by their mark in a User-Agent header. More specific marks come first."""


def is_over(session: SessionBase) -> bool:
    """Whether the person logged in longer ago than SESSION_MAX_DAYS."""
    started: float = session.get(STARTED, time.time())
    return time.time() - started > settings.SESSION_MAX_DAYS * 24 * 3600


def note_use(request: HttpRequest, user: User, address: str | None) -> bool:
    """Records the use of the session of `user`, once a minute. Returns False if the session is too old or was ended."""
    session, now = request.session, int(time.time())
    if is_over(session):
        return False
    key, used = session.get(USED, ("", 0))
    if key == session.session_key and now - used < EACH_S:
        return True
    # Saving the session extends it by SESSION_COOKIE_AGE.
    session[USED] = (session.session_key, now)
    row = BrowserSession(
        session_id=str(session.session_key),
        user=user,
        browser=browser_of(request.headers.get("User-Agent", "")),
        address=address,
        created_at=datetime.fromtimestamp(session.setdefault(STARTED, now), UTC),
        last_used_at=datetime.fromtimestamp(now, UTC),
    )
    changing = ["user", "browser", "address", "created_at", "last_used_at"]
    try:
        with transaction.atomic():
            BrowserSession.objects.bulk_create(
                [row], update_conflicts=True, unique_fields=["session"], update_fields=changing
            )
    except IntegrityError:  # the session was deleted after this request read it
        return False
    return True


def sessions_of(user: User) -> QuerySet[BrowserSession]:
    """Returns the sessions of `user` that have not ended, the most recently used first."""
    return BrowserSession.objects.filter(user=user, session__expire_date__gt=Now())


def browser_of(agent: str) -> str:
    """Returns the browser and system of the User-Agent header `agent` as a text for users: "Firefox on Windows"."""
    browser = next((name for mark, name in BROWSERS.items() if mark in agent), "A program")
    system = next((name for mark, name in SYSTEMS.items() if mark in agent), "")
    return f"{browser} on {system}" if system else browser
