"""A page whose database is slow, busy or gone: it ends, and says so; webhooks and ticks keep their own time."""

import logging
from contextlib import contextmanager

import psycopg
import pytest
from django.core.handlers.exception import convert_exception_to_response
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from config.pages import PageDatabaseMiddleware, limited
from inbox.models import Membership
from integrations.models import ApiToken
from tests import factories
from tests.serving import database_url

HTMX = {"HX-Request": "true"}


@pytest.fixture
def workspace(transactional_db):
    return factories.make_workspace("Northwind")


@pytest.fixture
def browser(workspace):
    """A logged-in owner, also of the admin, who gets answers and not our exceptions."""
    user = factories.make_member(workspace, Membership.Role.OWNER, is_staff=True, is_superuser=True)
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@contextmanager
def locked(table: str):
    """Nobody reads `table` while this lasts: every statement that does is one that never ends by itself."""
    with psycopg.connect(database_url(connection.settings_dict)) as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


@pytest.fixture
def soon(settings):
    settings.PAGE_STATEMENT_TIMEOUT_MS = 300


def test_a_search_that_takes_too_long_ends_and_says_what_to_do(browser, workspace, soon, caplog):
    with locked("inbox_message"):
        answer = browser.get(reverse("inbox:list", args=[workspace.pk]), {"view": "all", "q": "thanks price"})
    assert answer.status_code == 503
    assert "This search took too long" in answer.text
    assert "rarer words" in answer.text
    assert "Retry-After" not in answer  # it would take as long again
    said = [line for line in caplog.records if line.name == "config.pages"]
    assert [(line.fault, line.view, line.sqlstate) for line in said] == [("slow", "inbox:list", "57014")]
    assert said[0].where.startswith("inbox/")
    assert browser.get(reverse("inbox:list", args=[workspace.pk])).status_code == 200


def test_a_page_that_failed_leaves_no_connection_to_be_checked_outside_of_its_limits(workspace, rf, soon):
    """Django asks on it whether it still works, before the next request has a limit."""

    def slow(request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(60)")

    middleware = PageDatabaseMiddleware(convert_exception_to_response(slow))
    assert middleware(rf.get("/")).status_code == 503
    assert connection.connection is None


def test_a_page_of_the_admin_ends_too(browser, soon):
    with locked("inbox_message"):
        answer = browser.get("/admin/inbox/message/")
    assert answer.status_code == 503
    assert "This took too long" in answer.text


def test_a_page_ends_while_the_session_itself_cannot_be_read(browser, workspace, soon):
    """The login check runs before any view: what fails there is answered in the same words."""
    with locked("django_session"):
        answer = browser.get(reverse("inbox:list", args=[workspace.pk]))
    assert (answer.status_code, "This took too long" in answer.text) == (503, True)


def test_a_part_of_a_page_gets_a_sentence_and_no_page(browser, workspace, soon):
    with locked("integrations_workspaceintegrationhealth"):
        answer = browser.get(reverse("inbox:banner", args=[workspace.pk]), headers=HTMX)
    assert (answer.status_code, answer["Content-Type"]) == (503, "text/plain")
    assert answer.text.startswith("Holdfast stopped after")
    assert "<" not in answer.text


def test_who_asks_for_json_gets_json(browser, workspace, soon):
    with locked("inbox_lead"):
        answer = browser.get(
            reverse("inbox:list", args=[workspace.pk]), headers={"Accept": "application/json"}
        )
    assert (answer.status_code, answer.json()) == (503, {"success": False, "error": "too_slow"})


def test_a_program_gets_a_problem(workspace, soon):
    token, text = ApiToken.issue(workspace=workspace, name="CRM", scopes=["leads:read"])
    with locked("inbox_lead"):
        answer = Client(raise_request_exception=False).get(
            "/api/v1/leads/", headers={"Authorization": f"Bearer {text}"}
        )
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert answer.json()["type"] == "too_slow" and answer.json()["requestId"] == answer["X-Request-Id"]


def test_what_was_written_is_shown_again(browser, workspace, soon):
    lead = factories.make_lead(workspace)
    with locked("inbox_lead"):
        answer = browser.post(
            reverse("inbox:own-message", args=[workspace.pk, lead.pk]), {"text": "Tuesday <b>at 9</b>?"}
        )
    assert answer.status_code == 503
    assert "Tuesday &lt;b&gt;at 9&lt;/b&gt;?" in answer.text
    assert "Your text is still in the form" in answer.text


def test_a_password_is_not_shown_again(workspace, soon):
    browser = Client(raise_request_exception=False)
    with locked("inbox_user"):
        answer = browser.post(
            "/login/", {"username": "ana@northwind.example.com", "password": "s3cret-horse"}
        )
    assert answer.status_code == 503
    assert "s3cret-horse" not in answer.text


def page(sql: str, path: str, rf, **request):
    """The answer of a page at `path` that runs `sql`, and what the statement gave."""
    rows = []

    def view(_request) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            rows.extend(cursor.fetchall())
        return HttpResponse("fine")

    answer = PageDatabaseMiddleware(convert_exception_to_response(view))(rf.get(path, **request))
    return answer, rows


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/w/", "5s"),
        ("/admin/", "5s"),
        ("/login/", "5s"),
        ("/readyz", "5s"),
        ("/api/webhooks/email/key/", "0"),
        ("/api/cron/retention/", "0"),
    ],
)
def test_only_pages_have_the_limit_of_pages(workspace, rf, path, limit):
    assert page("SHOW statement_timeout", path, rf)[1] == [(limit,)]


def test_the_limit_ends_with_the_page(workspace, rf):
    page("SELECT 1", "/w/", rf)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchall() == [("0",)]


@pytest.mark.parametrize(
    ("state", "status", "retry_after"),
    [("40P01", 503, "1"), ("57P01", 503, "30"), ("57014", 503, None), ("22012", 500, None)],
    ids=["deadlock", "shut down", "took too long", "our defect"],
)
def test_what_the_database_does_is_503_and_what_we_do_wrong_500(workspace, rf, state, status, retry_after):
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
    answer, _ = page(raising, "/w/", rf)
    assert (answer.status_code, answer.get("Retry-After")) == (status, retry_after)


def test_the_limit_changes_no_result(workspace):
    """It goes in one message with the statement: rows, counts and values are the statement's own."""
    lead = factories.make_lead(workspace, first_name="Dana")
    with connection.execute_wrapper(limited(5_000)):
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s, %s || '%%', current_setting('statement_timeout')", [7, "100"])
            assert cursor.fetchall() == [(7, "100%", "5s")]
            cursor.execute("UPDATE inbox_lead SET first_name = 'Dan' WHERE id = %s", [lead.pk])
            assert cursor.rowcount == 1
        assert type(lead)._base_manager.filter(pk=lead.pk).update(first_name="Danny") == 1


def test_the_limit_holds_for_a_whole_transaction_and_survives_a_savepoint(workspace):
    with connection.execute_wrapper(limited(300)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        with pytest.raises(OperationalError), transaction.atomic():
            cursor.execute("SELECT pg_sleep(60)")
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchall() == [("300ms",)]
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchall() == [("0",)]


def test_an_outage_is_one_line_of_the_log_and_a_defect_keeps_its_traceback(workspace, browser, soon, rf):
    """As production logs it: `django.request` with the filter that settings give it."""
    heard: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = heard.append
    logging.getLogger().addHandler(handler)
    try:
        with locked("inbox_lead"):
            browser.get(reverse("inbox:list", args=[workspace.pk]))
        outage = [line.getMessage() for line in heard if line.levelno >= logging.WARNING]
        heard.clear()
        page("SELECT 1 / 0", "/w/", rf)
    finally:
        logging.getLogger().removeHandler(handler)
    assert outage == ["page without its database"]
    assert [line.name for line in heard if line.exc_info] == ["django.request"]
