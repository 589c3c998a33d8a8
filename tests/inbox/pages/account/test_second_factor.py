"""The second factor: set up, asked for at each way in, used once, lost, and required by a workspace."""

import re
import time
from types import SimpleNamespace

import pytest
from axes.models import AccessAttempt
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import TOTP

from inbox import system_checks
from inbox.models import AuditEntry, Membership, RecoveryCode, SecondFactor, User
from inbox.pages.account import login
from inbox.pages.changes import with_snapshot
from inbox.workspaces import identity, invitations, log_in, second_factor, throttling
from inbox.workspaces.people import NotAllowed, password_path
from integrations import key_rotation, oidc
from jobs.models import BackgroundJob
from tests import factories
from tests.factories import PASSWORD
from tests.factors import code_of, make_factor
from tests.inbox.pages.account.test_proof import made_old

EMAIL = "ana@northwind.example.com"
HERE, THERE = "198.51.100.7", "203.0.113.5"
SETUP = "/account/security/factor/"


@pytest.fixture
def ana(workspace) -> User:
    return factories.make_member(workspace, Membership.Role.OWNER, email=EMAIL)


@pytest.fixture
def factor(ana) -> SecondFactor:
    return make_factor(ana)


def logged_in(user: User, **meta) -> Client:
    client = Client(**meta)
    client.force_login(user)
    return client


def password(client: Client, next_url: str = "", **more):
    return client.post("/login/", {"username": EMAIL, "password": PASSWORD, "next": next_url} | more)


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def mailed() -> list[dict]:
    return list(BackgroundJob.objects.filter(kind=second_factor.MAIL).values_list("payload", flat=True))


def codes_of(answer) -> list[str]:
    return re.findall(r"<code>([a-z2-9-]{19})</code>", answer.content.decode())


# --- set up ---


def test_a_person_sets_it_up_with_a_picture_that_is_made_here_and_gets_codes_once(ana):
    here, other = logged_in(ana), logged_in(ana)
    page = here.get(SETUP).content.decode()
    assert "<svg" in page and not re.search(r"<(img|script)[^>]+https?:", page)
    new = SecondFactor.objects.get(user=ana)
    assert second_factor.key_in_words(new) in page and not new.confirmed
    before = here.session.session_key

    assert "That code didn’t work" in here.post(SETUP, {"code": "12"}).content.decode()
    answer = here.post(SETUP, {"code": code_of(new)})

    codes = codes_of(answer)
    assert len(set(codes)) == second_factor.CODES
    stored = str(RecoveryCode.objects.values_list("digest", flat=True))
    assert not any(code.replace("-", "") in stored for code in codes)
    assert here.session.session_key != before and here.session[identity.STRENGTH] == identity.Strength.FACTOR
    assert is_in(here) and not is_in(other)
    assert codes_of(here.get(SETUP, follow=True)) == []
    assert {"second_factor.set_up", "second_factor.codes"} <= set(
        AuditEntry.objects.values_list("action", flat=True)
    )
    assert mailed() == [{"user_id": ana.pk, "change": "set_up"}]


def test_a_key_that_another_session_has_seen_is_not_set_up(ana):
    """A thief with the password opens the page first, and would know the codes of the phone that the owner scans."""
    thief, owner = logged_in(ana), logged_in(ana)
    thief.get(SETUP)
    first = SecondFactor.objects.get()
    code = code_of(first)
    page = owner.get(SETUP).content.decode()
    new = SecondFactor.objects.get()
    assert new.key != first.key and second_factor.key_in_words(new) in page
    assert second_factor.key_in_words(new) in owner.get(SETUP).content.decode(), "the same for a second look"
    assert codes_of(thief.post(SETUP, {"code": code})) == [] and not second_factor.has_factor(ana)


def test_a_session_with_an_old_proof_does_not_see_the_key(ana):
    client = logged_in(ana)
    session = client.session
    session[identity.PROVEN] = 0
    session.save()
    assert client.get(SETUP)["Location"].startswith("/account/proof/?next=")
    assert not SecondFactor.objects.exists()


def test_a_key_that_was_confirmed_meanwhile_is_not_shown(ana, factor, monkeypatch):
    monkeypatch.setattr(second_factor, "has_factor", lambda user: False)
    assert logged_in(ana).get(SETUP)["Location"] == "/account/security/"


def test_what_is_not_confirmed_is_asked_of_nobody(ana):
    logged_in(ana).get(SETUP)
    client = Client()
    assert password(client)["Location"] == "/" and is_in(client)


def test_the_key_is_kept_encrypted_and_rotated_with_the_others(factor):
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM inbox_secondfactor")
        assert factor.key not in cursor.fetchone()[0]
    assert (SecondFactor, "key") in key_rotation.encrypted_fields()


def test_changing_it_asks_again(ana, factor):
    client = logged_in(ana)
    session = client.session
    session[identity.PROVEN] = 0
    session.save()
    for wanted in ("codes", "remove"):
        assert "Confirm it’s you" in client.post(SETUP, {"do": wanted}).content.decode()
    assert SecondFactor.objects.filter(pk=factor.pk).exists()

    assert client.post(SETUP, {"do": "remove", "proof": code_of(factor)})["Location"] == "/account/security/"
    assert not SecondFactor.objects.exists()
    assert client.session[identity.STRENGTH] == identity.Strength.PASSWORD
    assert mailed() == [{"user_id": ana.pk, "change": "removed"}]


def test_turning_it_off_and_new_codes_ask_first_and_say_what_ends(ana, workspace, factor):
    second_factor.require(workspace, ana, True)
    client = logged_in(ana)
    page = client.get(f"{SETUP}?do=remove").content.decode()
    assert "Turn off two-step login?" in page
    assert f"{workspace.name} requires it, so you’ll be asked to set it up again." in page
    assert "Your old codes will stop working." in client.get(f"{SETUP}?do=codes").content.decode()
    assert SecondFactor.objects.exists()
    assert "The old ones no longer work." in client.post(SETUP, {"do": "codes"}).content.decode()


def test_the_security_page_says_which_workspace_requires_it(ana, workspace):
    second_factor.require(workspace, ana, True)
    page = logged_in(ana).get("/account/security/").content.decode()
    assert f"{workspace.name} requires two-step login." in page


def test_a_new_phone_replaces_the_old_one_with_its_first_code(ana, factor):
    client, old = logged_in(ana), factor.key
    page = client.get(f"{SETUP}?do=phone").content.decode()
    new = SecondFactor(user=ana, key=second_factor.next_key(factor, client.session.session_key))
    assert second_factor.key_in_words(new) in page and new.key != old
    assert second_factor.next_key(factor, "another session") != new.key
    client.post(SETUP, {"do": "phone", "code": "000000"})
    assert SecondFactor.objects.get().key == old

    new_code = TOTP(bytes.fromhex(new.key)).token()
    codes = codes_of(client.post(SETUP, {"do": "phone", "code": f"{new_code:06}"}))

    assert len(codes) == second_factor.CODES and SecondFactor.objects.get().key == new.key
    assert mailed() == [{"user_id": ana.pk, "change": "set_up"}]
    assert SecondFactor.objects.get().confirmed and not factor.verify_token("000000")


# --- login ---


def test_a_log_in_asks_for_the_code_and_keeps_where_one_wanted_to_go(factor):
    client = Client()
    assert password(client, "/account/?x=1", remember="on")["Location"] == "/login/code/"
    assert not is_in(client)
    first = client.session.session_key

    answer = client.post("/login/code/", {"code": f" {code_of(factor)[:3]} {code_of(factor)[3:]}"})

    assert answer["Location"] == "/account/?x=1" and is_in(client)
    assert client.session.session_key != first
    assert client.session[identity.STRENGTH] == identity.Strength.FACTOR
    assert answer.cookies["sessionid"]["max-age"]


def test_a_next_that_is_one_word_does_not_fail(ana, factor):
    client = Client()
    password(client, "word")
    assert client.post("/login/code/", {"code": code_of(factor)})["Location"] == "word" and is_in(client)


def test_without_a_password_before_it_the_code_s_page_leads_to_the_log_in(ana, factor):
    assert Client().post("/login/code/", {"code": code_of(factor)})["Location"] == "/login/?next=/"


@pytest.mark.parametrize("change", ["time", "password", "switched off", "reset"])
def test_a_password_that_was_right_waits_for_its_code_in_vain_after(ana, factor, change, monkeypatch):
    client = Client()
    password(client)
    code = code_of(factor)
    if change == "time":
        later = time.time() + login.PENDING_S
        monkeypatch.setattr(login.time, "time", lambda: later)
    elif change == "password":
        ana.set_password("another-correct-horse")
        ana.save()
    elif change == "switched off":
        User.objects.update(is_active=False)
    else:
        second_factor.remove(ana, None)
    assert client.post("/login/code/", {"code": code})["Location"].startswith("/login/?next=")
    assert not is_in(client)


def test_a_code_counts_once_and_so_does_a_recovery_code(ana, factor):
    recovery = second_factor.new_codes(ana)[0]
    for code in (code_of(factor), recovery.upper()):
        outcome = []
        for _ in range(2):
            client = Client()
            password(client)
            client.post("/login/code/", {"code": code})
            outcome.append(is_in(client))
        assert outcome == [True, False], code
    assert ana.recovery_codes.count() == second_factor.CODES - 1
    assert AuditEntry.objects.filter(action="second_factor.code_used").count() == 1


def test_a_log_in_by_a_recovery_code_says_how_many_are_left_and_proves_nothing_for_later_steps(ana, factor):
    code = second_factor.new_codes(ana)[0]
    client = Client()
    password(client, "/account/")
    page = client.post("/login/code/", {"code": code}, follow=True).content.decode()
    assert "You used a recovery code; 9 are left. New phone?" in page and f"{SETUP}?do=phone" in page
    assert client.get(f"{SETUP}?do=remove")["Location"].startswith("/account/proof/")
    assert "Confirm it’s you" in client.post(SETUP, {"do": "remove"}).content.decode()
    assert SecondFactor.objects.exists()


def test_a_refused_code_is_told_in_its_own_words(ana, factor):
    recovery, code = second_factor.new_codes(ana)[0], code_of(factor)
    assert factor.verify_token(code) and second_factor._spend(ana, recovery.replace("-", ""))
    client = Client()
    password(client)
    for wrong, words in {
        code: "That code has already been used. Wait for the next one.",
        recovery: "That recovery code is invalid or has already been used.",
        "12345": "That code is invalid.",
    }.items():
        assert words in client.post("/login/code/", {"code": wrong}).content.decode(), wrong


def test_recovery_codes_have_no_characters_that_look_alike(ana):
    assert not set("".join(second_factor.new_codes(ana))) & set("ilo01")


def test_the_only_owner_is_sent_to_the_operator_and_a_member_to_their_owner(ana, workspace, factor):
    client = Client()
    password(client)
    assert "the people who run Holdfast" in client.get("/login/code/").content.decode()
    factories.make_member(workspace, Membership.Role.OWNER)
    assert "Ask an owner of your workspace" in client.get("/login/code/").content.decode()
    Membership.objects.create(workspace=factories.make_workspace(), user=ana)
    assert not second_factor.has_helper(ana)


def test_a_code_of_a_minute_ago_or_in_a_minute_is_refused(factor):
    for steps, is_right in ((-2, False), (2, False), (-1, True), (1, True)):
        assert SecondFactor.objects.get().verify_token(code_of(factor, steps)) is is_right, steps
        SecondFactor.objects.update(last_step=-1)
    assert not factor.verify_token("²²²²²²") and not factor.verify_token("")


def test_a_link_for_a_new_password_does_not_lead_past_the_code(proven, factor):
    client = Client()
    form = client.get(password_path(proven))["Location"]
    new = {"new_password1": "another-correct-horse", "new_password2": "another-correct-horse"}
    assert client.post(form, new)["Location"] == "/login/code/"
    assert not is_in(client)
    client.post("/login/code/", {"code": code_of(factor)})
    assert is_in(client)


def test_an_invitation_does_not_lead_past_the_code(ana, factor, workspace):
    other = factories.make_workspace()
    path = invitations.path(factories.make_invitation(other, email=EMAIL))
    User.objects.filter(pk=ana.pk).update(address_proven_at=factories.ago(days=1))
    client = Client()
    client.post(path, {"do": "accept"})
    assert not is_in(client)


def test_what_somebody_set_up_before_the_address_was_proven_goes_with_their_password(ana, factor):
    """Whoever made the account may have known its password, and must not keep its owner out by a phone of theirs."""
    second_factor.new_codes(ana)
    client = Client()
    form = client.get(password_path(ana))["Location"]
    client.post(form, {"new_password1": "another-correct-horse", "new_password2": "another-correct-horse"})
    assert is_in(client) and not SecondFactor.objects.exists() and not RecoveryCode.objects.exists()


def test_the_first_log_in_of_the_company_takes_a_factor_of_somebody_else_away(ana, factor):
    assert log_in.person_of(oidc.EndUser("https://idp.example.com", "1", EMAIL, None)) == ana
    assert not SecondFactor.objects.exists() and User.objects.get(pk=ana.pk).address_proven_at


@pytest.fixture
def proven(ana) -> User:
    User.objects.filter(pk=ana.pk).update(address_proven_at=factories.ago(days=1))
    ana.refresh_from_db()
    return User.objects.get(pk=ana.pk)


# --- guesses ---


def guess(source: str, code: str = "000000", email: str = EMAIL):
    client = Client(headers={"X-Forwarded-For": source})
    client.post("/login/", {"username": email, "password": PASSWORD})
    return client.post("/login/code/", {"code": code})


@pytest.fixture
def throttled(settings):
    settings.AXES_ENABLED, settings.TRUSTED_PROXY = True, 1


def test_guesses_at_the_code_stop_and_the_right_password_takes_none_back(throttled, factor):
    limit = 6
    tried = [guess(THERE).status_code for _ in range(limit)]
    assert tried == [200] * (limit - 1) + [429]
    assert guess(THERE, code_of(factor)).status_code == 429
    assert guess(HERE, code_of(factor)).status_code == 302, "the owner is elsewhere"


def test_a_right_code_takes_back_the_wrong_ones_of_its_own_source(throttled, ana, factor):
    for _ in range(2):
        assert [guess(THERE).status_code for _ in range(5)] == [200] * 5
        SecondFactor.objects.update(last_step=-1)
        assert guess(THERE, code_of(factor)).status_code == 302


def test_the_locked_page_names_codes_and_the_address(throttled, ana, factor):
    pages = [guess(THERE).content.decode() for _ in range(7)]
    for page in pages[5:]:
        assert f"Too many wrong codes for {EMAIL}. Try again in 15 minutes." in page


def test_guesses_at_the_code_of_the_longest_address_stop(throttled, ana, factor):
    ana.email = f"ana@{'x' * 238}.example.com"
    ana.save()
    assert len(ana.email) == 254
    assert [guess(THERE, email=ana.email).status_code for _ in range(6)] == [200] * 5 + [429]


def test_thirty_wrong_codes_over_many_accounts_stop_the_source(throttled, workspace, factor):
    people = [factories.make_member(workspace) for _ in range(8)]
    for user in people:
        make_factor(user)
    tried = [guess(THERE, email=user.email).status_code for user in people for _ in range(4)]
    assert tried.count(200) == throttling.SOURCE_LIMIT - 1
    assert guess(HERE, code_of(factor)).status_code == 302


def test_sixty_sources_with_a_wrong_code_do_not_stop_the_owner(throttled, factor):
    for number in range(throttling.ACCOUNT_LIMIT):
        guess(f"192.0.2.{number}")
    assert guess(HERE, code_of(factor)).status_code == 302


def test_many_sources_do_not_guess_six_digits_and_a_recovery_code_opens_still(throttled, ana, factor):
    assert guess(HERE, code_of(factor)).status_code == 302
    SecondFactor.objects.update(last_step=-1)
    name = throttling.CODES_OF + EMAIL
    many = {"failures_since_start": 2, "attempt_time": timezone.now(), "username": name}
    AccessAttempt.objects.bulk_create(
        AccessAttempt(ip_address=f"192.0.2.{number}", **many) for number in range(throttling.CODES_LIMIT // 2)
    )

    assert guess(THERE, code_of(factor)).status_code == 429
    assert guess(HERE, code_of(factor)).status_code == 302, "the owner has logged in from here before"
    assert guess(THERE, second_factor.new_codes(ana)[0]).status_code == 302


# --- lost ---


def test_an_owner_resets_it_and_the_person_is_told_by_mail(ana, workspace, proven):
    ben = factories.make_member(workspace)
    make_factor(ben)
    session = logged_in(ben)
    place = reverse("inbox:people-security", args=[workspace.pk])
    assert "Password and code" in logged_in(ana).get(place).content.decode()

    person = reverse("inbox:person", args=[workspace.pk, ben.memberships.get().pk])
    assert "Confirm it’s you" in made_old(logged_in(ana)).post(person, {"do": "reset"}).content.decode()
    logged_in(ana).post(person, {"do": "reset"})

    assert not second_factor.has_factor(ben) and not is_in(session)
    assert AuditEntry.objects.get(action="second_factor.removed").actor == ana
    assert mailed() == [{"user_id": ben.pk, "change": "removed"}]


@pytest.mark.parametrize(("change", "words"), [("set_up", "was set up"), ("removed", "was turned off")])
def test_the_mail_says_so(ana, change, words):
    context = SimpleNamespace(payload={"user_id": ana.pk, "change": change})
    assert second_factor.mail_change(context) == {"sent": "email"}
    assert mail.outbox[0].to == [EMAIL] and words in mail.outbox[0].subject


def test_an_owner_does_not_reset_whom_other_workspaces_or_the_installation_trust(ana, workspace):
    by = Membership.objects.get(user=ana)
    agency, root = factories.make_member(workspace), factories.make_member(workspace, is_superuser=True)
    Membership.objects.create(workspace=factories.make_workspace(), user=agency)
    for user in (agency, root):
        make_factor(user)
        with pytest.raises(NotAllowed):
            second_factor.reset(by, user.memberships.get(workspace=workspace))
    admin = factories.make_member(workspace, Membership.Role.ADMIN)
    make_factor(ana)
    with pytest.raises(NotAllowed):
        second_factor.reset(admin.memberships.get(), by)
    assert SecondFactor.objects.count() == 3


def test_an_operator_resets_it(ana, factor, capsys):
    session = logged_in(ana)
    call_command("reset_second_factor", EMAIL.upper())
    assert "just a password" in capsys.readouterr().out
    assert not is_in(session) and not second_factor.has_factor(ana)
    for address in (EMAIL, "nobody@example.com"):
        with pytest.raises(CommandError):
            call_command("reset_second_factor", address)


# --- required ---


def test_who_lacks_it_is_led_through_it_at_the_next_page_and_back(ana, workspace):
    client = logged_in(ana)
    place = f"/w/{workspace.pk}/inbox/"
    snapshot = with_snapshot().get(user=ana).snapshot
    client.post(reverse("inbox:people-security", args=[workspace.pk]), {"do": "require"})

    assert client.get("/live/", {"w": f"{workspace.pk}~{snapshot}"}).status_code == 401
    to_setup = client.get(place)["Location"]
    assert to_setup == f"{SETUP}?next={place.replace('/', '%2F')}"
    assert f"{workspace.name} requires two-step login." in client.get(to_setup).content.decode()
    assert client.get("/admin/")["Location"].startswith(SETUP)
    done = client.post(SETUP, {"code": code_of(SecondFactor.objects.get()), "next": place})

    assert f'href="{place}"' in done.content.decode()
    assert client.get(place).status_code == 200 and client.get("/admin/").status_code == 200
    assert client.get("/live/", {"w": f"{workspace.pk}~{snapshot}"}).status_code == 200


def test_another_workspace_asks_for_no_more_than_it_did(ana, workspace):
    other = factories.make_workspace()
    Membership.objects.create(workspace=other, user=ana)
    second_factor.require(workspace, ana, True)
    assert logged_in(ana).get(f"/w/{other.pk}/inbox/").status_code == 200


def test_a_session_without_the_code_of_a_person_who_has_one_ends(ana, workspace, factor):
    second_factor.require(workspace, ana, True)
    client = logged_in(ana)
    assert client.get(f"/w/{workspace.pk}/inbox/")["Location"].startswith("/login/?next=/w/")
    assert not is_in(client)


def test_a_password_alone_for_operators_is_warned_of_at_the_start(settings):
    assert list(system_checks.check_operators()) == []
    settings.OPERATORS_WITHOUT_SECOND_FACTOR = True
    assert [warning.id for warning in system_checks.check_operators()] == ["inbox.W010"]


@pytest.mark.parametrize("needed", [True, False])
def test_whoever_runs_the_installation_needs_it_in_production(ana, settings, needed):
    settings.OPERATORS_NEED_FACTOR = needed
    client = logged_in(factories.make_user(is_staff=True, is_superuser=True))
    answer = client.get("/admin/inbox/lead/")
    assert (answer.status_code == 302 and answer["Location"].startswith(SETUP)) is needed
    assert client.post("/admin/logout/").status_code in (200, 302) and not is_in(client)
    owner = logged_in(ana)
    assert owner.get("/admin/inbox/lead/").status_code == 200, "an owner needs it where the workspace says so"
