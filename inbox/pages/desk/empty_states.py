"""Explains why a list is empty and what to do next, based on facts.

It never says that everything is done while nothing is connected, no event has arrived, or an account is down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from inbox.health import sentences
from inbox.leads.folders import DEFAULT_FOLDER, Folder, folder_counts
from inbox.models import Workspace
from inbox.pages.start import first_steps
from inbox.pages.start.first_steps import WORKS, FirstSteps, state_of
from inbox.pages.templatetags.holdfast import capped
from inbox.replying.prompts import model_calls
from integrations.models import HealthState

NOT_DOWN = tuple(state for state in WORKS if state != HealthState.QUIET)
"""States in which replies arrive as usual. A quiet account has a valid key but may miss replies."""

ELSEWHERE = (
    ("scheduled", "on the way out", "See scheduled sends"),
    ("snoozed", "snoozed", "See snoozed"),
)
"""Folders to offer when nobody needs a reply: the words for their count, and the link."""


@dataclass(frozen=True)
class Empty:
    """Why a list is empty: an icon, the headline `what`, a sentence `why`, and an action, if any."""

    icon: str
    what: str
    why: str
    url: str = ""
    action: str = ""


def of_folder(workspace: Workspace, folder: Folder) -> Empty:
    """Explains the empty `folder`: what prevents replies, or else that all is well."""
    wrong = _wrong(workspace, folder) if folder.incoming else None
    return wrong or _well(workspace, folder)


def over_several(folder: Folder, down: Sequence[Workspace]) -> Empty:
    """Explains the empty `folder` of a list over several workspaces. Replies may be missing from those in `down`."""
    if down and folder.incoming:
        return Empty("warn", "Replies may be missing", "Replies may be missing. See above.")
    return Empty(folder.icon, folder.empty, folder.why)


def beyond(url: str) -> Empty:
    """Explains a page after the last one of the list at `url`."""
    return Empty(
        "inbox", "Nothing left on this page", "The list is shorter now.", url, "Go to the first page"
    )


def _wrong(workspace: Workspace, folder: Folder) -> Empty | None:
    """Explains what prevents replies; None if nothing does."""
    first, start = FirstSteps.of(workspace), first_steps.url(workspace)
    if not first.senders and not first.facts["heard"]:
        return Empty(
            "plug",
            "Nothing’s connected yet",
            "Replies come in once you connect the account that sends your campaigns.",
            start,
            "Set up in four minutes",
        )
    for account in first.senders:
        if state_of(account) not in (*NOT_DOWN, HealthState.UNKNOWN):
            return Empty(
                "warn",
                "Replies may be missing",
                f"{sentences.headline(account.health, workspace.name)}, so new replies may be missing.",
                reverse("inbox:health", args=[workspace.pk]),
                "See what’s down",
            )
    if not first.facts["heard"]:
        why = f"{first.names} {first.is_are} connected. New replies appear here within a second."
        return Empty("inbox", "No replies yet", why, start, "See what’s missing")
    if folder.key == "drafts" and not model_calls.ready():
        return Empty("draft", "No drafts yet", model_calls.NO_KEY, start, "See what’s missing")
    return None


def _well(workspace: Workspace, folder: Folder) -> Empty:
    """Offers the folders to look at instead, as nothing is wrong."""
    counts = folder_counts(workspace) if folder.key == DEFAULT_FOLDER else {}
    for elsewhere, words, action in ELSEWHERE:
        if count := counts.get(elsewhere):
            url = f"{reverse('inbox:list', args=[workspace.pk])}?{urlencode({'view': elsewhere})}"
            why = f"{folder.why} {capped(count)} {words}."
            return Empty(folder.icon, folder.empty, why, url, action)
    return Empty(folder.icon, folder.empty, folder.why)
