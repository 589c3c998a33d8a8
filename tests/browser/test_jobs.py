"""The jobs page in a browser: it keeps itself up to date and takes nothing away from who works on it."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from jobs.models import BackgroundJob

POLLS_MS = 12_000
"""Within this time by the page's own clock each part of it asks at least once."""


def fail_job(workspace, key: str) -> BackgroundJob:
    now = timezone.now()
    return BackgroundJob.objects.create(
        workspace=workspace, kind="inbound.process", dedupe_key=key, status="failed", created_at=now,
        finished_at=now, last_error_class="ProviderTimeout", fingerprint="f1",
    )  # fmt: skip


@pytest.fixture
def page(workspace, user, open_page) -> Page:
    """The failed jobs, under a clock that the test moves."""
    for number in range(30):
        fail_job(workspace, str(number))
    page = open_page(user)
    page.clock.install()
    page.goto(f"/w/{workspace.pk}/jobs/?status=failed&kind=inbound.process")
    return page


def test_a_refresh_keeps_filters_scroll_and_what_is_unfolded(page, workspace):
    page.get_by_text("Show as table").click()
    page.evaluate("scrollTo(0, 700)")
    fail_job(workspace, "another")
    BackgroundJob.objects.create(workspace=workspace, kind="inbound.process", dedupe_key="waits")

    page.clock.run_for(POLLS_MS)

    expect(page.get_by_text("31 × ProviderTimeout")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_have_count(31)  # the waiting one is still filtered out
    expect(page.locator("#hours table")).to_be_visible()
    assert page.evaluate("scrollY") == pytest.approx(700, abs=1)  # heights have fractions of a pixel
    assert "status=failed&kind=inbound.process" in page.url


def test_a_refresh_leaves_the_focus_where_it_was(page):
    link = page.locator("#jobs-live tbody a").nth(3)
    link.focus()
    name = link.get_attribute("id")
    page.evaluate("document.querySelector('#jobs-live').dataset.old = 'yes'")

    page.clock.run_for(POLLS_MS)

    expect(page.locator("#jobs-live[data-old]")).to_have_count(0)
    assert page.evaluate("document.activeElement.id") == name


def test_nothing_is_swapped_under_a_choice(page, workspace):
    page.get_by_role("checkbox").first.check()
    fail_job(workspace, "another")

    page.clock.run_for(POLLS_MS)

    expect(page.get_by_text("31 × ProviderTimeout")).to_be_visible()
    expect(page.get_by_role("checkbox").first).to_be_checked()
    expect(page.get_by_role("checkbox")).to_have_count(30)


def test_a_hidden_tab_asks_for_nothing(page):
    asked = []
    hide = "hidden => Object.defineProperty(document, 'hidden', { configurable: true, value: hidden })"
    page.evaluate(hide, True)
    page.on("request", lambda request: request.resource_type == "xhr" and asked.append(request.url))

    page.clock.run_for(5 * POLLS_MS)
    assert asked == []

    page.evaluate(hide, False)
    with page.expect_request("**/jobs/**"):
        page.clock.run_for(POLLS_MS)


def test_enter_in_the_reason_does_nothing_to_the_chosen(page, workspace):
    page.get_by_role("checkbox").first.check()
    page.get_by_label("Reason for discarding").fill("typo")
    page.get_by_label("Reason for discarding").press("Enter")
    page.get_by_role("button", name="Discard selected").click()

    expect(page.get_by_text("1 job: discarded.")).to_be_visible()
    assert not BackgroundJob.objects.filter(status="queued").exists()


def test_the_story_of_a_running_job_grows_by_itself(workspace, user, open_page):
    job = BackgroundJob.objects.create(workspace=workspace, kind="inbound.process", dedupe_key="a")
    now = timezone.now()
    attempt = {
        "started_at": now,
        "finished_at": now,
        "duration_ms": 5,
        "error_class": "E",
        "traceback": "a.py:1",
    }
    job.attempt_rows.create(number=1, outcome="retried", **attempt)
    page = open_page(user, width=375)
    page.clock.install()
    page.goto(f"/w/{workspace.pk}/jobs/{job.pk}/")
    page.get_by_text("Stack trace").click()
    job.attempt_rows.create(number=2, outcome="retried", **attempt)
    BackgroundJob.objects.filter(pk=job.pk).update(progress_done=3, progress_total=9)

    page.clock.run_for(POLLS_MS)

    expect(page.get_by_text("Attempt 2")).to_be_visible()
    expect(page.get_by_text("3 of 9")).to_be_visible()
    expect(page.locator("details[open]")).to_have_count(1)
