"""Sessions: their owner sees and ends them, and what ends them without anybody's asking."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from inbox.models import AuditEntry, BrowserSession, Membership, User
from inbox.pages.changes import with_snapshot
from inbox.workspaces import sessions
from inbox.workspaces.people import change_role, password_path, remove
from tests import factories
from tests.factories import PASSWORD

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.0 Mobile/15E148 Safari/604.1"
)
NEW = "another-correct-horse"


@pytest.fixture
def ana(workspace) -> User:
    return factories.make_member(workspace, Membership.Role.OWNER, email="ana@northwind.example.com")


def browser(user: User, agent: str = FIREFOX, address: str = "2001:db8:1:2:3::4") -> Client:
    """A browser in which `user` has logged in and opened a page."""
    client = Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
    client.force_login(user)
    assert client.get("/account/").status_code == 200
    return client


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def live(client: Client, workspace, user: User):
    snapshot = with_snapshot().get(workspace=workspace, user=user).snapshot
    return client.get("/live/", {"w": f"{workspace.pk}~{snapshot}"}).status_code


def later(monkeypatch, **how_much) -> None:
    now = timezone.now().timestamp() + timedelta(**how_much).total_seconds()
    monkeypatch.setattr(sessions.time, "time", lambda: now)


def test_a_person_sees_where_they_are_logged_in_and_nobody_else_does(ana):
    here, other = browser(ana), browser(ana, SAFARI, "198.51.100.7")
    browser(factories.make_user(), "curl/8.5.0", "192.0.2.99")

    page = here.get("/account/security/").content.decode()

    assert "Firefox on Windows" in page and "2001:db8:1:2:3::4" in page
    assert "Safari on an iPhone" in page and "198.51.100.7" in page
    assert "192.0.2.99" not in page
    assert page.count("this browser") == 1
    assert not any(client.session.session_key in page for client in (here, other))


def test_a_session_that_is_ended_is_out_at_once_in_pages_and_in_live_ones(ana, workspace):
    here, other = browser(ana), browser(ana, SAFARI)
    row = BrowserSession.objects.get(session_id=other.session.session_key)
    assert live(other, workspace, ana) == 200

    assert here.post("/account/security/sessions/", {"session": row.pk})["Location"] == "/account/security/"

    assert not is_in(other) and live(other, workspace, ana) == 401
    assert is_in(here) and not BrowserSession.objects.filter(pk=row.pk).exists()
    assert AuditEntry.objects.get(action="session.ended").data == {"count": 1}


def test_a_person_does_not_end_a_session_of_somebody_else(ana):
    here, other = browser(ana), browser(factories.make_user())
    row = BrowserSession.objects.get(session_id=other.session.session_key)

    here.post("/account/security/sessions/", {"session": row.pk})

    here.post("/account/security/sessions/", {"session": "x"})
    assert is_in(here) and is_in(other)


def test_all_others_end_at_once_also_those_that_were_not_used_since_the_upgrade(ana):
    here, other = browser(ana), browser(ana, SAFARI)
    stranger, old = browser(factories.make_user()), Client()
    old.force_login(ana)
    assert not BrowserSession.objects.filter(session_id=old.session.session_key).exists()

    here.post("/account/security/sessions/", {"session": "others"})

    assert [is_in(client) for client in (here, stranger, other, old)] == [True, True, False, False]


def change(client: Client, ana: User) -> None:
    passwords = {"new_password1": NEW, "new_password2": NEW}
    assert client.post("/account/password/", {"old_password": PASSWORD} | passwords).status_code == 302


def reset(client: Client, ana: User) -> None:
    form = Client().get(password_path(ana))["Location"]
    fresh = Client()
    fresh.get(password_path(ana))
    assert fresh.post(form, {"new_password1": NEW, "new_password2": NEW}).status_code == 302


def change_in_the_admin(client: Client, ana: User) -> None:
    root = browser(factories.make_user(is_staff=True, is_superuser=True))
    answer = root.post(f"/admin/inbox/user/{ana.pk}/password/", {"password1": NEW, "password2": NEW})
    assert answer.status_code == 302 and is_in(root)


def change_by_an_operator(client: Client, ana: User) -> None:
    ana.set_password(NEW)
    ana.save(update_fields=["password"])


@pytest.mark.parametrize("how", [change, reset, change_in_the_admin, change_by_an_operator])
def test_a_new_password_ends_every_other_session(ana, how):
    here, other = browser(ana), browser(ana, SAFARI)
    keys = {here.session.session_key, other.session.session_key}

    how(here, ana)

    assert not is_in(other)
    assert is_in(here) is (how is change)
    assert not Session.objects.filter(pk__in=keys).exists(), "the one that stays has a new key"
    assert BrowserSession.objects.filter(user=ana).count() == (how is change)


def test_use_is_written_at_most_once_a_minute(ana, monkeypatch):
    here = browser(ana)
    written = BrowserSession.objects.get().last_used_at
    here.get("/account/security/")
    assert BrowserSession.objects.get().last_used_at == written

    later(monkeypatch, seconds=sessions.EACH_S + 1)
    here.get("/account/security/")

    row = BrowserSession.objects.get()
    assert row.last_used_at > written and row.created_at < row.last_used_at


def test_a_session_ends_some_time_after_the_log_in_however_much_it_is_used(
    ana, workspace, monkeypatch, settings
):
    here = browser(ana)
    later(monkeypatch, days=settings.SESSION_MAX_DAYS, seconds=-60)
    assert is_in(here) and live(here, workspace, ana) == 200

    later(monkeypatch, days=settings.SESSION_MAX_DAYS, seconds=60)

    assert live(here, workspace, ana) == 401
    answer = here.get("/account/?x=1")
    assert answer["Location"] == "/login/?next=/account/%3Fx%3D1"
    here.force_login(ana)
    assert is_in(here)


def test_a_session_ends_when_it_was_not_used_for_long_and_its_row_with_it(ana, settings):
    here = browser(ana)
    lifetime = Session.objects.get().expire_date - timezone.now()
    assert timedelta(0) <= timedelta(seconds=settings.SESSION_COOKIE_AGE) - lifetime < timedelta(minutes=1)

    Session.objects.update(expire_date=timezone.now())

    assert not is_in(here)
    assert not sessions.sessions_of(ana).exists()
    Session.objects.all().delete()
    assert not BrowserSession.objects.exists()


def test_a_request_of_a_session_that_was_ended_meanwhile_leads_to_the_log_in(ana, monkeypatch, rf):
    request = rf.get("/")
    request.session = browser(ana).session
    request.session.pop(sessions.USED)
    Session.objects.all().delete()

    assert sessions.note_use(request, ana, None) is False


def test_who_leaves_a_workspace_is_out_of_its_pages_its_live_ones_and_the_admin(ana, workspace):
    ben = factories.make_member(workspace, Membership.Role.ADMIN)
    client = browser(ben)
    places = [f"/w/{workspace.pk}/inbox/", "/admin/inbox/lead/"]
    before = with_snapshot().get(workspace=workspace, user=ben).snapshot
    poll = {"w": f"{workspace.pk}~{before}"}
    assert [client.get(place).status_code for place in places] == [200, 200]
    assert client.get("/live/", poll).status_code == 200

    remove(Membership.objects.get(user=ana), Membership.objects.get(user=ben))

    assert client.get(places[0]).status_code == 404
    assert client.get(places[1]).status_code == 302
    assert client.get("/live/", poll).status_code == 404


def test_a_role_that_shrinks_shrinks_at_once(ana, workspace):
    ben = factories.make_member(workspace, Membership.Role.ADMIN)
    client = browser(ben)
    place = f"/w/{workspace.pk}/settings/"
    assert [client.get(page).status_code for page in (place, "/admin/inbox/lead/")] == [200, 200]

    change_role(Membership.objects.get(user=ana), Membership.objects.get(user=ben), "viewer")

    assert [client.get(page).status_code for page in (place, "/admin/inbox/lead/")] == [403, 302]
    lead = factories.make_lead(workspace)
    assert client.post(f"/w/{workspace.pk}/inbox/{lead.pk}/message/", {"text": "x"}).status_code == 403


@pytest.mark.parametrize("path", ["/live/", "/account/"])
def test_a_late_answer_of_an_old_session_leaves_the_cookie_of_the_new_login(ana, path):
    """Each open tab asks every second; the answer may come once somebody has logged in again in another tab."""
    old = browser(ana)
    Session.objects.all().delete()
    assert settings.SESSION_COOKIE_NAME not in old.get(path).cookies
    new = browser(ana)
    assert new.post("/logout/").cookies[settings.SESSION_COOKIE_NAME].value == ""
