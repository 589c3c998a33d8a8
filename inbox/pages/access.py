"""Guards every page under /w/<workspace>/: checks whether the user may open it, and activates the workspace's time
zone. Before sensitive steps, users prove their identity again; a stolen session is not enough.
"""

import zoneinfo
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.middleware import HtmxDetails

from inbox.models import Membership, User, Workspace
from inbox.pages.changes import with_snapshot
from inbox.workspaces.identity import identity_of, prove_again
from inbox.workspaces.people import password_opens
from inbox.workspaces.second_factor import has_factor

Rest = ParamSpec("Rest")

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
MEMBER, ADMIN = Membership.Role.MEMBER, Membership.Role.ADMIN
READ, POST, FORM = ("GET", "HEAD"), ("POST",), ("GET", "HEAD", "POST")
"""The HTTP methods of a page that is only shown, of a URL that only receives forms, and of a page with its own form."""
LAST_WORKSPACE = "last_workspace"


Read = TypeVar("Read")


def once(request: HttpRequest, name: str, read: Callable[[], Read]) -> Read:
    """Calls `read` the first time that this request needs `name`, and returns the stored result from then on."""
    cache = vars(request)
    if name not in cache:
        cache[name] = read()
    return cast(Read, cache[name])


class SignedInRequest(HttpRequest):
    """The request of a logged-in user. Every view receives such a request, unless the view is declared public."""

    user: User
    htmx: HtmxDetails


class WorkspaceRequest(SignedInRequest):
    """The request that `workspace_view` passes to a view, with its workspace and the user's membership."""

    workspace: Workspace
    membership: Membership


def signed_in(request: HttpRequest) -> User:
    """Returns the logged-in user of `request`. Raises PermissionDenied if no user is logged in."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def to_second_factor(request: HttpRequest) -> HttpResponseBase:
    """Sends a user who needs more than a password to set up a second factor, or to log in again with an existing one.
    After that, the user returns to the page.
    """
    page = request.get_full_path() if request.method in SAFE_METHODS else reverse("home")
    if has_factor(signed_in(request)):
        logout(request)
        return redirect_to_login(page)
    return redirect(f"{reverse('factor')}?{urlencode({'next': page})}")


View = Callable[Concatenate[WorkspaceRequest, Rest], HttpResponseBase]
Guarded = Callable[..., HttpResponseBase]


def workspace_view(
    min_role: str = Membership.Role.VIEWER, methods: Sequence[str] = READ
) -> Callable[[View[Rest]], Guarded]:
    """Decorates views under `w/<uuid:workspace_id>/`: checks the HTTP method and the user's role, and hides
    `workspace_id` from the view.

    The decorator sets `request.workspace` and `request.membership`, activates the workspace's time zone, and remembers
    the workspace for pages over several workspaces. The membership has a `snapshot` of the database that was taken
    before the view reads anything (inbox.pages.changes).

    A user who isn't a member gets a 404, so that they cannot learn which workspaces exist. A member below `min_role`
    gets a 403. A viewer who uses a method other than GET, HEAD or OPTIONS also gets a 403.
    """

    def decorate(view: View[Rest]) -> Guarded:
        @wraps(view)
        def guarded(
            request: HttpRequest, workspace_id: UUID, *args: Rest.args, **kwargs: Rest.kwargs
        ) -> HttpResponseBase:
            membership = _admitted(request, workspace_id, min_role)
            if membership.workspace.requires_second_factor and not identity_of(request).is_strong:
                return to_second_factor(request)
            inside = cast(WorkspaceRequest, request)
            inside.workspace, inside.membership = membership.workspace, membership
            passing = "desk" in request.GET and request.method in SAFE_METHODS
            if request.session.get(LAST_WORKSPACE) != str(workspace_id) and not passing:
                request.session[LAST_WORKSPACE] = str(workspace_id)
            with timezone.override(zoneinfo.ZoneInfo(membership.workspace.timezone)):
                return view(inside, *args, **kwargs)

        guarded.min_role = min_role  # type: ignore[attr-defined]  # by it a test knows the door
        return require_http_methods(methods)(guarded)

    return decorate


def desk_view(view: Callable[[SignedInRequest], HttpResponseBase]) -> Guarded:
    """Decorates views of pages over all workspaces of the logged-in user. Each request reads the memberships anew.

    A user without a workspace gets a 404. If one of the workspaces requires a second factor, so does the view.
    """

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        rows = with_snapshot().filter(user=signed_in(request)).select_related("user", "workspace")
        memberships = vars(request)["memberships"] = list(rows.order_by("workspace__name", "pk"))
        if not memberships:
            raise Http404("This page doesn’t exist.")
        required = any(membership.workspace.requires_second_factor for membership in memberships)
        if required and not identity_of(request).is_strong:
            return to_second_factor(request)
        return view(cast(SignedInRequest, request))

    return require_safe(guarded)


def _admitted(request: HttpRequest, workspace_id: UUID, min_role: str) -> Membership:
    """Returns the user's membership if its role allows this request. Raises Http404 or PermissionDenied otherwise."""
    rows = with_snapshot().select_related("workspace")
    membership = rows.filter(workspace_id=workspace_id, user=signed_in(request)).first()
    if membership is None:
        raise Http404("This page doesn’t exist.")
    writing = request.method not in SAFE_METHODS
    if not membership.at_least(min_role) or (writing and not membership.at_least(MEMBER)):
        raise PermissionDenied(f"Your role in this workspace is {membership.get_role_display().lower()}.")
    return membership


PROOF = "proof"
"""The form field in which a user enters the password or a code from the phone, as a proof of identity."""


def asks_again(
    when: Callable[[HttpRequest], bool] | None = None, *, reading: bool = False
) -> Callable[[Guarded], Guarded]:
    """Decorates views for which users must have proven their identity in the last 15 minutes.

    The proof is needed by requests that change something (with `reading`, by all requests), if `when` is true for them.
    """

    def decorate(view: Guarded) -> Guarded:
        @wraps(view)
        def asking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            concerned = reading or request.method not in SAFE_METHODS
            page = question(request) if concerned and (when is None or when(request)) else None
            return page or view(request, *args, **kwargs)

        asking.asks_again = True  # type: ignore[attr-defined]  # by it a test knows the step
        return asking

    return decorate


def question(request: HttpRequest) -> HttpResponse | None:
    """Returns the page that asks the user for a proof of identity; None if they proved it recently or in this form."""
    if identity_of(request).is_fresh:
        return None
    if request.method in SAFE_METHODS:
        return redirect(f"{reverse('proof')}?{urlencode({'next': request.get_full_path()})}")
    posted = request.POST.copy()
    secret = str(posted.pop(PROOF, [""])[-1])
    request.POST = QueryDict()  # if the proof fails, django-axes stores the form
    is_proven = bool(secret) and prove_again(request, signed_in(request), secret)
    request.POST = posted  # type: ignore[assignment]  # Django hands out one that cannot be changed
    return None if is_proven else _page(request, is_wrong=bool(secret))


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def proof(request: HttpRequest) -> HttpResponse:
    """`/account/proof/?next=…`: asks the user for a proof of identity, then redirects to `next`."""
    if request.method == "GET" and not identity_of(request).is_fresh:
        return _page(request)
    return question(request) or redirect(next_url(request, reverse("home")))


def _page(request: HttpRequest, *, is_wrong: bool = False) -> HttpResponse:
    posted = [(name, text) for name, texts in request.POST.lists() for text in texts]
    fields = [(name, text) for name, text in posted if name != "csrfmiddlewaretoken"]
    context = {"fields": fields, "is_wrong": is_wrong, "company": settings.OIDC_ISSUER}
    context["has_password"] = signed_in(request).has_usable_password() and password_opens(signed_in(request))
    return render(request, "registration/proof.html", context)


def next_url(request: HttpRequest, default: str) -> str:
    """Returns the URL in the field or parameter `next` if it belongs to this site, else `default`."""
    url = request.POST.get("next") or request.GET.get("next", "")
    is_safe = (
        "/" in url
        and url_has_allowed_host_and_scheme(  # `redirect` takes a text without a slash for the name of a view
            url, {request.get_host()}, require_https=request.is_secure()
        )
    )
    return url if is_safe else default
