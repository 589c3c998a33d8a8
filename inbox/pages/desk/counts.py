"""Reads the counts that every page shows: leads per folder and saved view, and the badges of the navigation."""

from collections.abc import Mapping
from typing import Any

from inbox.health import model_outage
from inbox.leads.folders import (
    capped_count,
    folder_count_expressions,
    read_values,
    uncertain_count,
    waiting_in,
)
from inbox.models import Membership
from inbox.pages.access import WorkspaceRequest, once, signed_in
from inbox.pages.combined_query import expression, instances, rows
from inbox.pages.desk import saved_views
from inbox.pages.team import listed_ids, open_memberships
from inbox.replying.prompts import model_calls
from inbox.webhooks import replay

UNCERTAIN, UNREPAIRED, NOT_READ, OUTAGE = "uncertain", "unrepaired", "not-read", "outage"
"""Keys of `counts_of`: sends that may have gone out, failed deliveries, leads waiting for a model, the model outage."""
CLIENTS = "clients"
"""The key of `counts_of` and `desk_counts` for the waiting conversations in each of the user's workspaces."""
OUTAGES = rows(model_calls.outages(), "since", "why")


def counts_of(request: WorkspaceRequest, also: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Returns counts by key: of a folder, of a saved view, UNCERTAIN, UNREPAIRED, NOT_READ, OUTAGE or CLIENTS.

    One query per request reads all of them, together with the SQL expressions `also`.
    """
    counts: dict[str, Any] = vars(request).setdefault("counts", {})
    wanted = dict(also or {})
    if not counts:
        workspace = request.workspace
        wanted |= folder_count_expressions(workspace, signed_in(request).pk)
        wanted |= saved_views.count_expressions(request)
        wanted |= {
            UNCERTAIN: uncertain_count(workspace),
            NOT_READ: capped_count(model_outage.waiting(workspace)),
            OUTAGE: expression(OUTAGES),
        }
        wanted |= _clients(request)
        if request.membership.at_least(Membership.Role.ADMIN):
            wanted[UNREPAIRED] = capped_count(replay.unrepaired(workspace))
    missing = {key: expression for key, expression in wanted.items() if key not in counts}
    if missing:
        counts.update(read_values(request.workspace.pk, missing))
    return counts


def _clients(request: WorkspaceRequest) -> dict[str, Any]:
    ids = [row.workspace_id for row in open_memberships(request)]
    return {CLIENTS: waiting_in(ids)} if ids[1:] else {}


def desk_counts(request: WorkspaceRequest) -> dict[str, Any]:
    """Returns the numbers of leads by folder in the list's workspaces, and CLIENTS. Makes one query per request."""

    def read() -> dict[str, Any]:
        ids = listed_ids(request)
        wanted = folder_count_expressions(ids, signed_in(request).pk) | _clients(request)
        return read_values(ids[0], wanted) if ids else {}

    return once(request, "desk_counts", read)


def model_away(request: WorkspaceRequest) -> model_outage.ModelAway | None:
    """Returns the notice that no language model is reading replies at the moment; None if one is."""
    counts = counts_of(request)
    return model_outage.notice_of(next(iter(instances(OUTAGES, counts[OUTAGE])), None), counts[NOT_READ])
