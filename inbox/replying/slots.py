"""The times that an answer may offer. Without a calendar there are none, and no draft may name one."""

from inbox.models import Workspace
from inbox.replying.context import Slot
from jobs.deadline import Deadline


def on_offer(workspace: Workspace, deadline: Deadline) -> list[Slot]:
    """The workspace's next free times, soonest first."""
    return []
