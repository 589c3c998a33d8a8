"""The admin as people use it when something is broken: the banner, the first page, jobs of one cause."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from admin import roles
from inbox.models import WebhookDelivery
from integrations.health import writer
from integrations.models import WorkspaceIntegrationHealth
from jobs.models import BackgroundJob, JobAttempt
from jobs.worker import drain
from sandbox import SandboxServer
from tests import factories, forms
from tests.browser.audit import audit
from tests.browser.test_jobs import fail_job
from tests.world import World, forget_calls, settings_for

BANNER_POLLS_MS, PAGE_POLLS_MS = 16_000, 11_000
SECRET_TEXT = "Only the team may read this sentence."
PRESSED = ".banner button:visible, #content form[method=post] :is(button, input[type=submit]):visible"
"""What changes something on a page of the admin."""


@pytest.fixture
def world(transactional_db):
    forget_calls()
    writer.forget_successes()
    roles.fill()
    with SandboxServer() as sandbox, settings_for(sandbox):
        yield World.make(sandbox)


@pytest.fixture
def admin(world):
    return factories.make_member(world.workspace, role="admin")


def in_group(name: str):
    user = factories.make_user(f"{name.lower()}@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=name))
    return user


@pytest.fixture
def operator(world):
    return in_group(roles.OPERATOR)


@pytest.fixture
def support(world):
    return in_group(roles.SUPPORT)


def banner_of(page: Page):
    return page.get_by_role("region", name="Account health").or_(page.get_by_role("alert"))


def revoke_key(world) -> WorkspaceIntegrationHealth:
    """EmailBison takes the account's key no more, as a call of ours finds out."""
    account = world.workspace.integrations.get(provider="emailbison")
    account.credentials = {"api_key": "revoked"}
    account.save()
    writer.record(account, writer.Signal(writer.SignalKind.REFUSED, "unauthorized"))
    return WorkspaceIntegrationHealth.objects.get(integration=account)


def test_a_workspace_admin_lives_through_an_outage_in_the_admin(world, admin, open_page):
    good_key = world.key
    messages = [world.reply("Sounds good, send me times.", email=f"dana{n}@example.org") for n in range(3)]
    jobs = [world.job(message).pk for message in messages]
    ended = {
        "status": "failed",
        "finished_at": timezone.now(),
        "fingerprint": "f1",
        "last_error": "the key is refused",
    }
    BackgroundJob.objects.filter(pk__in=jobs).update(**ended)
    page = open_page(admin)
    page.clock.install()
    page.goto("/admin/integrations/workspaceintegrationhealth/")
    expect(banner_of(page)).to_have_count(0)

    revoke_key(world)
    page.clock.run_for(BANNER_POLLS_MS)  # the page is open and stays open
    expect(banner_of(page)).to_contain_text("EmailBison is disconnected")
    expect(page.locator("#result_list tbody tr").first).to_contain_text("Needs reconnect")

    account = world.workspace.integrations.get(provider="emailbison")
    account.credentials = {"api_key": good_key}
    account.save()
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("The credentials and the connection work")).to_be_visible()
    expect(banner_of(page)).to_have_count(0)

    page.get_by_role("link", name="Home").click()
    page.get_by_role("link", name="Retry 3").click()
    page.get_by_role("button", name="Retry all jobs with this cause").click()
    expect(page.get_by_text("3 jobs: retried.")).to_be_visible()
    rows = page.locator("#result_list tbody tr", has_text="inbound.process")
    expect(rows.filter(has_text="Queued")).to_have_count(3)
    drain()
    page.clock.run_for(PAGE_POLLS_MS)
    expect(rows.filter(has_text="Done")).to_have_count(3)


def test_support_reads_everything_and_has_nothing_to_press(world, support, open_page):
    health, job = revoke_key(world), fail_job(world.workspace, "first")
    message = world.reply(SECRET_TEXT)
    send = factories.make_send(factories.make_draft(message), state="unknown")
    page = open_page(support)
    page.goto("/admin/")
    expect(banner_of(page)).to_contain_text("EmailBison is disconnected")
    page.get_by_role("link", name=re.compile("^Jobs failed")).click()
    page.locator("#result_list tbody th a").first.click()
    expect(page.get_by_text("Attempts").first).to_be_visible()

    for row in (health, job, message, send, WebhookDelivery.objects.get(), message.lead):
        for name, args in (("changelist", []), ("change", [row.pk])):
            page.goto(reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=args))
            expect(page.get_by_text(SECRET_TEXT)).to_have_count(0)
            assert [one.evaluate("one => one.outerHTML") for one in page.locator(PRESSED).all()] == [], (
                page.url
            )


def test_an_operator_takes_each_action_and_finds_it_in_the_audit(world, operator, open_page):
    health = revoke_key(world)
    first, second = world.reply("Yes, please."), world.reply("Tell me more.", email="lee@example.org")
    factories.make_send(factories.make_draft(first), state="unknown")
    factories.make_send(factories.make_draft(second), state="failed")
    failed = fail_job(world.workspace, "again")
    waiting = {
        "run_at": ("Run at…", "Run at a set time"),
        "cancel": ("Cancel…", "Cancel, or ask to stop"),
        "discard": ("Discard…", "Discard with a reason"),
    }
    later = timezone.now() + timedelta(hours=1)
    page = open_page(operator)

    def do(word: str, sure: str, told: str) -> None:
        page.locator("#content").get_by_role("button", name=word, exact=True).click()
        sure_button = page.locator("#content").get_by_role("button", name=sure, exact=True)
        expect(sure_button).to_be_visible()  # then the next page is there, with its fields
        for field, value in (("moment", f"{later:%Y-%m-%dT%H:%M}"), ("reason", "No longer wanted.")):
            if (box := page.locator(f"#{field}")).count():
                box.fill(value)
        sure_button.click()
        expect(page.get_by_text(told)).to_be_visible()

    def choose(address: str, row: str, action: str, told: str) -> None:
        page.goto(address)
        page.locator("#result_list tbody tr", has_text=row).first.get_by_role("checkbox").check()
        page.get_by_label("Action:").select_option(action)
        do("Go", action, told)

    page.goto(f"/admin/jobs/backgroundjob/{failed.pk}/change/")
    do("Retry now", "Retry or run now", "1 job: retried.")
    for name, (word, sure) in waiting.items():
        job = BackgroundJob.objects.create(
            workspace=world.workspace, kind="inbound.process", dedupe_key=name, run_at=later
        )
        page.goto(f"/admin/jobs/backgroundjob/{job.pk}/change/")
        do(word, sure, "1 job: ")
    choose("/admin/inbox/webhookdelivery/", "LEAD_REPLIED", "Replay", "1 replayed.")
    choose("/admin/inbox/outboundsend/", "May have been sent", "Mark as sent", "1 done.")
    choose("/admin/inbox/outboundsend/", "Failed", "Send again", "1 done.")
    choose("/admin/integrations/workspaceintegrationhealth/", "EmailBison", "Check now", "1 of 1 accounts")
    page.goto(f"/admin/integrations/workspaceintegrationhealth/{health.pk}/change/")
    page.get_by_role("button", name="Check now").click()
    page.goto("/admin/jobs/workspacelimit/add/")
    page.get_by_label("Workspace").fill(str(world.workspace.pk))
    page.get_by_label("Max workers").fill("2")
    page.get_by_role("button", name="Save", exact=True).click()

    page.goto("/admin/")
    page.get_by_role("link", name="Audit").click()
    listed = page.locator("#result_list tbody tr", has_text="operator@example.com")
    for action in (
        "job.retry", "job.run_at", "job.cancel", "job.discard", "delivery.replayed", "send.went_out",
        "send.again", "health.check", "admin.add",
    ):  # fmt: skip
        expect(listed.filter(has_text=action).first).to_be_visible()


def test_a_revoked_key_is_found_from_the_first_page(world, operator, open_page):
    revoke_key(world)
    page = open_page(operator)
    page.goto("/admin/")
    expect(page.get_by_role("link", name=re.compile("^Accounts down"))).to_contain_text("1")

    page.get_by_role("link", name=re.compile("EmailBison.*: Northwind")).click()

    matter = page.get_by_role("region", name="Problem")
    expect(matter).to_contain_text("EmailBison is disconnected")
    expect(matter.get_by_role("button", name="Check now")).to_be_visible()


def test_a_poisoned_job_is_found_from_the_first_page(world, operator, open_page):
    job = fail_job(world.workspace, "poison")
    said = "It has killed its worker 3 times."
    BackgroundJob.objects.filter(pk=job.pk).update(last_error=said, fingerprint="poison", worker_deaths=3)
    now = timezone.now()
    JobAttempt.objects.create(
        job=job, number=3, outcome="killed_worker", started_at=now, finished_at=now, duration_ms=1
    )
    page = open_page(operator)
    page.goto("/admin/")

    page.get_by_role("link", name=said).click()
    page.locator("#result_list tbody th a").first.click()

    expect(page.get_by_text("Attempt 3: killed its worker")).to_be_visible()


def test_one_workspace_s_full_queue_is_found_from_the_first_page(world, operator, open_page):
    due = timezone.now() - timedelta(hours=2)
    BackgroundJob.objects.bulk_create(
        BackgroundJob(
            workspace=world.workspace, kind="replies.poll", dedupe_key=str(n), lane="bulk", run_at=due
        )
        for n in range(120)
    )
    page = open_page(operator)
    page.goto("/admin/")
    expect(page.get_by_text("Missed 120 times")).to_be_visible()

    page.get_by_role("link", name="Northwind: 120").click()

    expect(page.locator(".paginator")).to_contain_text("120 background jobs")
    expect(page.locator("#result_list tbody tr").first).to_contain_text("replies.poll")


def test_the_first_page_is_live_and_leaves_the_focus_where_it_was(world, operator, open_page):
    fail_job(world.workspace, "first")
    page = open_page(operator)
    page.clock.install()
    page.goto("/admin/")
    button = page.get_by_role("link", name="Retry 1")
    button.focus()
    fail_job(world.workspace, "another")

    page.clock.run_for(PAGE_POLLS_MS)

    expect(page.get_by_role("link", name="Retry 2")).to_be_focused()


@pytest.mark.parametrize(("width", "scheme"), forms.spread([1440, 375], ["light", "dark"], one_in=4))
def test_pages_of_the_admin_are_fit_for_use(world, operator, open_page, scheme, width):
    health = revoke_key(world)
    job = fail_job(world.workspace, "first")
    page = open_page(operator, width=width, color_scheme=scheme)
    for address in (
        "/admin/",
        "/admin/jobs/backgroundjob/?state=failed",
        f"/admin/jobs/backgroundjob/{job.pk}/change/",
        f"/admin/jobs/backgroundjob/cause/{job.fingerprint}/",
        "/admin/jobs/tick/crons/",
        "/admin/integrations/workspaceintegrationhealth/",
        f"/admin/integrations/workspaceintegrationhealth/{health.pk}/change/",
    ):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert audit(page) == [], address
