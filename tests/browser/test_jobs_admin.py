"""The admin's list of jobs in a browser: live, and Django's own ticking and counting go on working."""

import pytest
from playwright.sync_api import Page, expect

from jobs.models import BackgroundJob
from tests import factories
from tests.browser.test_jobs import POLLS_MS, fail_job

LIST = "/admin/jobs/backgroundjob/?status__exact=failed"


@pytest.fixture
def page(workspace, open_page) -> Page:
    """The failed jobs of all workspaces, under a clock that the test moves."""
    for number in range(30):
        fail_job(workspace, str(number))
    page = open_page(factories.make_user("root@example.com", is_staff=True, is_superuser=True))
    page.clock.install()
    page.goto(LIST)
    return page


def rows(page: Page):
    return page.locator("#result_list tbody tr")


def test_the_list_keeps_itself_up_to_date_and_its_filters_scroll_and_panels(page, workspace):
    page.locator("#changelist-filter details").first.evaluate("panel => panel.open = false")
    page.evaluate("scrollTo(0, 400)")
    fail_job(workspace, "another")
    BackgroundJob.objects.create(workspace=workspace, kind="inbound.process", dedupe_key="waits")

    page.clock.run_for(POLLS_MS)

    expect(rows(page)).to_have_count(31)  # the waiting one is still filtered out
    expect(page.get_by_text("31 background jobs")).to_be_visible()
    expect(page.get_by_text("0 of 31 selected")).to_be_visible()
    assert page.evaluate("scrollY") == 400
    expect(page.locator("#changelist-filter details").first).not_to_have_attribute("open", "")


def test_what_is_ticked_after_a_refresh_is_what_is_retried(page, workspace):
    fail_job(workspace, "another")
    page.clock.run_for(POLLS_MS)
    expect(rows(page)).to_have_count(31)

    page.get_by_role("checkbox").first.check()  # all
    expect(page.get_by_text("31 of 31 selected")).to_be_visible()
    rows(page).nth(4).get_by_role("checkbox").uncheck()
    expect(page.get_by_text("30 of 31 selected")).to_be_visible()
    page.get_by_label("Action:").select_option("Retry or run now")
    page.get_by_role("button", name="Go").click()
    page.get_by_role("button", name="Retry or run now").click()

    expect(page.get_by_text("30 jobs: retried.")).to_be_visible()
    assert BackgroundJob.objects.filter(status="failed").count() == 1


def test_a_refresh_leaves_the_focus_where_it_was(page, workspace):
    link = rows(page).nth(3).locator("th a")
    link.focus()
    address = link.get_attribute("href")
    fail_job(workspace, "another")

    page.clock.run_for(POLLS_MS)

    expect(rows(page)).to_have_count(31)
    assert page.evaluate("document.activeElement.getAttribute('href')") == address


def test_nothing_is_swapped_under_a_choice(page, workspace):
    rows(page).first.get_by_role("checkbox").check()
    fail_job(workspace, "another")

    page.clock.run_for(POLLS_MS)

    expect(rows(page)).to_have_count(30)
    expect(rows(page).first.get_by_role("checkbox")).to_be_checked()


def test_a_hidden_tab_asks_for_nothing(page):
    asked = []
    page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, value: true })")
    page.on("request", lambda request: request.resource_type == "xhr" and asked.append(request.url))

    page.clock.run_for(5 * POLLS_MS)

    assert asked == []


def test_an_empty_list_fills_by_itself_and_can_be_ticked(page, workspace):
    BackgroundJob.objects.all().delete()
    page.goto(LIST)
    expect(rows(page)).to_have_count(0)
    fail_job(workspace, "first")

    page.clock.run_for(POLLS_MS)
    expect(rows(page)).to_have_count(1)
    page.get_by_role("checkbox").first.check()

    expect(page.get_by_text("1 of 1 selected")).to_be_visible()
