"""No page of a workspace reads more of the database because other workspaces have grown."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection, models
from django.test import Client
from django.utils import timezone

from demo.scale import seeding, workspaces
from inbox.models import (
    FollowUpSequence,
    FollowUpTask,
    Lead,
    OutboundSend,
    SavedView,
    WebhookDelivery,
    Workspace,
    WorkspaceFact,
)
from insights.models import ContextPack
from integrations.models import ApiToken, WebhookEndpoint, WebhookKey
from jobs.models import BackgroundJob
from tests import forms
from tests.inbox.pages.test_access import NOBODYS, ROUTES
from tests.reading import Read, reads

pytestmark = [pytest.mark.django_db, pytest.mark.slow(seconds=25), pytest.mark.shortened]
OWN, FEW, MANY = forms.either((150, (2, 300), (12, 5_000)), (600, (3, 2_000), (30, 50_000)))
"""The messages of the workspace that is asked; workspaces and messages of the installation at its two sizes."""
TIMES = 3
SMALL = 60
"""Buffers. A statement that reads fewer counts as one that reads so many: indexes grow deeper, and among so few pages
PostgreSQL chooses between two indexes as it likes.
"""
HONEST = {
    "grouping(kind)": "The jobs of a day are read by time, as long as that is less than the workspace's own by index."
}
"""Parts of statements that may read more, each with the reason."""
ASKED = {
    "inbox/": ("view=all", "view=unread", "view=all&q=price"),
    "deliveries/": ("q=nobody@example.com", "verdict=failed"),
    "jobs/": ("status=failed",),
    "trace/": ("q=nobody@example.com",),
}
"""What people ask of a page, beside the page as it opens."""
OBJECTS: dict[str, type[models.Model]] = {
    "delivery_id": WebhookDelivery,
    "endpoint_id": WebhookEndpoint,
    "fact_id": WorkspaceFact,
    "job_id": BackgroundJob,
    "key_id": WebhookKey,
    "pack_id": ContextPack,
    "row_id": Lead,
    "send_id": OutboundSend,
    "sequence_id": FollowUpSequence,
    "task_id": FollowUpTask,
    "token_id": ApiToken,
    "view_id": SavedView,
}
"""The models of identifiers that are not named after their model."""


@contextmanager
def undone() -> Iterator[None]:
    """Takes back what the block writes. It is no `atomic`, as a page that asks a provider refuses to run in one."""
    mark = connection.savepoint()
    try:
        yield
    finally:
        connection.savepoint_rollback(mark)


def ids_of(workspace: Workspace) -> dict[str, object]:
    """An object of the workspace for each identifier in the addresses, or a value that names none."""
    found: dict[str, object] = {"workspace_id": workspace.pk, "kind": "lead"}
    for kind, name in {match for route in ROUTES for match in re.findall(r"<(\w+):(\w+)>", route)}:
        if name not in found:
            found[name] = _first(name, workspace) or NOBODYS[kind]
    return found


def _first(name: str, workspace: Workspace) -> object:
    named = {f"{model._meta.model_name}_id": model for model in apps.get_models()}
    model = (named | OBJECTS).get(name)
    if model is None:
        assert not name.endswith("_id"), f"{name}: name its model in OBJECTS."
        return None
    path = "workspace" if hasattr(model, "workspace") else "integration__workspace"
    return model._base_manager.filter(**{path: workspace}).order_by("pk").values_list("pk", flat=True).first()


def asked() -> dict[str, list[Read]]:
    """The statements of each address of the first workspace, as its owner opens it."""
    workspace = Workspace.objects.get(name="Scale 00")
    client, found = Client(), {}
    client.force_login(workspace.memberships.get(role="owner").user)
    ids = ids_of(workspace)
    for route in ROUTES:
        path = "/" + re.sub(r"<\w+:(\w+)>", lambda match: str(ids[match[1]]), route)
        for query in ("", *ASKED.get(route.removeprefix("w/<uuid:workspace_id>/"), ())):
            cache.clear()
            with undone(), reads("") as statements:
                assert client.get(f"{path}?{query}").status_code < 500, path
            found[f"{route}?{query}"] = statements
    return found


def grown(before: list[Read], after: list[Read]) -> list[str]:
    """The statements of an address that read too much more. Rows of the workspace that lie further apart in a larger
    table are no more rows: a statement that looks at as many has not grown.
    """
    assert [read.sql for read in before] == [read.sql for read in after]
    return [
        f"{few.buffers} -> {many.buffers}: {many.sql}"
        for few, many in zip(before, after, strict=True)
        if many.rows > few.rows
        and many.buffers > TIMES * max(SMALL, few.buffers)
        and not any(part in many.sql for part in HONEST)
    ]


def test_no_page_reads_more_because_other_workspaces_have_grown(monkeypatch):
    shares = workspaces.quotas
    monkeypatch.setattr(
        workspaces, "quotas", lambda number, messages: [OWN, *shares(number - 1, messages - OWN)]
    )
    until = timezone.now().replace(minute=0, second=0, microsecond=0)
    sizes = []
    for number, messages in (FEW, MANY):
        with undone():
            seeding.seed(workspaces=number, messages=messages, seed=1, until=until, say=str)
            sizes.append(asked())
    few, many = sizes

    assert len(few) > len(ROUTES)
    found = [f"{page} {statement}" for page in few for statement in grown(few[page], many[page])]
    assert not found, "\n".join(found)
