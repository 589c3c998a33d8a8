"""No page and no address of the API reads more of the database because the installation has grown."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import connection, models
from django.test import Client
from django.utils import timezone

from api import system_checks
from demo.scale import seeding, workspaces
from inbox.models import (
    Event,
    FollowUpInstance,
    FollowUpSequence,
    FollowUpTask,
    Lead,
    OutboundSend,
    SavedView,
    User,
    WebhookDelivery,
    Workspace,
    WorkspaceFact,
)
from insights.models import ContextPack
from integrations.models import ApiToken, WebhookEndpoint, WebhookKey
from jobs.models import BackgroundJob
from tests import forms
from tests.api.conftest import program_of
from tests.inbox.pages.test_access import NOBODYS, ROUTES
from tests.reading import Read, reads

pytestmark = [pytest.mark.django_db, pytest.mark.slow(seconds=25), pytest.mark.shortened]
OWN, FEW, MANY = forms.either((150, (2, 300), (12, 5_000)), (600, (3, 2_000), (30, 50_000)))
"""The messages of the workspace that is asked; workspaces and messages of the installation at its two sizes."""
YEAR, AGENCY = (10, 7, 10_000), (100, 20, 100_000)
"""Workspaces, accounts of each, and messages, where the workspace that is asked, the largest, grows too."""
TIMES = 3
SMALL = 60
"""Buffers. A statement that reads fewer counts as one that reads so many: indexes grow deeper, and among so few pages
PostgreSQL chooses between two indexes as it likes.
"""
HONEST = {
    "FROM started_at - run_at": "The jobs of a day are read by time, if that is less than a workspace's own by index.",
    "integrations_dayreceipt": "The days of all accounts of the installation are read by their index (docs/scale.md).",
}
"""Parts of statements that may read more, each with the reason."""
ASKED = {
    "inbox/": ("view=all", "view=unread", "view=all&q=price"),
    "deliveries/": ("q=nobody@example.com", "verdict=failed"),
    "jobs/": ("status=failed",),
    "trace/": ("q=nobody@example.com",),
    "desk/": ("view=hot", "view=over", "view=drafts", "label=Partner"),
    "api/v1/leads/": ("limit=5&cursor={cursor}", "updatedSince={changed}", "email=nobody@example.com"),
    "api/v1/messages/": ("lead={lead_id}",),
    "api/v1/events/": ("after={event_id}",),
}
"""What people and programs ask of an address, beside the page as it opens."""
API = [
    f"api/v1/{address}"
    for address, view in system_checks.views()
    if hasattr(view, "get") and "^" not in address
]
OBJECTS: dict[str, type[models.Model]] = {
    "delivery_id": WebhookDelivery,
    "endpoint_id": WebhookEndpoint,
    "fact_id": WorkspaceFact,
    "followup_id": FollowUpInstance,
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
    for kind, name in {match for route in [*ROUTES, *API] for match in re.findall(r"<(\w+):(\w+)>", route)}:
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


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=settings.PASSWORD_BACKEND)
    return client


def asked(routes: Iterable[str]) -> dict[str, list[Read]]:
    """The statements of each address of the first workspace, as its owner or a program of its asks for it."""
    workspace = Workspace.objects.get(name="Scale 00")
    program = program_of(workspace)
    owner = workspace.memberships.get(role="owner").user
    ask = {
        "w": logged_in(owner).get,
        "desk": logged_in(owner).get,
        "api": lambda path: program.get(path.removeprefix("/api/v1/")),
    }
    page = program.get("leads/?limit=5").json()
    ids = ids_of(workspace) | {
        "cursor": page["nextCursor"],
        "changed": quote(page["data"][-1]["updatedAt"]),
        "event_id": Event.objects.filter(workspace=workspace).order_by("pk")[0].pk,
    }
    found = {}
    for route in routes:
        kind, _, _ = route.partition("/")
        path = "/" + re.sub(r"<\w+:(\w+)>", lambda match: str(ids[match[1]]), route)
        for query in ("", *ASKED.get(route.removeprefix("w/<uuid:workspace_id>/"), ())):
            cache.clear()
            address = f"{path}?{query.format(**ids)}"
            with undone(), reads("") as statements:
                answer = ask[kind](address)
                assert answer.status_code < (400 if kind in ("api", "desk") else 500), (
                    address,
                    answer,
                )
            found[f"{route}?{query}"] = statements
    return found


def shape(read: Read) -> str:
    """The statement, whatever number of ids it names."""
    return re.sub(r"%s(?:, %s)+", "%s", read.sql)


def grown(before: list[Read], after: list[Read]) -> list[str]:
    """The statements of an address that read too much more. Rows of the workspace that lie further apart in a larger
    table are no more rows: a statement that looks at as many has not grown.
    """
    assert [shape(read) for read in before] == [shape(read) for read in after]
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
            sizes.append(asked([*ROUTES, "desk/", *API]))
    few, many = sizes

    assert len(few) > len(ROUTES) + len(API)
    found = [f"{page} {statement}" for page in few for statement in grown(few[page], many[page])]
    assert not found, "\n".join(found)
    statements = "\n".join(read.sql for reads_of_page in many.values() for read in reads_of_page)
    assert [part for part in HONEST if part not in statements] == [], "these parts excuse no statement"


@pytest.mark.long
def test_no_list_of_the_api_reads_more_because_its_own_workspace_has_grown():
    until = timezone.now().replace(minute=0, second=0, microsecond=0)
    sizes = []
    for number, accounts, messages in (YEAR, AGENCY):
        with undone():
            seeding.seed(
                workspaces=number, accounts=accounts, messages=messages, seed=1, until=until, say=str
            )
            sizes.append(asked([route for route in API if "insights/" not in route]))
    few, many = sizes

    found = [f"{page} {statement}" for page in few for statement in grown(few[page], many[page])]
    assert not found, "\n".join(found)
