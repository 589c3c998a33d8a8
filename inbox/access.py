"""The door of every page under /w/<workspace>/: who may come in, and in whose time zone the page speaks."""

import zoneinfo
from collections.abc import Callable
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from inbox.models import Membership

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
LAST_WORKSPACE = "last_workspace"


def workspace_view(min_role: str = Membership.Role.VIEWER) -> Callable:
    """Decorator for views under `w/<uuid:workspace_id>/`; the view itself gets no `workspace_id`.

    Sets `request.workspace` and `request.membership`, activates the workspace's time zone, and remembers the workspace
    for the home page. An outsider gets 404, so that not even the existence of a workspace leaks; a member with too low
    a role 403. Whatever `min_role` says, a viewer only looks: other methods than GET need a member.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, workspace_id, *args, **kwargs) -> HttpResponse:
            membership = (
                Membership.objects.select_related("workspace")
                .filter(workspace_id=workspace_id, user_id=request.user.pk)
                .first()
            )
            if membership is None:
                raise Http404("No such page.")
            writing = request.method not in SAFE_METHODS
            if not membership.at_least(min_role) or (
                writing and not membership.at_least(Membership.Role.MEMBER)
            ):
                raise PermissionDenied(f"Your role here is {membership.get_role_display().lower()}.")
            request.workspace, request.membership = membership.workspace, membership
            if request.session.get(LAST_WORKSPACE) != str(workspace_id):
                request.session[LAST_WORKSPACE] = str(workspace_id)
            with timezone.override(zoneinfo.ZoneInfo(membership.workspace.timezone)):
                return view(request, *args, **kwargs)

        guarded.min_role = min_role
        return guarded

    return decorate
