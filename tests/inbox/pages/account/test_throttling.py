"""Who may try how often: an account from one source, a source over all accounts, an account over all sources."""

import re

import pytest
from axes.models import AccessAttempt, AccessLog
from django.conf import settings as configured
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox.intake.retention import KEEP_LOG_INS_DAYS, old_log_ins
from inbox.models import User
from inbox.workspaces import throttling
from jobs.deadline import Deadline
from tests import factories
from tests.factories import PASSWORD

ANA = "ana@northwind.example.com"
HERE, THERE = "198.51.100.7", "203.0.113.5"
LIMIT = configured.AXES_FAILURE_LIMIT


@pytest.fixture(autouse=True)
def behind_one_proxy(settings):
    settings.AXES_ENABLED = True
    settings.TRUSTED_PROXY = 1


@pytest.fixture
def ana(db) -> User:
    return factories.make_member(factories.make_workspace(), email=ANA)


def log_in(source: str, username: str = ANA, password: str = "wrong"):
    """One try over a proxy that adds the address of its caller, as nginx does, behind whatever the caller sent."""
    headers = {"X-Forwarded-For": source}
    return Client().post("/login/", {"username": username, "password": password}, headers=headers)


def fail(source: str, username: str = ANA, times: int = LIMIT) -> list[int]:
    return [log_in(source, username).status_code for _ in range(times)]


def request(remote: str, *forwarded: str):
    headers = {"X-Forwarded-For": ", ".join(forwarded)} if forwarded else {}
    return RequestFactory().get("/", REMOTE_ADDR=remote, headers=headers)


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "address"),
    [
        (0, HERE, [], HERE),
        (0, HERE, ["192.0.2.1"], HERE),
        (1, "10.0.0.5", [HERE], HERE),
        (1, "10.0.0.5", ["192.0.2.1", HERE], HERE),
        (2, "10.0.0.5", [HERE, "10.0.0.9"], HERE),
        (2, "10.0.0.5", ["192.0.2.1", HERE, "10.0.0.9"], HERE),
        (2, "10.0.0.5", [HERE], "10.0.0.5"),
        (1, "10.0.0.5", [], "10.0.0.5"),
        (1, "10.0.0.5", ["192.0.2.1", "unknown"], "10.0.0.5"),
        (1, "10.0.0.5", ["192.0.2.1", ""], "10.0.0.5"),
        (1, "10.0.0.5", [f"{HERE}:51234"], HERE),
        (1, "10.0.0.5", ["[2001:db8:1:2:3:4:5:6]:443"], "2001:db8:1:2::"),
        (1, "10.0.0.5", ["2001:db8:1:2:ffff::1"], "2001:db8:1:2::"),
        (1, "10.0.0.5", ["::ffff:198.51.100.7"], HERE),
        (1, "10.0.0.5", ["fe80::1%eth0"], "fe80::"),
        (1, "", [HERE], HERE),
        (1, "", [], None),
        (0, "", [HERE], None),
    ],
)
def test_the_client_is_the_entry_that_the_outermost_trusted_proxy_wrote(
    settings, proxies, remote, forwarded, address
):
    settings.TRUSTED_PROXY = proxies

    assert throttling.guess_source(request(remote, *forwarded)) == address


def test_wrong_passwords_from_elsewhere_do_not_lock_the_owner_out(ana):
    assert fail(THERE)[-1] == 429
    assert log_in(THERE, password=PASSWORD).status_code == 429

    assert log_in(HERE, password=PASSWORD).status_code == 302


def test_an_address_that_the_client_makes_up_is_no_other_source(ana):
    for number in range(LIMIT):
        log_in(f"192.0.2.{number}, {THERE}")

    assert log_in(f"192.0.2.99, {THERE}", password=PASSWORD).status_code == 429


def test_another_spelling_of_an_address_is_no_other_account(ana):
    for spelling in (ANA, ANA.upper(), ANA.title(), f" {ANA}", ANA.capitalize(), ANA):
        log_in(THERE, spelling)

    assert log_in(THERE, password=PASSWORD).status_code == 429


def test_one_source_tries_few_accounts(ana):
    tried = [log_in(THERE, f"person{number}@example.com").status_code for number in range(40)]

    assert tried.index(429) == tried.count(200) == throttling.SOURCE_LIMIT - 1
    assert log_in(THERE, password=PASSWORD).status_code == 429
    assert log_in(HERE, password=PASSWORD).status_code == 302


def test_a_log_in_of_ones_own_does_not_reset_what_the_source_has_tried(ana):
    for number in range(throttling.SOURCE_LIMIT):
        if number % 5 == 4:
            assert log_in(THERE, password=PASSWORD).status_code == 302
        log_in(THERE, f"person{number}@example.com")

    assert log_in(THERE, password=PASSWORD).status_code == 429


def test_one_person_who_forgot_a_password_does_not_lock_the_office_out(ana):
    fail(THERE, "ben@example.com", times=3 * throttling.SOURCE_LIMIT)

    assert log_in(THERE, password=PASSWORD).status_code == 302


def test_a_try_while_locked_does_not_make_the_pause_longer(ana):
    fail(THERE)
    before = AccessAttempt.objects.get()

    log_in(THERE)

    after = AccessAttempt.objects.get()
    assert (after.attempt_time, after.failures_since_start) == (
        before.attempt_time,
        before.failures_since_start,
    )


def test_sixty_sources_with_a_wrong_password_do_not_stop_the_owner_at_a_new_source(ana):
    for number in range(throttling.ACCOUNT_LIMIT):
        assert log_in(f"192.0.2.{number}").status_code == 200

    assert log_in(THERE, password=PASSWORD).status_code == 302


def test_each_source_has_few_tries_at_an_account_that_many_sources_try(ana):
    assert log_in(HERE, password=PASSWORD).status_code == 302  # known from now on
    for number in range(throttling.ACCOUNT_LIMIT):
        log_in(f"192.0.2.{number}")

    assert fail(THERE, times=throttling.ATTACKED_LIMIT) == [200] * (throttling.ATTACKED_LIMIT - 1) + [429]
    assert log_in(THERE, password=PASSWORD).status_code == 429
    assert fail(HERE, times=LIMIT - 1) == [200] * (LIMIT - 1)
    assert log_in(HERE, password=PASSWORD).status_code == 302


def test_a_source_is_known_for_some_weeks_only(ana):
    log_in(HERE, password=PASSWORD)
    AccessLog.objects.update(attempt_time=timezone.now() - throttling.TRUSTED_FOR)
    AccessAttempt.objects.create(
        username=ANA,
        ip_address=THERE,
        failures_since_start=throttling.ACCOUNT_LIMIT,
        attempt_time=timezone.now(),
    )

    assert fail(HERE, times=throttling.ATTACKED_LIMIT)[-1] == 429


def test_the_tries_that_are_said_to_be_left_are_left(ana):
    AccessAttempt.objects.create(
        username="x@example.com",
        ip_address=THERE,
        failures_since_start=throttling.SOURCE_LIMIT - 2,
        attempt_time=timezone.now(),
    )

    assert "1 try is left" in log_in(THERE).content.decode()
    locked = log_in(THERE)
    assert locked.status_code == 429
    assert "from your network" in locked.content.decode()


def test_who_logged_in_from_where_is_forgotten_after_some_months(ana):
    for _ in range(2):
        log_in(HERE, password=PASSWORD)
    old = AccessLog.objects.latest("pk")
    AccessLog.objects.filter(pk=old.pk).update(attempt_time=factories.ago(days=KEEP_LOG_INS_DAYS, minutes=1))

    assert old_log_ins(Deadline.after_ms(5_000)) == 1
    assert AccessLog.objects.count() == 1
    assert throttling.TRUSTED_FOR.days < KEEP_LOG_INS_DAYS


def change_password(client: Client, old: str):
    asked = {
        "old_password": old,
        "new_password1": "another-correct-horse",
        "new_password2": "another-correct-horse",
    }
    return client.post("/account/password/", asked, headers={"X-Forwarded-For": THERE})


def test_a_session_guesses_the_old_password_a_few_times_only(ana):
    client = Client()
    client.force_login(ana)
    said = [change_password(client, "wrong") for _ in range(LIMIT)]

    assert "1 try is left" in said[-2].content.decode()
    assert [answer.status_code for answer in said] == [200] * (LIMIT - 1) + [429]
    assert change_password(client, PASSWORD).status_code == 429
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)


def test_no_password_is_kept_with_a_failed_try(ana):
    client = Client()
    client.force_login(ana)
    change_password(client, "my-older-secret")

    kept = str(AccessAttempt.objects.values())
    assert "my-older-secret" not in kept
    assert "another-correct-horse" not in kept


def test_the_admin_changes_passwords_on_the_same_page(ana):
    User.objects.filter(pk=ana.pk).update(is_staff=True)
    client = Client()
    client.force_login(User.objects.get(pk=ana.pk))

    assert client.get("/admin/password_change/")["Location"] == "/account/password/"


def ask_for_link(source: str):
    return Client().post("/password/forgotten/", {"email": ANA}, headers={"X-Forwarded-For": source})


def test_one_source_asks_for_few_password_links(ana):
    asked = [ask_for_link(THERE) for _ in range(throttling.FORGOTTEN_LIMIT)]

    assert [answer.status_code for answer in asked] == [302] * (throttling.FORGOTTEN_LIMIT - 1) + [429]
    assert "password links" in asked[-1].content.decode()
    assert ask_for_link(HERE).status_code == 302
    assert log_in(THERE, password=PASSWORD).status_code == 302


def statements_of(request, *arguments) -> list[str]:
    """The statements of one request, without their values."""
    with CaptureQueriesContext(connection) as queries:
        assert request(*arguments).status_code in (200, 302)
    return [re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in queries]


@pytest.mark.django_db(transaction=True)
def test_a_log_in_costs_the_same_for_known_and_unknown_addresses():
    factories.make_member(factories.make_workspace(), email=ANA)
    log_in(HERE, "first@example.com")
    known, unknown = (statements_of(log_in, HERE, email) for email in (ANA, "nobody@example.com"))
    assert known == unknown


@pytest.mark.django_db(transaction=True)
def test_a_password_link_costs_the_same_for_known_and_unknown_addresses():
    factories.make_member(factories.make_workspace(), email=ANA)

    def ask(email: str):
        return Client().post("/password/forgotten/", {"email": email}, headers={"X-Forwarded-For": HERE})

    ask("first@example.com")
    known, unknown = (statements_of(ask, email) for email in (ANA, "nobody@example.com"))
    assert known == unknown and any("jobs_backgroundjob" in statement for statement in known)
