"""Coming in: login, lock-out, the way home, and what a person likes."""

import pytest
from django.conf import settings
from django.test import Client, override_settings

from inbox.models import Membership
from tests import factories
from tests.factories import PASSWORD


@pytest.fixture
def ana(workspace):
    return factories.make_member(workspace, email="ana@northwind.example.com")


def log_in(client=None, **data):
    data = {"username": "ana@northwind.example.com", "password": PASSWORD} | data
    return (client or Client()).post("/login/", data)


@pytest.mark.parametrize("address", ["ana@northwind.example.com", " Ana@Northwind.Example.com "])
def test_log_in_by_address_in_any_case(address, ana):
    assert log_in(username=address)["Location"] == "/"


def test_session_ends_with_the_browser_unless_asked_otherwise(ana):
    assert not log_in().cookies[settings.SESSION_COOKIE_NAME]["max-age"]
    assert log_in(remember="on").cookies[settings.SESSION_COOKIE_NAME]["max-age"] == 14 * 24 * 3600


def test_log_in_goes_where_one_wanted_to_go_but_not_elsewhere(ana):
    assert log_in(next="/account/x/")["Location"] == "/account/x/"
    assert log_in(next="https://evil.example/")["Location"] == "/"


def test_wrong_password_and_unknown_address_read_the_same(ana):
    wrong = log_in(password="wrong").content.decode()
    unknown = log_in(username="nobody@example.com").content.decode()
    assert "don’t match" in wrong
    assert (
        wrong.replace("ana@northwind", "x").split("csrf")[0]
        == unknown.replace("nobody", "x").split("csrf")[0]
    )


@override_settings(AXES_ENABLED=True)
def test_tries_are_counted_down_and_then_locked(ana):
    client = Client()
    texts = [
        log_in(client, password="wrong").content.decode() for _ in range(settings.AXES_FAILURE_LIMIT - 1)
    ]
    assert "1 try is left" in texts[-1]
    locked = log_in(client, password="wrong")
    assert locked.status_code == 429
    assert "Temporarily locked" in locked.content.decode()
    assert log_in(client).status_code == 429


@override_settings(AXES_ENABLED=True)
def test_lock_does_not_hit_another_address(ana):
    client = Client()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        log_in(client, username="somebody@example.com", password="wrong")
    assert log_in(client).status_code == 302


def test_home_is_the_inbox_of_the_one_workspace_or_the_list_over_all(ana):
    client = Client()
    client.force_login(ana)
    assert client.get("/")["Location"] == f"/w/{ana.memberships.get().workspace_id}/inbox/"
    Membership.objects.create(workspace=factories.make_workspace("Aardvark"), user=ana)
    assert client.get("/")["Location"] == "/desk/"


def test_home_forgets_a_workspace_one_has_left(ana):
    client = Client()
    client.force_login(ana)
    client.get(f"/w/{ana.memberships.get().workspace_id}/inbox/")
    ana.memberships.all().delete()
    assert "No workspace yet" in client.get("/").content.decode()


def test_log_out_is_a_post(member):
    assert member.get("/logout/").status_code == 405
    assert member.post("/logout/")["Location"] == "/login/"
    assert member.get("/").status_code == 302


@pytest.mark.parametrize("theme", ["light", "dark", ""])
def test_theme_is_kept_and_shown(theme, workspace, member):
    member.post("/account/preferences/", {"theme": theme})
    page = member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    assert ('data-theme="' + theme + '"' in page.split(">")[1]) == bool(theme)


def test_single_letter_keys_can_be_switched_off_and_on(workspace, member):
    member.post("/account/preferences/", {"single_keys": "off"})
    assert 'data-single="off"' in member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    member.post("/account/preferences/", {"single_keys": "on"})
    assert 'data-single="on"' in member.get(f"/w/{workspace.pk}/inbox/").content.decode()


@pytest.mark.parametrize(
    "url, goes_to", [("/w/x/", "/w/x/"), ("//evil.example", "/"), ("javascript:x", "/"), ("", "/")]
)
def test_preferences_go_back_to_a_page_of_ours_only(url, goes_to, member):
    assert member.post("/account/preferences/", {"theme": "dark", "next": url})["Location"] == goes_to


def test_unknown_preference_changes_nothing(people):
    people.member.post("/account/preferences/", {"theme": "pink", "single_keys": "maybe"})
    people.users.member.refresh_from_db()
    assert (people.users.member.theme, people.users.member.single_key_shortcuts) == ("", True)


def test_form_without_its_token_is_refused_in_words(people):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.users.member)
    response = client.post("/account/preferences/", {"theme": "dark"})
    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()


@override_settings(DEBUG=False)
def test_unknown_page_is_explained(member):
    response = member.get("/nowhere/")
    assert response.status_code == 404
    assert "Page not found" in response.content.decode()


def test_error_page_needs_no_request():
    from django.template.loader import get_template

    assert "Something broke on our side" in get_template("500.html").render()
