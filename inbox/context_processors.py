"""What the shell around every page shows. Each part is asked for only when a template uses it."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import cached_property

from inbox import navigation
from inbox.health.banner import Banner, banner_for
from inbox.health.model import ModelAway, model_away
from inbox.keyboard import SHORTCUTS
from inbox.models import Membership
from inbox.states import State


class Shell:
    """The navigation, the workspaces and the switches of one request."""

    shortcuts = SHORTCUTS

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def inbox(self) -> list[navigation.Entry]:
        return navigation.inbox_entries(self._request)

    @cached_property
    def pages(self) -> list[navigation.Entry]:
        return navigation.page_entries(self._request)

    @cached_property
    def memberships(self) -> list[Membership]:
        """The user's workspaces, by name."""
        own = Membership.objects.filter(user_id=self._request.user.pk)
        return list(own.select_related("workspace").order_by("workspace__name"))

    @cached_property
    def banner(self) -> Banner | None:
        """The worst trouble of the workspace's accounts, as far as this user has not hidden it."""
        request = self._request
        return banner_for(request.workspace, request.user, request.membership)

    @cached_property
    def model(self) -> ModelAway | None:
        """Why no model reads the replies now, if that is so."""
        return model_away(self._request.workspace)

    @property
    def here(self) -> str:
        """Where to come back to: this page, where it can be asked for again; for a fragment, the page around it."""
        if self._request.htmx:
            return self._request.htmx.current_url_abs_path or "/"
        return self._request.get_full_path() if self._request.method == "GET" else "/"

    @property
    def may_write(self) -> bool:
        """Whether the user may do more than look."""
        return self._request.membership.at_least(Membership.Role.MEMBER)

    @property
    def environment(self) -> State:
        """Where this runs, for the admin's header."""
        return State("warn", "warn", "Development") if settings.DEBUG else State("", "ok", "Production")


def shell(request: HttpRequest) -> dict[str, object]:
    user = getattr(request, "user", None)
    return {
        "shell": Shell(request),
        "theme": getattr(user, "theme", ""),
        "workspace": getattr(request, "workspace", None),
        "membership": getattr(request, "membership", None),
    }
