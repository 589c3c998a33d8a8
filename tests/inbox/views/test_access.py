"""The wall: every page under /w/<workspace>/ is tried by its owner, a member, a viewer, an outsider and nobody."""

import re
import uuid

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from inbox.models import Membership
from inbox.views.health import ACTIONS
from integrations import health, registry
from integrations.models import WebhookKey
from tests import factories

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
    }

    def fill(route: str, **changes) -> str:
        path = route
        for name, value in (known | changes).items():
            path = re.sub(rf"<(uuid|int|str):{name}>", str(value), path)
        return "/" + re.sub(r"<(\w+):\w+>", lambda match: NOBODYS[match[1]], path)

    return fill


@pytest.mark.parametrize("provider", registry.stating("secrets"))
def test_every_page_opens_while_an_account_s_secrets_cannot_be_read(provider, path_of, people, workspace):
    """The key is lost of the account's secrets and of its webhook key: every page is tried, and every button."""
    secrets = {one.name: f"secret-{one.name}" for one in registry.spec_of(provider).secrets}
    account = factories.make_integration(workspace, provider, credentials=secrets, external_account_id="acc")
    key = WebhookKey.issue(account)
    factories.lose_key(account)
    factories.lose_key(key)
    health.note_unreadable(account)
    for route in ROUTES:
        path = path_of(route, integration_id=account.pk, key_id=key.pk, provider=provider)
        assert people.owner.get(path).status_code < 500, path
        assert people.owner.post(path).status_code < 500, path
    for page in ("integrations", "health", "list"):
        assert people.member.get(reverse(f"inbox:{page}", args=[workspace.pk])).status_code == 200, page
    for do in ACTIONS:
        path = reverse("inbox:health-account", args=[workspace.pk, account.pk])
        assert people.owner.post(path, {"do": do}).status_code == 302, do


@pytest.mark.parametrize("route", ROUTES)
def test_route_is_guarded_by_workspace_view(route):
    assert hasattr(ROUTES[route], "min_role"), f"{route} lacks @workspace_view()"


@pytest.mark.parametrize("method", KNOWN_METHODS)
@pytest.mark.parametrize("route", ROUTES)
def test_outsider_gets_404(route, method, people, path_of):
    response = people.outsider.generic(method, path_of(route))
    assert response.status_code in (404, 405)


@pytest.mark.parametrize("route", ROUTES)
def test_outsider_learns_no_more_than_of_a_workspace_that_does_not_exist(route, people, path_of):
    real = people.outsider.get(path_of(route))
    invented = people.outsider.get(path_of(route, workspace_id=uuid.uuid4()))
    assert (real.status_code, len(real.content)) == (invented.status_code, len(invented.content))


@pytest.mark.parametrize("method", KNOWN_METHODS)
@pytest.mark.parametrize("route", ROUTES)
def test_nobody_is_sent_to_the_login(route, method, path_of):
    response = Client().generic(method, path_of(route))
    assert response.status_code == 302
    assert response["Location"].startswith("/login/?next=/w/")


@pytest.mark.parametrize("method", ("POST", "PUT", "DELETE"))
@pytest.mark.parametrize("route", ROUTES)
def test_viewer_changes_nothing(route, method, people, path_of):
    assert people.viewer.generic(method, path_of(route)).status_code in (403, 405)


@pytest.mark.parametrize("route", ROUTES)
def test_owner_comes_in(route, people, path_of):
    assert people.owner.get(path_of(route)).status_code not in (403, 500)


@pytest.mark.parametrize(
    "parameter",
    [
        "lead_id",
        "message_id",
        "draft_id",
        "send_id",
        "delivery_id",
        "integration_id",
        "invitation_id",
        "key_id",
        "sequence_id",
    ],
)
def test_object_of_another_workspace_is_not_found_through_ones_own(parameter, workspace, people, path_of):
    elsewhere = factories.make_workspace()
    theirs = factories.make_lead(elsewhere)
    integration = factories.make_integration(elsewhere)
    message = factories.make_message(theirs)
    draft = factories.make_draft(message)
    foreign = {
        "delivery_id": factories.make_delivery(elsewhere),
        "integration_id": integration,
        "invitation_id": factories.make_invitation(elsewhere),
        "key_id": WebhookKey.issue(integration),
        "lead_id": theirs,
        "message_id": message,
        "draft_id": draft,
        "send_id": factories.make_send(draft),
        "fact_id": factories.make_fact(workspace).pk,
        "sequence_id": factories.make_sequence(elsewhere, {}),
    }
    routes = [route for route in ROUTES if f":{parameter}>" in route]
    assert routes
    for route in routes:
        for method in KNOWN_METHODS:
            response = people.owner.generic(method, path_of(route, **{parameter: foreign[parameter].pk}))
            assert response.status_code in (404, 405), (method, route)


def test_removed_member_is_out_at_once(workspace, people):
    assert people.member.get(f"/w/{workspace.pk}/inbox/").status_code == 200
    Membership.objects.filter(user=people.users.member).delete()
    assert people.member.get(f"/w/{workspace.pk}/inbox/").status_code == 404


def test_superuser_without_membership_is_an_outsider(workspace):
    client = Client()
    client.force_login(factories.make_user(is_staff=True, is_superuser=True))
    assert client.get(f"/w/{workspace.pk}/inbox/").status_code == 404
