"""Whether a browser tells the person who uses it what is for them.

It is the browser's own choice, kept in a cookie that names its user: each browser has to allow notices for itself.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "notices"
ON, SOUND = "on", "sound"
KEPT_S = 400 * 24 * 3600
"""The longest that browsers keep a cookie."""


def chosen(request: HttpRequest) -> str:
    """ON, SOUND (with a sound), or "": this browser was not asked to tell the request's user anything."""
    user, _, how = request.COOKIES.get(COOKIE, "").partition(".")
    return how if how in (ON, SOUND) and user == str(getattr(request.user, "pk", "")) else ""


def choose(response: HttpResponse, user_id: int, how: str) -> None:
    """Has the browser that gets `response` tell the user from now on: ON, SOUND, or anything else for not at all."""
    if how in (ON, SOUND):
        secure = settings.SESSION_COOKIE_SECURE
        cookie = f"{user_id}.{how}"
        response.set_cookie(COOKIE, cookie, max_age=KEPT_S, secure=secure, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
