"""The page on which a user changes the password and sees their second factor and where they are logged in."""

from django.contrib import messages
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from inbox.models import audit
from inbox.models.session import end_sessions
from inbox.pages.access import signed_in
from inbox.pages.safe_next import next_url
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
    """`/account/security/sessions/`: ends the session with the id `session`, or all others if it is "others"."""
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
