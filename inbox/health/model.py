"""What a workspace's pages say while the model cannot be had."""

from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from inbox import asking
from inbox.folders import COUNT_LIMIT, leads_in
from inbox.models import Workspace


@dataclass(frozen=True, slots=True)
class ModelAway:
    """Since when, and why (a sentence). `waiting`: replies of the workspace that nobody has understood, up to a limit.

    `since` None: no model is connected at all.
    """

    why: str
    since: datetime | None
    waiting: int

    @property
    def key(self) -> str:
        """Differs where the page says something else."""
        return f"m{crc32(f'{self.why}{self.since}{self.waiting}'.encode())}"


def model_away(workspace: Workspace) -> ModelAway | None:
    """None where a model can be had, and where none is connected and nothing waits for one."""
    known = asking.outage() if asking.ready() else None
    if known is None and asking.ready():
        return None
    waiting = leads_in(workspace, "not-understood")[: COUNT_LIMIT + 1].count()
    if known is not None:
        return ModelAway(known.why, known.since, waiting)
    return ModelAway(asking.NO_KEY, None, waiting) if waiting else None
