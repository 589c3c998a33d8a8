"""The login by the company, over HTTP against the sandbox's issuer, which can also be wrong in each way."""

import time
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from inbox.models import AuditEntry, Invitation, Membership, User
from inbox.pages.account import company_login
from inbox.pages.changes import with_snapshot
from inbox.workspaces import identity, invitations, people
from inbox.workspaces.log_in import CompanyBackend
from sandbox.company import ACCOUNT, CLIENT, PERSON, SECRET
from tests import factories
from tests.world import forget_calls

pytestmark = pytest.mark.django_db

EMAIL = PERSON["email"]
ONLY = {
    "OIDC_ONLY": True,
    "PASSWORD_BACKEND": "inbox.workspaces.log_in.EmergencyBackend",
    "AUTHENTICATION_BACKENDS": [
        "axes.backends.AxesStandaloneBackend",
        "inbox.workspaces.log_in.EmergencyBackend",
        "inbox.workspaces.log_in.CompanyBackend",
    ],
}


@pytest.fixture
def issuer(sandbox):
    cache.clear()
    forget_calls()
    sandbox.set_account("company", ACCOUNT, properties={})
    with override_settings(
        OIDC_ISSUER=sandbox.url("company"),
        OIDC_CLIENT_ID=CLIENT,
        OIDC_CLIENT_SECRET=SECRET,
        PUBLIC_URL="http://testserver",
    ):
        yield lambda **properties: sandbox.set_account("company", ACCOUNT, properties=properties)
    cache.clear()


def answer_of(client, next_url=""):
    """The issuer's answer, as a path of ours, to a login that this browser has begun."""
    page = client.get(reverse("company-login"), {"next": next_url} if next_url else {})
    assert page.status_code == HTTPStatus.FOUND, page.content
    moved = requests.get(page["Location"], allow_redirects=False, timeout=5)
    assert moved.status_code == HTTPStatus.FOUND, moved.text
    address = urlsplit(moved.headers["Location"])
    return f"{address.path}?{address.query}"


def log_in(client, next_url=""):
    return client.get(answer_of(client, next_url))


def person_in(client):
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key).email if key else None


def test_a_member_logs_in_by_the_company_and_comes_to_the_page_that_they_wanted(issuer):
    user = factories.make_user(EMAIL)
    client = Client()
    page = log_in(client, "/account/")
    assert (page.status_code, page["Location"], person_in(client)) == (302, "/account/", EMAIL)
    assert client.get("/account/").status_code == HTTPStatus.OK
    user.refresh_from_db()
    assert user.company_key.endswith("/company#dana-1")


def test_the_session_before_the_log_in_is_not_the_session_after_it(issuer):
    factories.make_user(EMAIL)
    client = Client()
    answer = answer_of(client)
    before = client.session.session_key
    client.get(answer)
    assert client.session.session_key != before


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "?evil"]
)
def test_a_next_that_is_no_page_of_this_site_is_not_followed(issuer, place):
    factories.make_user(EMAIL)
    assert log_in(Client(), place)["Location"] == reverse("home")


@pytest.mark.parametrize(
    "wrong",
    [
        {"claims": {"aud": "another-client"}},
        {"claims": {"aud": [CLIENT, "another-client"]}},
        {"claims": {"aud": [CLIENT, "another-client"], "azp": "another-client"}},
        {"claims": {"azp": "another-client"}},
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"nonce": "of-another-login"}},
        {"claims": {"nonce": None}},
        {"claims": {"sub": None}},
        {"claims": {"sub": "dana\0-1"}},
        {"claims": {"email": "dana\0@example.org"}},
        {"claims": {"exp": None}},
        {"skew_s": -600},
        {"skew_s": 600},
        {"claims": {"email": None}},
        {"claims": {"email_verified": False}},
        {"claims": {"email_verified": None}},
        {"algorithm": "none"},
        {"algorithm": "HS256"},
        {"key": 2, "published": [1]},
        {"answer": {"iss": "https://evil.example"}},
        {"answer": {"code": "another-code"}},
        {"description": {"issuer": "https://evil.example"}},
        {"description": {"issuer": 5}},
        {"description": {"token_endpoint": None}},
    ],
    ids=str,
)
def test_an_answer_that_does_not_prove_the_person_opens_nothing(issuer, wrong):
    factories.make_user(EMAIL)
    client = Client()
    if "description" not in wrong:
        answer = answer_of(client)
    issuer(**wrong)
    if "description" in wrong:
        page = client.get(reverse("company-login"))
    elif "answer" in wrong:
        parts = {name: texts[0] for name, texts in parse_qs(urlsplit(answer).query).items()}
        page = client.get(reverse("company-login-end"), parts | wrong["answer"])
    else:
        page = client.get(answer)
    assert page.status_code == HTTPStatus.FORBIDDEN
    assert person_in(client) is None
    assert User.objects.get(email=EMAIL).company_key is None


def test_an_address_that_only_looks_like_another_does_not_open_its_account(issuer):
    factories.make_user("kim@example.org")
    client = Client()
    issuer(claims={"email": "\N{KELVIN SIGN}im@example.org"})
    assert log_in(client).status_code == HTTPStatus.FORBIDDEN and person_in(client) is None
    issuer(claims={"email": "Kim@Example.org"})
    assert log_in(client).status_code == HTTPStatus.FOUND and person_in(client) == "kim@example.org"


def test_a_clock_that_is_a_little_off_and_an_audience_with_its_party_are_accepted(issuer):
    factories.make_user(EMAIL)
    for right in ({"skew_s": 45}, {"skew_s": -45}, {"claims": {"aud": [CLIENT, "another"], "azp": CLIENT}}):
        issuer(**{"skew_s": 0, "claims": {}} | right)
        assert log_in(Client()).status_code == HTTPStatus.FOUND


def test_a_new_key_of_the_issuer_is_fetched_once_it_signs(issuer):
    factories.make_user(EMAIL)
    assert log_in(Client()).status_code == HTTPStatus.FOUND
    issuer(key=2, published=[2, 1])
    assert log_in(Client()).status_code == HTTPStatus.FOUND


def test_a_key_that_cannot_be_used_does_not_hide_the_one_that_signs(issuer):
    factories.make_user(EMAIL)
    for key in (
        {"kty": "OKP", "crv": "Ed999", "x": "AA"},
        {"kty": "EC"},
        {"kty": "RSA", "n": "AA", "e": "AQAB"},
    ):
        cache.clear()
        issuer(more_keys=[key])
        assert log_in(Client()).status_code == HTTPStatus.FOUND


def test_a_description_that_cannot_be_read_is_asked_for_again(issuer):
    issuer(description={"jwks_uri": None})
    assert "isn’t responding" in Client().get(reverse("company-login")).content.decode()
    issuer(description={})
    assert Client().get(reverse("company-login")).status_code == HTTPStatus.FOUND


def test_a_code_that_is_none_is_not_passed_on(issuer, sandbox):
    client = Client()
    for code in ("\0", "\r\n", "\N{SNOWMAN}", ""):
        parts = {name: texts[0] for name, texts in parse_qs(urlsplit(answer_of(client)).query).items()}
        page = client.get(reverse("company-login-end"), parts | {"code": code})
        assert page.status_code == HTTPStatus.FORBIDDEN
    assert not [call for call in sandbox.requests(provider="company") if call["path"].endswith("/token")]


def test_an_answer_counts_once_and_in_the_browser_that_began_it(issuer):
    factories.make_user(EMAIL)
    client, stranger = Client(), Client()
    answer = answer_of(client)
    assert stranger.get(answer).status_code == HTTPStatus.FORBIDDEN
    assert client.get(answer).status_code == HTTPStatus.FOUND
    client.post(reverse("logout"))
    assert client.get(answer).status_code == HTTPStatus.FORBIDDEN
    assert person_in(client) is None


def test_an_answer_that_comes_too_late_opens_nothing(issuer, monkeypatch):
    factories.make_user(EMAIL)
    client = Client()
    answer = answer_of(client)
    now = time.time()
    monkeypatch.setattr(company_login.time, "time", lambda: now + company_login.ATTEMPT_S)
    assert client.get(answer).status_code == HTTPStatus.FORBIDDEN and person_in(client) is None


def test_a_stranger_s_answer_makes_no_session(issuer):
    assert Client().get(reverse("company-login-end"), {"state": "x", "code": "y"}).status_code == 403
    assert not Session.objects.exists()


@pytest.mark.parametrize(("form", "expiry"), [({}, 0), ({"remember": "on"}, None)])
def test_a_log_in_that_was_only_begun_leaves_its_session_for_an_hour(issuer, form, expiry):
    user = factories.make_user(EMAIL)
    client = Client()
    answer_of(client)
    lifetime = Session.objects.get().expire_date - timezone.now()
    assert lifetime <= timedelta(seconds=company_login.ATTEMPT_S)

    client.post(reverse("login"), {"username": user.email, "password": factories.PASSWORD} | form)

    assert client.session.get("_session_expiry") == expiry
    assert client.session.get_expiry_age() == settings.SESSION_COOKIE_AGE
    answer_of(client)
    assert client.session.get("_session_expiry") == expiry


def test_tabs_do_not_disturb_each_other_and_old_ones_end(issuer):
    factories.make_user(EMAIL)
    client = Client()
    answers = [answer_of(client) for _ in range(company_login.TABS + 1)]
    assert client.get(answers[0]).status_code == HTTPStatus.FORBIDDEN
    assert client.get(answers[1]).status_code == HTTPStatus.FOUND


def test_a_person_of_the_company_without_account_or_invitation_opens_nothing(issuer):
    client = Client()
    page = log_in(client)
    assert page.status_code == HTTPStatus.FORBIDDEN and EMAIL in page.content.decode()
    assert not User.objects.exists() and person_in(client) is None


def test_an_invited_person_gets_an_account_and_sees_the_invitation_but_no_workspace(issuer):
    workspace = factories.make_workspace()
    owner = factories.make_member(workspace, Membership.Role.OWNER)
    factories.make_invitation(workspace, email=EMAIL, invited_by=owner)
    client = Client()
    assert log_in(client, reverse("invitations")).status_code == HTTPStatus.FOUND
    user = User.objects.get(email=EMAIL)
    assert not user.has_usable_password() and user.address_proven_at and not user.memberships.exists()
    assert client.get(reverse("inbox:list", args=[workspace.pk])).status_code == HTTPStatus.NOT_FOUND
    invitation = Invitation.objects.get()
    client.post(reverse("invitation-answer", args=[invitation.pk]), {"do": "accept"})
    assert client.get(reverse("inbox:list", args=[workspace.pk])).status_code == HTTPStatus.OK


def test_a_password_that_somebody_else_may_know_ends_with_the_first_proof(issuer):
    user = factories.make_user(EMAIL, address_proven_at=None)
    stranger = Client()
    stranger.force_login(user, "django.contrib.auth.backends.ModelBackend")
    log_in(Client())
    user.refresh_from_db()
    assert not user.has_usable_password() and user.address_proven_at
    assert stranger.get("/account/").status_code == HTTPStatus.FOUND


def test_an_address_that_went_to_somebody_else_at_the_company_does_not_open_the_account(issuer):
    factories.make_user(EMAIL)
    log_in(Client())
    issuer(person={"sub": "another-person"})
    client = Client()
    assert log_in(client).status_code == HTTPStatus.FORBIDDEN and person_in(client) is None


def test_an_operator_gives_the_account_to_the_person_s_new_id_at_the_company(issuer):
    user, root = factories.make_user(EMAIL), Client()
    root.force_login(factories.make_user(is_staff=True, is_superuser=True))
    before, place = Client(), f"/admin/inbox/user/{user.pk}/change/"
    log_in(before)
    form = {"email": EMAIL, "theme": "", "is_active": "on"}
    refused = root.post(place, form | {"company_key": f"{settings.OIDC_ISSUER}#root"})
    assert "Only the company login can set this" in refused.content.decode()

    assert root.post(place, form | {"company_key": ""}).status_code == HTTPStatus.FOUND

    assert before.get("/account/").status_code == HTTPStatus.FOUND, "the session of the old id has ended"
    issuer(person={"sub": "the-new-id"})
    log_in(client := Client())
    assert person_in(client) == EMAIL
    user.refresh_from_db()
    assert user.company_key.endswith("#the-new-id")


def test_a_person_whose_address_changed_at_the_company_keeps_the_account(issuer):
    factories.make_user(EMAIL)
    log_in(Client())
    issuer(person={"email": "dana.new@example.org"})
    client = Client()
    log_in(client)
    assert person_in(client) == EMAIL


def test_an_account_that_is_switched_off_stays_shut(issuer):
    factories.make_user(EMAIL, is_active=False)
    client = Client()
    assert log_in(client).status_code == HTTPStatus.FORBIDDEN and person_in(client) is None


def test_an_issuer_that_does_not_answer_is_said_and_costs_no_longer_than_its_limit(
    issuer, sandbox, monkeypatch
):
    factories.make_user(EMAIL)
    monkeypatch.setattr(company_login, "LIMIT_MS", 300)
    client = Client()
    answer = answer_of(client)
    sandbox.fault(provider="company", kind="hang", path="/token")
    page = client.get(answer)
    assert page.status_code == HTTPStatus.FORBIDDEN and "isn’t responding" in page.content.decode()


def test_a_log_in_for_which_no_time_is_left_is_said(issuer, monkeypatch):
    client = Client()
    answer = answer_of(client)
    monkeypatch.setattr(company_login, "LIMIT_MS", 0)
    assert "isn’t responding" in client.get(answer).content.decode()


@pytest.mark.parametrize("other", ["", "https://login.example.com"])
def test_sessions_that_an_issuer_has_opened_end_with_it(issuer, other):
    user = factories.make_user(EMAIL)
    client = Client()
    log_in(client)
    assert client.get("/account/").status_code == HTTPStatus.OK
    with override_settings(OIDC_ISSUER=other):
        assert client.get("/account/").status_code == HTTPStatus.FOUND
        assert not CompanyBackend().user_can_authenticate(User(company_key=None))
    assert user.is_active


@pytest.mark.parametrize("address", ["company-login", "company-login-end"])
def test_without_an_issuer_there_is_no_company_log_in(address):
    assert Client().get(reverse(address)).status_code == HTTPStatus.NOT_FOUND
    assert "your company" not in Client().get(reverse("login")).content.decode()


def test_under_oidc_only_passwords_open_the_emergency_account_alone(issuer, capsys):
    workspace = factories.make_workspace()
    member = factories.make_member(workspace, email="ana@example.org")
    before = Client()
    before.force_login(member, "django.contrib.auth.backends.ModelBackend")
    snapshot = with_snapshot().get(workspace=workspace, user=member).snapshot
    with override_settings(**ONLY):
        # What a password opened has ended, in open pages too.
        assert (
            before.get("/live/", {"w": f"{workspace.pk}~{snapshot}"}).status_code == HTTPStatus.UNAUTHORIZED
        )
        assert before.get("/account/").status_code == HTTPStatus.FOUND
        form = {"username": member.email, "password": factories.PASSWORD}
        client = Client()
        assert "don’t match" in client.post(reverse("login"), form).content.decode()
        with pytest.raises(CommandError, match="emergency_account"):
            call_command("password_link", member.email)
        call_command("emergency_account", member.email)
        assert "/password/new/" in capsys.readouterr().out
        assert client.post(reverse("login"), form).status_code == HTTPStatus.FOUND
        call_command("emergency_account", member.email, "--end")
        assert client.get("/account/").status_code == HTTPStatus.FOUND
        assert "don’t match" in client.post(reverse("login"), form).content.decode()
    entries = AuditEntry.objects.filter(action="user.emergency", object_id=str(member.pk)).order_by("pk")
    assert [entry.data["changes"]["emergency"] for entry in entries] == [[False, True], [True, False]]
    with pytest.raises(CommandError, match="No active account"):
        call_command("emergency_account", "nobody@example.org")


def test_under_oidc_only_no_link_sets_a_password_and_an_invitation_leads_to_the_company(issuer):
    workspace = factories.make_workspace()
    owner = factories.make_member(workspace, Membership.Role.OWNER)
    invitation = factories.make_invitation(workspace, email=EMAIL, invited_by=owner)
    path, link = invitations.path(invitation), people.password_path(owner)
    with override_settings(**ONLY):
        client = Client()
        assert 'name="new_password1"' not in client.get(link, follow=True).content.decode()
        page = client.get(path).content.decode()
        assert "password" not in page.lower()
        # A browser refuses a form that leads to the issuer, also by way of a redirect (form-action).
        assert f'href="{reverse("company-login")}?next={reverse("invitations")}"' in page
        assert client.post(path, {"do": "accept"}).status_code == HTTPStatus.FORBIDDEN
        log_in(client, reverse("invitations"))
        client.post(path, {"do": "accept"})
        assert Membership.objects.filter(workspace=workspace, user__email=EMAIL).exists()
        assert client.get(reverse("inbox:list", args=[workspace.pk])).status_code == HTTPStatus.OK


def test_a_mailed_invitation_leaves_the_session_to_the_way_in_that_opened_it(issuer):
    workspace = factories.make_workspace()
    owner = factories.make_member(workspace, Membership.Role.OWNER)
    factories.make_user(EMAIL)
    client = Client()
    log_in(client)
    invitation = factories.make_invitation(workspace, email=EMAIL, invited_by=owner)
    client.post(invitations.path(invitation), {"do": "accept"})
    assert client.session["_auth_user_backend"] == settings.COMPANY_BACKEND


def test_a_step_that_asks_again_takes_the_company_s_proof_and_keeps_the_form(issuer, workspace):
    user = factories.make_member(workspace, Membership.Role.OWNER, email=EMAIL, password=None)
    client = Client()
    log_in(client)
    session = client.session
    session[identity.PROVEN] = 0
    session.save()
    place = reverse("inbox:retention", args=[workspace.pk])
    days = {"keep_messages_days": "365", "keep_bodies_days": "7", "keep_model_calls_days": "30"}
    page = client.post(place, days).content.decode()
    assert "again in a new tab" in page and 'type="password"' not in page
    assert "Confirm it’s you" in client.post(place, days).content.decode()

    begun = client.get(reverse("company-login"), {"again": "1", "next": "/account/security/"})["Location"]
    assert parse_qs(urlsplit(begun).query)["prompt"] == ["login"]
    moved = requests.get(begun, allow_redirects=False, timeout=5).headers["Location"]
    key = client.session.session_key
    assert client.get(moved.removeprefix("http://testserver"))["Location"] == "/account/security/"

    assert client.session.session_key == key, "its forms in other tabs work on"
    assert identity.Strength(client.session[identity.STRENGTH]) is identity.Strength.COMPANY
    assert client.post(place, days).status_code == HTTPStatus.FOUND
    assert person_in(client) == user.email


def test_an_issuer_that_asks_nobody_gives_no_fresh_proof(issuer, workspace):
    factories.make_member(workspace, Membership.Role.OWNER, email=EMAIL)
    issuer(claims={"auth_time": time.time() - 3600})
    client = Client()
    log_in(client)
    assert (
        "Confirm it’s you"
        in client.post(reverse("inbox:retention", args=[workspace.pk]), {}).content.decode()
    )
    log_in(client)
    assert (
        "Confirm it’s you"
        in client.post(reverse("inbox:retention", args=[workspace.pk]), {}).content.decode()
    )


def test_what_only_an_operator_can_mend_is_told_apart_from_an_issuer_that_is_away(issuer, sandbox, caplog):
    factories.make_user(EMAIL)
    with override_settings(OIDC_CLIENT_SECRET="another"):
        page = log_in(Client()).content.decode()
    assert "rejected Holdfast" in page
    assert [row.error for row in caplog.records if row.message == "company log-in failed"] == [
        "ProviderAuthError"
    ]
    client = Client()
    answer = answer_of(client)
    sandbox.fault(provider="company", kind="server_error", path="/token")
    assert "isn’t responding" in client.get(answer).content.decode()


def test_a_log_in_that_the_issuer_or_the_person_cancels_is_said_and_logged_by_its_code(issuer, caplog):
    page = Client().get(
        reverse("company-login-end"), {"error": "access_denied", "error_description": "by Dana"}
    )
    assert page.status_code == HTTPStatus.FORBIDDEN and "was cancelled" in page.content.decode()
    record = next(record for record in caplog.records if record.message == "company log-in failed")
    assert record.code == "access_denied" and "Dana" not in caplog.text


def test_the_password_of_an_emergency_account_outlives_its_end(issuer, capsys):
    member = factories.make_member(factories.make_workspace(), email="ana@example.org")
    call_command("emergency_account", member.email)
    call_command("emergency_account", member.email, "--end")
    form = {"username": member.email, "password": factories.PASSWORD}
    assert Client().post(reverse("login"), form).status_code == HTTPStatus.FOUND


def test_somebody_without_a_password_is_offered_none(issuer):
    factories.make_user(EMAIL)
    User.objects.update(password="!")
    client = Client()
    log_in(client)
    page = client.get("/account/security/").content.decode()
    assert "Change password" not in page and "a password is all" not in page
