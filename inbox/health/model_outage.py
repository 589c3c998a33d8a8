"""Builds the notice on a workspace's pages that the model cannot be reached."""

from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from django.db.models import QuerySet

from inbox.leads.folders import COUNT_LIMIT, leads_in
from inbox.models import Lead, ModelOutage, Workspace
from inbox.replying.prompts import model_calls


@dataclass(frozen=True, slots=True)
class ModelAway:
    """A notice that the model cannot be reached, or that no model is connected (`since` is None). `waiting` is the
    number of leads whose replies the model has not read, up to COUNT_LIMIT + 1.
    """

    why: str
    since: datetime | None
    waiting: int

    @property
    def key(self) -> str:
        """A value that changes with the notice about the model, so that pages can tell whether to redraw the notice."""
        return f"m{crc32(f'{self.why}{self.since}{self.waiting}'.encode())}"


def waiting(workspace: Workspace) -> QuerySet[Lead]:
    return leads_in(workspace, "not-understood").filter(sample=False)


def model_away(workspace: Workspace) -> ModelAway | None:
    """Returns the notice for a workspace's pages; None if the model answers, or none is set up and no reply waits."""
    return notice_of(model_calls.outages().first(), waiting(workspace)[: COUNT_LIMIT + 1].count())


def notice_of(outage: ModelOutage | None, count: int) -> ModelAway | None:
    """Returns the result of `model_away` for this outage and this number of waiting leads."""
    if model_calls.ready():
        return ModelAway(outage.why, outage.since, count) if outage else None
    return ModelAway(model_calls.NO_KEY, None, count) if count else None
