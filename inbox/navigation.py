"""The side navigation: one line per page of a workspace. A new page adds its line to PAGES and is in the menu."""

from collections.abc import Callable
from typing import NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from inbox import replay
from inbox.folders import DEFAULT_FOLDER, FOLDERS, folder_counts
from inbox.health import banner
from inbox.models import Membership, Workspace
from inbox.templatetags.holdfast import capped


class Badge(NamedTuple):
    """What stands behind an entry: a short text, and a tone of inbox.states where it needs attention."""

    text: str
    tone: str = ""


class Page(NamedTuple):
    """A page `w/<workspace_id>/…` by its URL name (which takes only the workspace's id)."""

    url_name: str
    label: str
    icon: str
    min_role: str = Membership.Role.VIEWER
    badge: Callable[[Workspace], Badge | None] = lambda workspace: None


def _down(workspace: Workspace) -> Badge | None:
    count = sum(health.is_down for health in banner.troubled(workspace))
    return Badge(f"{count} down", "bad") if count else None


def _failed(workspace: Workspace) -> Badge | None:
    count = replay.unrepaired(workspace).count()
    return Badge(f"{capped(count)} failed", "bad") if count else None


def _paused(workspace: Workspace) -> Badge | None:
    return Badge("stopped", "warn") if workspace.sends_paused else None


PAGES: list[Page] = [
    Page("inbox:followups", "Follow-ups", "steps"),
    Page("inbox:automation", "Automation", "bolt", badge=_paused),
    Page("inbox:facts", "Facts", "book"),
    Page("inbox:rules", "Rules", "filter"),
    Page("inbox:health", "Health", "health", badge=_down),
    Page("inbox:jobs", "Jobs", "jobs", Membership.Role.ADMIN),
    Page("inbox:deliveries", "Deliveries", "trace", Membership.Role.ADMIN, badge=_failed),
    Page("inbox:integrations", "Integrations", "plug"),
    Page("inbox:people", "People", "user"),
    Page("inbox:settings", "Settings", "settings", Membership.Role.ADMIN),
]
"""In this order; an app above adds its own when it is ready."""


class Entry(NamedTuple):
    url: str
    label: str
    icon: str
    current: bool
    badge: Badge | None


def inbox_entries(request: HttpRequest) -> list[Entry]:
    """The inbox folders with their counts."""
    counts = folder_counts(request.workspace)
    base = reverse("inbox:list", args=[request.workspace.pk])
    here = request.path.startswith(base)
    key = request.GET.get("view", DEFAULT_FOLDER)
    return [
        Entry(
            url=f"{base}?view={folder.key}",
            label=folder.label,
            icon=folder.icon,
            current=here and folder.key == key,
            badge=Badge(capped(counts[folder.key])) if counts.get(folder.key) else None,
        )
        for folder in FOLDERS.values()
    ]


def page_entries(request: HttpRequest) -> list[Entry]:
    """The workspace's other pages, as far as the role may open them."""
    entries = []
    for page in PAGES:
        if request.membership.at_least(page.min_role):
            url = reverse(page.url_name, args=[request.workspace.pk])
            entries.append(
                Entry(url, page.label, page.icon, request.path.startswith(url), page.badge(request.workspace))
            )
    return entries
