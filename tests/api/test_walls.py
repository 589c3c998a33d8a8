"""Every address of the API, from the URLconf: another workspace's rows are not there, and each scope is needed."""

import re
import uuid

import pytest
from django.urls import get_resolver
from rest_framework.views import APIView

from api import access, system_checks
from inbox.models import AuditEntry, FollowUpInstance
from integrations.models import Scope, WebhookEndpoint
from tests import factories
from tests.api.conftest import program_of

pytestmark = pytest.mark.django_db

ADDRESSES = [(address, view) for address, view in system_checks.views() if not address.startswith("^")]
WRITES = {
    "POST drafts/<uuid:draft_id>/approve/": {"revision": 1},
    "POST leads/<uuid:lead_id>/tag/": {"tag": "Interested"},
    "POST leads/<uuid:lead_id>/snooze/": {"until": "2027-01-01T00:00:00Z"},
    "POST leads/<uuid:lead_id>/assign/": {"assignedTo": None},
    "PATCH leads/<uuid:lead_id>/": {"company": "Ours now"},
}
"""The bodies without which a write is refused before it looks for its row."""
IN_BODIES = [
    ("sends/", {"lead": "lead_id", "channel": "email", "text": "Hi."}),
    ("followups/", {"lead": "lead_id", "sequence": "sequence_id"}),
]


def operations():
    return [
        (address, method, view.scopes[method])
        for address, view in ADDRESSES
        for method in ("GET", "POST", "PATCH", "DELETE")
        if hasattr(view, method.lower())
    ]


def rows_of(workspace) -> dict[str, object]:
    """The ids of a row of each kind that an address or a body of the API names."""
    lead = factories.make_lead(workspace)
    message = factories.make_message(lead)
    draft = factories.make_draft(message)
    sequence = factories.make_sequence(workspace, {"channel": "email"}, enabled=True)
    followup = FollowUpInstance.objects.create(
        workspace=workspace, lead=lead, sequence=sequence, quiet_since=lead.created_at
    )
    return {
        "lead_id": lead.pk,
        "message_id": message.pk,
        "draft_id": draft.pk,
        "send_id": factories.make_send(draft).pk,
        "followup_id": followup.pk,
        "sequence_id": sequence.pk,
        "endpoint_id": WebhookEndpoint.objects.create(
            workspace=workspace, url="https://a.example.com", events=["*"]
        ).pk,
    }


def filled(address: str, rows: dict[str, object]) -> str:
    return re.sub(r"<uuid:(\w+)>", lambda match: str(rows[match[1]]), address)


@pytest.mark.parametrize(("address", "method", "scope"), [row for row in operations() if "<" in row[0]])
def test_what_another_workspace_has_is_not_there(address, method, scope, workspace):
    rows = rows_of(factories.make_workspace())
    program, body = program_of(workspace), WRITES.get(f"{method} {address}", {})
    strangers = program.call(method, filled(address, rows), body)
    nowhere = program.call(method, filled(address, dict.fromkeys(rows, uuid.uuid4())), body)
    assert strangers.status_code == nowhere.status_code == 404
    assert strangers.json() | {"requestId": ""} == nowhere.json() | {"requestId": ""}


@pytest.mark.parametrize(("path", "body"), IN_BODIES)
def test_what_another_workspace_has_is_not_there_in_a_body(path, body, workspace):
    rows = rows_of(factories.make_workspace())
    body = {name: str(rows.get(value, value)) for name, value in body.items()}
    answer = program_of(workspace).post(path, body, "k")
    assert answer.status_code == 404
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == ("lead", "not_found")


def test_a_sequence_of_another_workspace_is_not_there(workspace):
    ours, theirs = rows_of(workspace), rows_of(factories.make_workspace())
    answer = program_of(workspace).post(
        "followups/", {"lead": str(ours["lead_id"]), "sequence": str(theirs["sequence_id"])}
    )
    assert answer.status_code == 404
    assert [error["field"] for error in answer.json()["errors"]] == ["sequence"]


@pytest.mark.parametrize(
    "path", ["leads/", "messages/", "drafts/", "accounts/", "events/", "webhook-endpoints/"]
)
def test_no_list_holds_a_row_of_another_workspace(path, workspace):
    other = factories.make_workspace()
    rows_of(other)
    factories.make_integration(other)
    assert program_of(workspace).get(path).json()["data"] == []


@pytest.mark.parametrize(("address", "method", "scope"), operations())
def test_each_scope_is_needed_and_is_enough(address, method, scope, workspace):
    rows, wanted = rows_of(workspace), scope.split()
    for missing in wanted:
        program = program_of(workspace, *(name for name in Scope.values if name != missing))
        answer = program.call(method, filled(address, rows), {})
        assert answer.status_code == 403 and answer.json()["errors"][0]["detail"] == missing
    program = program_of(workspace, *(wanted or ["leads:read"]))
    assert program.call(method, filled(address, rows), {}).status_code not in (401, 403, 404, 405)


@pytest.mark.parametrize(("address", "method", "scope"), operations())
def test_an_unknown_parameter_is_refused_everywhere_and_changes_nothing(address, method, scope, workspace):
    program, rows = program_of(workspace), rows_of(workspace)
    entries = AuditEntry.objects.count()
    path, body = f"{filled(address, rows)}?dryRun=true", WRITES.get(f"{method} {address}", {})
    answer = program.call(method, path, body, key="k1")
    assert answer.status_code == 422, answer.content
    assert [error["field"] for error in answer.json()["errors"]] == ["dryRun"]
    assert AuditEntry.objects.count() == entries


def test_every_scope_opens_something():
    assert {scope for _, _, stated in operations() for scope in stated.split()} == set(Scope.values)


def test_a_view_of_rest_framework_that_states_nothing_is_closed(workspace, rf):
    class Open(APIView):
        def get(self, request): ...

    bearer = {"Authorization": f"Bearer {program_of(workspace).text}"}
    assert Open.as_view()(rf.get("/")).status_code == 401
    assert Open.as_view()(rf.get("/", headers=bearer)).status_code == 405


def test_only_webhooks_and_their_schema_need_no_token():
    def views(resolver, above=""):
        for pattern in resolver.url_patterns:
            if hasattr(pattern, "url_patterns"):
                yield from views(pattern, above + str(pattern.pattern))
            elif hasattr(pattern.callback, "cls"):
                yield above + str(pattern.pattern), pattern.callback

    closed = {"authentication_classes": [access.TokenAuthentication], "permission_classes": [access.HasScope]}
    for address, view in views(get_resolver()):
        stated = {name: list(view.initkwargs.get(name, getattr(view.cls, name))) for name in closed}
        assert (stated == closed) is not address.startswith(("api/webhooks/", "api/schema/")), address
