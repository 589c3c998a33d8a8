"""All addresses of the product, tried in each state of the login. What is expected of each stands in doors.txt.

    DEBUG=1 python -m tests.inbox.pages.test_doors    # prints the addresses that have no rule yet

A rule is one of: public; person (whoever is logged in); workspace (its members); admin; and for the last two
"asks to change", "asks to read" or "asks to read and change", where the proof must be fresh.
"""

import re
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from inbox.models import Membership, User
from inbox.workspaces import identity, second_factor
from tests import factories
from tests.inbox.pages.test_access import NOBODYS, path_of, tries  # noqa: F401  a fixture

KEPT = Path(__file__).with_name("doors.txt")
WRITTEN = dict(line.rsplit("  ", 1) for line in KEPT.read_text().splitlines())
MODEL_PAGE = re.compile(r"admin/\w+/\w+/(add/|<path:object_id>/((change|delete|history)/)?)?$")
"""A page of a model in the admin. One without a line in doors.txt asks nothing again; tests/admin/test_walk.py refuses
a model without a rule."""
LEAVES = {"logout/", "admin/logout/"}
"""Addresses that end the session which tries them."""
POSTED = {
    "w/<uuid:workspace_id>/automation/policy/": {"mode": "auto"},
    "w/<uuid:workspace_id>/automation/policy/<uuid:campaign_id>/": {"mode": "auto"},
    "w/<uuid:workspace_id>/people/add/": {"role": "owner"},
    "w/<uuid:workspace_id>/people/<int:membership_id>/": {"do": "role", "role": "owner"},
}
"""What is posted where only some of it asks again."""
ASKED = "Confirm it’s you"


def addresses(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, route)
        else:
            yield route, pattern


ADDRESSES = {route: pattern for route, pattern in addresses() if not route.startswith("api/v1/")}
"""Those of the API ask for a token with a scope, and for nothing else: tests/api/test_walls.py walks them."""
RULES = {route: "admin" for route in ADDRESSES if MODEL_PAGE.match(route)} | WRITTEN


def of(*rules: str) -> list[str]:
    return [route for route, rule in RULES.items() if rule.partition(",")[0] in rules and route not in LEAVES]


def filled(route: str) -> str:
    path = re.sub(
        r"<path:\w+>|<(\w+):(?!name)\w+>", lambda match: NOBODYS.get(match[1] or "", "987654321"), route
    )
    return "/" + re.sub(r"<\w+:name>", "setters", path).replace("$", "").replace("^", "").replace("/?", "/")


def asks(client: Client, route: str, path: str) -> tuple[bool, bool]:
    """Whether reading and changing there leads to the question."""
    read = client.get(path)
    post = client.post(path, POSTED.get(route, {}))
    to_question = read.status_code == 302 and read["Location"].startswith("/account/proof/")
    return to_question, not post.streaming and ASKED in post.content.decode(errors="replace")


EXPECTED = {"": (False, False), "asks to change": (False, True), "asks to read": (True, False)}
EXPECTED["asks to read and change"] = (True, True)


def test_every_address_has_a_rule():
    assert sorted(WRITTEN) == list(WRITTEN), "one after the other"
    assert sorted(ADDRESSES) == sorted(RULES), "say in doors.txt who may open a new address"


@pytest.mark.django_db
def test_nobody_is_led_to_the_log_in_from_everywhere_that_is_not_public():
    got = {route: Client().get(filled(route)) for route in of("person", "workspace", "admin")}
    places = {route: answer.get("Location", "") for route, answer in got.items()}
    assert {route: to for route, to in places.items() if not re.match(r"(/admin)?/login/", to)} == {}


def test_public_addresses_ask_for_no_log_in(db):
    got = {route: Client().get(filled(route)).get("Location", "") for route in of("public")}
    assert {route: to for route, to in got.items() if "/login/?next" in to} == {}


@pytest.mark.django_db
def test_a_password_alone_opens_nothing_where_more_is_required(people, workspace, settings):
    """The pages of the workspace and the admin. A person's own pages stay open, as the factor is set up there."""
    settings.OPERATORS_NEED_FACTOR = True
    second_factor.require(workspace, people.users.owner, True)
    User.objects.filter(pk=people.users.owner.pk).update(is_staff=True, is_superuser=True)
    client, got = people.owner, defaultdict(set)
    elsewhere = {"admin/login/", "admin/password_change/"}  # they lead to the product's own pages
    for route, method in tries("GET", "POST", routes=set(of("workspace", "admin")) - elsewhere):
        path = (
            filled(route).replace(NOBODYS["uuid"], str(workspace.pk), 1) if route[0] == "w" else filled(route)
        )
        answer = client.generic(method, path)
        to_setup = answer.get("Location", "").startswith("/account/security/factor/?next=")
        got[route].add("set up" if to_setup else answer.status_code)
    assert {
        route: codes for route, codes in got.items() if "set up" not in codes or codes - {"set up", 405}
    } == {}
    assert client.get("/account/security/").status_code == 200


def old(client: Client) -> Client:
    session = client.session
    session[identity.PROVEN] = int(time.time()) - identity.FRESH_S - 1
    session.save()
    return client


@pytest.mark.parametrize("role", ["owner", "viewer"])
def test_steps_ask_again_and_nothing_else_in_a_workspace(people, path_of, role):  # noqa: F811
    client, wrong = old(getattr(people, role)), {}
    client.raise_request_exception = False  # a provider is not called inside the transaction that is undone
    for route, _ in tries("POST", routes=of("workspace")):
        kind = RULES[route].partition(", ")[2]
        expected = EXPECTED[kind]
        if role == "viewer":  # one whose role is too low is refused, and not asked
            low = not Membership(role=role).at_least(ADDRESSES[route].callback.min_role)
            expected = (expected[0] and not low, False)
        got = asks(client, route, path_of(route))
        if got != expected:
            wrong[route] = got
    assert wrong == {}


def test_no_step_asks_a_person_who_has_just_logged_in(people, path_of):  # noqa: F811
    wrong = []
    for route, _ in tries("POST", routes=[route for route in RULES if "asks" in RULES[route]]):
        if route.startswith("w/") and any(asks(people.owner, route, path_of(route))):
            wrong.append(route)
    assert wrong == []


def test_steps_ask_again_and_nothing_else_in_the_admin_and_on_own_pages(db):
    client, wrong = Client(), {}
    client.force_login(factories.make_user(is_staff=True, is_superuser=True))
    old(client)
    for route, _ in tries("POST", routes=of("admin", "person")):
        got = asks(client, route, filled(route))
        if got != EXPECTED[RULES[route].partition(", ")[2]]:
            wrong[route] = got
    assert wrong == {}


if __name__ == "__main__":
    print(*(route for route in sorted(ADDRESSES) if route not in RULES), sep="\n")
