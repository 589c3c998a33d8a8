"""The wall: every page under /w/<workspace>/ is tried by its owner, a member, a viewer, an outsider and nobody."""

import inspect
import itertools
import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress

import pytest
from django.db import transaction
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, UUIDConverter

from inbox.models import (
    Appointment,
    Campaign,
    Draft,
    FollowUpSequence,
    FollowUpTask,
    Invitation,
    Label,
    Lead,
    Membership,
    Message,
    OutboundSend,
    SavedView,
    Snippet,
    User,
    WebhookDelivery,
    Workspace,
    WorkspaceFact,
)
from inbox.pages.operations.health import ACTIONS
from insights.models import ContextPack
from integrations import registry
from integrations.health import writer
from integrations.models import ApiToken, Integration, WebhookEndpoint, WebhookKey
from jobs.models import BackgroundJob
from tests import factories, forms
from tests.admin.rows import of_workspace

NOBODYS = {"uuid": str(uuid.uuid4()), "int": "987654321", "str": "nobodys", "slug": "nobodys"}
"""Values for parameters that no fixture here has an object for."""
KNOWN_METHODS = ("GET", "POST")


def workspace_patterns(resolver=None, prefix=""):
    """(route, view) of every pattern under `w/<uuid:workspace_id>/`, whoever added it."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from workspace_patterns(pattern, route)
        elif isinstance(pattern, URLPattern) and route.startswith("w/<uuid:workspace_id>/"):
            yield route, pattern.callback


ROUTES = dict(workspace_patterns())


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        yield from patterns(pattern) if isinstance(pattern, URLResolver) else [pattern]


def test_a_view_is_annotated_with_what_its_address_passes():
    types = {UUIDConverter: uuid.UUID, IntConverter: int}
    wrong = []
    for pattern in patterns(get_resolver()):
        view = inspect.unwrap(pattern.callback)
        for name, converter in pattern.pattern.converters.items():
            said = getattr(
                inspect.signature(view).parameters.get(name), "annotation", inspect.Parameter.empty
            )
            if isinstance(said, type) and said not in (
                types.get(type(converter), str),
                inspect.Parameter.empty,
            ):
                wrong.append(f"{view.__module__}.{view.__qualname__}: {name}")
    assert wrong == []


@pytest.fixture
def path_of(workspace, lead):
    """The path of a route with every parameter naming an object of the workspace."""
    message = factories.make_message(lead)
    draft = factories.make_draft(message)
    integration = factories.make_integration(workspace)
    known = {
        "integration_id": integration.pk,
        "key_id": WebhookKey.issue(integration).pk,
        "delivery_id": factories.make_delivery(workspace, lead=lead, message=message).pk,
        "invitation_id": factories.make_invitation(workspace).pk,
        "workspace_id": workspace.pk,
        "lead_id": lead.pk,
        "message_id": message.pk,
        "draft_id": draft.pk,
        "send_id": factories.make_send(draft).pk,
        "fact_id": factories.make_fact(workspace).pk,
        "sequence_id": factories.make_sequence(workspace, {}).pk,
        "view_id": factories.make_saved_view(workspace).pk,
        "label_id": factories.make_label(workspace).pk,
        "snippet_id": factories.make_snippet(workspace).pk,
    }

    def fill(route: str, **changes) -> str:
        path = route
        for name, value in (known | changes).items():
            path = re.sub(rf"<(uuid|int|str):{name}>", str(value), path)
        return "/" + re.sub(r"<(\w+):\w+>", lambda match: NOBODYS[match[1]], path)

    return fill


@pytest.mark.shortened
@pytest.mark.parametrize("provider", registry.stating("secrets"))
def test_every_page_opens_while_an_account_s_secrets_cannot_be_read(provider, path_of, people, workspace):
    """The key is lost of the account's secrets and of its webhook key: every page is tried, and every button.

    In the short form with one provider, and of the others their own pages.
    """
    own = [route for route in ROUTES if re.search("integration|health|provider|key", route)]
    assert 10 < len(own) < len(ROUTES)
    secrets = {one.name: f"secret-{one.name}" for one in registry.spec_of(provider).secrets}
    account = factories.make_integration(workspace, provider, credentials=secrets, external_account_id="acc")
    key = WebhookKey.issue(account)
    factories.lose_key(account)
    factories.lose_key(key)
    writer.note_unreadable(account)
    for route in ROUTES if forms.LONG or provider == "emailbison" else own:
        path = path_of(route, integration_id=account.pk, key_id=key.pk, provider=provider)
        assert people.owner.get(path).status_code < 500, path
        assert people.owner.post(path).status_code < 500, path
    for page in ("integrations", "health", "list"):
        assert people.member.get(reverse(f"inbox:{page}", args=[workspace.pk])).status_code == 200, page
    for do in ACTIONS:
        path = reverse("inbox:health-account", args=[workspace.pk, account.pk])
        assert people.owner.post(path, {"do": do}).status_code == 302, do


class Undone(Exception):
    """Ends a try: the next one finds the rows as they were."""


def tries(*methods: str, routes: Iterable[str] = ROUTES) -> Iterator[tuple[str, str]]:
    """Each of `routes` with each of `methods`. What a try changes is undone: one set of rows serves all."""
    for route, method in itertools.product(routes, methods):
        with suppress(Undone), transaction.atomic():
            yield route, method
            raise Undone


def test_every_route_is_guarded_by_workspace_view():
    lacking = [route for route, view in ROUTES.items() if not hasattr(view, "min_role")]
    assert not lacking, f"{lacking} lack @workspace_view()"


def answers(client: Client, path_of, *methods: str) -> dict[tuple[str, str], HttpResponse]:
    """What `client` gets, by route and method."""
    found = {}
    for route, method in tries(*methods):
        found[route, method] = client.generic(method, path_of(route))
    assert len(found) == len(ROUTES) * len(methods) > 50
    return found


def test_an_outsider_gets_404_everywhere(people, path_of):
    got = answers(people.outsider, path_of, *KNOWN_METHODS)
    assert {what: one.status_code for what, one in got.items() if one.status_code not in (404, 405)} == {}


def test_an_outsider_learns_no_more_than_of_a_workspace_that_does_not_exist(people, path_of):
    told, outsider = {}, people.outsider  # logged in before the tries, which undo what they do
    for route, _ in tries("GET"):
        real = outsider.get(path_of(route))
        invented = outsider.get(path_of(route, workspace_id=uuid.uuid4()))
        told[route] = [(one.status_code, len(one.content)) for one in (real, invented)]
    assert len(told) == len(ROUTES)
    assert {route: both for route, both in told.items() if both[0] != both[1]} == {}


def test_nobody_is_sent_to_the_login_from_everywhere(path_of):
    got = answers(Client(), path_of, *KNOWN_METHODS)
    to = {what: (one.status_code, one.get("Location", "")) for what, one in got.items()}
    assert {
        what: one for what, one in to.items() if one[0] != 302 or not one[1].startswith("/login/?next=/w/")
    } == {}


def test_a_viewer_changes_nothing_anywhere(people, path_of):
    got = answers(people.viewer, path_of, "POST", "PUT", "DELETE")
    assert {what: one.status_code for what, one in got.items() if one.status_code not in (403, 405)} == {}


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_whose_role_is_too_low_for_a_page_is_refused_it(people, path_of, role):
    mine = Membership(role=role)
    low = [route for route, view in ROUTES.items() if not mine.at_least(view.min_role)]
    client = getattr(people, role)
    got = {
        what: client.generic(what[1], path_of(what[0])).status_code
        for what in tries(*KNOWN_METHODS, routes=low)
    }
    assert got and {what: code for what, code in got.items() if code not in (403, 405)} == {}


def test_an_owner_comes_in_everywhere(people, path_of):
    got = answers(people.owner, path_of, "GET")
    assert {what: one.status_code for what, one in got.items() if one.status_code in (403, 500)} == {}


IDS = sorted({name for route in ROUTES for name in re.findall(r"<\w+:(\w+_id)>", route)} - {"workspace_id"})
MODEL_OF = {
    "appointment_id": Appointment,
    "campaign_id": Campaign,
    "delivery_id": WebhookDelivery,
    "draft_id": Draft,
    "endpoint_id": WebhookEndpoint,
    "fact_id": WorkspaceFact,
    "integration_id": Integration,
    "invitation_id": Invitation,
    "job_id": BackgroundJob,
    "key_id": WebhookKey,
    "lead_id": Lead,
    "membership_id": Membership,
    "message_id": Message,
    "pack_id": ContextPack,
    "row_id": Lead,
    "send_id": OutboundSend,
    "sequence_id": FollowUpSequence,
    "label_id": Label,
    "snippet_id": Snippet,
    "task_id": FollowUpTask,
    "token_id": ApiToken,
    "view_id": SavedView,
}
"""What each id in an address is of. An id that is missing here fails its test."""


def rows_of(workspace: Workspace, key: str) -> dict[type[Model], Model]:
    """A row of each model that belongs to a workspace."""
    others = (factories.make_snippet(workspace), factories.make_saved_view(workspace))
    return of_workspace(workspace, key) | {type(row): row for row in others}


@pytest.mark.parametrize("parameter", IDS)
def test_object_of_another_workspace_is_not_found_through_ones_own(parameter, workspace, people, path_of):
    theirs = rows_of(factories.make_workspace(), "there")[MODEL_OF[parameter]]
    ours = rows_of(workspace, "here")[MODEL_OF[parameter]]
    routes, found = [route for route in ROUTES if f":{parameter}>" in route], set()
    for route in routes:
        for method in KNOWN_METHODS:
            response = people.owner.generic(method, path_of(route, kind="lead", **{parameter: theirs.pk}))
            assert response.status_code in (404, 405), (method, route)
    for route, _ in tries("GET", routes=routes):
        found.add(people.owner.get(path_of(route, kind="lead", **{parameter: ours.pk})).status_code)
    assert found != {404}, "no address finds an object of the own workspace"


def test_no_page_shows_a_row_of_another_workspace(workspace, people, path_of):
    """Lists, and what stands beside others: snippets in the composer, packs, views, people to give a lead to."""
    theirs, ours = rows_of(factories.make_workspace(), "there"), rows_of(workspace, "here")
    marks = {str(row.pk) for row in theirs.values() if isinstance(row.pk, uuid.UUID)}
    marks |= {row.email for row in theirs.values() if isinstance(row, User)}
    own = {name: ours[model].pk for name, model in MODEL_OF.items()}
    owner, shown, seen = people.owner, {}, set()  # logged in before the tries, which undo what they do
    for route, _ in tries("GET"):
        answer = owner.get(path_of(route, kind="lead", **own))
        text = answer.getvalue().decode(errors="replace")
        shown[route] = {mark for mark in marks if mark in text}
        seen |= {model for model, row in ours.items() if str(row.pk) in text}
    assert {route: rows for route, rows in shown.items() if rows} == {}
    assert {Snippet, ContextPack, Lead, Draft, SavedView, FollowUpSequence, BackgroundJob} <= seen


def test_removed_member_is_out_at_once(workspace, people):
    assert people.member.get(f"/w/{workspace.pk}/inbox/").status_code == 200
    Membership.objects.filter(user=people.users.member).delete()
    assert people.member.get(f"/w/{workspace.pk}/inbox/").status_code == 404


def test_superuser_without_membership_is_an_outsider(workspace):
    client = Client()
    client.force_login(factories.make_user(is_staff=True, is_superuser=True))
    assert client.get(f"/w/{workspace.pk}/inbox/").status_code == 404


def test_no_address_answers_405_to_a_person_who_opens_it(people, path_of):
    """It leads to the nearest page above it, in the end."""
    owner, met = people.owner, set()
    for route, _ in tries("GET"):
        answer = owner.get(path_of(route), headers={"Accept": "text/html,*/*"}, follow=True)
        assert answer.status_code != 405, route
        met.add(bool(answer.redirect_chain))
    assert met == {True, False}


def test_after_log_in_a_form_leads_back_to_its_page(path_of):
    """A session ended while somebody wrote: the form's own address takes no visits."""
    page, form = (
        path_of("w/<uuid:workspace_id>/inbox/<uuid:lead_id>/"),
        path_of("w/<uuid:workspace_id>/inbox/<uuid:lead_id>/message/"),
    )
    to_log_in = Client().post(form, headers={"Referer": f"http://testserver{page}?view=all"})["Location"]
    assert to_log_in == f"/login/?next={page}%3Fview%3Dall"
    elsewhere = Client().post(form, headers={"Referer": "https://elsewhere.example.com/"})["Location"]
    assert elsewhere == f"/login/?next={form}"
