"""The page on which a user changes the password and sees their second factor and where they are logged in."""

from django.contrib import messages
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from inbox.models import audit
from inbox.models.session import end_sessions
from inbox.pages.access import signed_in
from inbox.workspaces.sessions import sessions_of


@never_cache
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """`/account/security/`: shows the user's second factor and sessions."""
    context = {"sessions": sessions_of(signed_in(request)), "here": request.session.session_key}
    return render(request, "registration/security.html", context)


@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """`/account/security/sessions/`: ends the session with the id `session`, or all others if it is "others"."""
    user, wanted = signed_in(request), request.POST.get("session", "")
    if wanted == "others":
        count = end_sessions(user.pk, but=request.session.session_key)
    else:
        keys = [row.session_id for row in sessions_of(user) if str(row.pk) == wanted]
        count = Session.objects.filter(pk__in=keys).delete()[0]
    audit.record(None, user, "session.ended", user, count=count)
    messages.success(request, "No other browser is logged in." if wanted == "others" else "Logged out there.")
    return redirect("security")
