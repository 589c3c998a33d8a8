"""The admin's first page: what is broken, for whom, since when, and the one button; for those who may see it."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from admin import roles
from inbox.models import Draft, WebhookDelivery
from inbox.pages import context_processors
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind
from jobs.models import BackgroundJob, Tick, WorkspaceLimit
from jobs.ticks import TICKS
from tests import factories

pytestmark = pytest.mark.django_db
INDEX = "admin:index"


@pytest.fixture(autouse=True)
def _start():
    writer.forget_successes()
    roles.fill()
    context_processors.release()  # what a process asks for once


@pytest.fixture
def northwind():
    return factories.make_workspace("Northwind")


@pytest.fixture
def bluebird():
    return factories.make_workspace("Bluebird")


def client_of(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def operator() -> Client:
    user = factories.make_user("operator@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.OPERATOR))
    return client_of(user)


def admin_of(workspace) -> Client:
    return client_of(factories.make_member(workspace, role="admin"))


def fail(
    workspace, fingerprint: str = "f1", error: str = "OpenAI: the key is refused", **fields
) -> BackgroundJob:
    number = BackgroundJob.objects.count()
    return BackgroundJob.objects.create(
        workspace=workspace,
        kind="inbound.process",
        dedupe_key=f"k{number}",
        status="failed",
        fingerprint=fingerprint,
        last_error=error,
        **{"finished_at": timezone.now()} | fields,
    )


def wait(workspace, lane: str, count: int, waited_s: float) -> None:
    due = timezone.now() - timedelta(seconds=waited_s)
    BackgroundJob.objects.bulk_create(
        BackgroundJob(
            workspace=workspace, kind="inbound.process", dedupe_key=f"{lane}{n}", lane=lane, run_at=due
        )
        for n in range(count)
    )


def break_account(workspace, provider: str = "emailbison", **fields):
    account = factories.make_integration(workspace, provider, **fields)
    writer.record(account, Signal(SignalKind.REFUSED, "invalid_key"), at=timezone.now() - timedelta(hours=3))
    return account


def shown(client: Client) -> dict[str, tuple[str, str]]:
    """Each tile's number and note, by its label."""
    return {
        tile["label"]: (tile["value"], tile["note"])
        for tile in client.get(reverse(INDEX)).context["cockpit"].tiles
    }


def test_it_says_what_is_broken_for_whom_and_since_when(operator, northwind, bluebird):
    break_account(northwind)
    for workspace in (northwind, northwind, bluebird):
        fail(workspace)
    fail(bluebird, "f2", "EmailBison: mailbox full", finished_at=timezone.now() - timedelta(hours=2))
    wait(northwind, "reply", 3, 45)
    lead = factories.make_lead(northwind, awaiting_model=True, last_inbound_at=factories.ago(minutes=36))
    draft = factories.make_draft(factories.make_message(lead))
    Draft.objects.filter(pk=draft.pk).update(created_at=factories.ago(hours=2))
    factories.make_send(draft, state="unknown")
    sample = factories.make_lead(northwind, sample=True, awaiting_model=True, last_inbound_at=timezone.now())
    factories.make_draft(factories.make_message(sample))
    for _ in range(2):
        factories.make_delivery(bluebird, verdict="rejected", reason="signature does not fit")

    found = shown(operator)

    assert found["Accounts down"] == ("1", "worst 3 h")
    assert found["Jobs failed"] == ("4", "2 causes")
    assert found["Missed targets"] == ("3", "most in Reply, last hour")
    assert found["Unconfirmed sends"][0] == "1"
    assert found["Not understood yet"] == ("1", "oldest 36 min")
    assert found["Deliveries with problems"] == ("2", "1 cause, 7 days")
    assert found["Drafts waiting"] == ("1", "oldest 2 h")
    assert found["Overdue scheduled tasks"] == (str(len(TICKS)), f"of {len(TICKS)}")
    page = operator.get(reverse(INDEX)).content.decode()
    assert "EmailBison for Outreach: Northwind" in page
    assert "OpenAI: the key is refused" in page and "Bluebird, Northwind" in page and "Retry 3" in page
    assert "Rejected: signature does not fit" in page
    assert f"Version {settings.VERSION}, schema " in page


def test_every_tile_leads_to_the_rows_that_it_counts(operator, northwind):
    break_account(northwind)
    fail(northwind)
    wait(northwind, "reply", 1, 45)
    lead = factories.make_lead(northwind, awaiting_model=True, last_inbound_at=timezone.now())
    factories.make_lead(northwind)
    sample = factories.make_lead(northwind, sample=True, awaiting_model=True, last_inbound_at=timezone.now())
    factories.make_draft(factories.make_message(sample))
    factories.make_draft(factories.make_message(lead))
    factories.make_send(factories.make_draft(factories.make_message(lead)), state="unknown")
    factories.make_delivery(northwind)
    factories.make_delivery(northwind, verdict="rejected")

    for tile in operator.get(reverse(INDEX)).context["cockpit"].tiles:
        page = operator.get(tile["url"])
        assert page.status_code == 200, tile
        if "cl" in page.context:
            assert page.context["cl"].result_count == int(tile["value"]), tile


def test_it_is_read_in_ten_queries(operator, northwind, bluebird, django_assert_max_num_queries):
    for workspace in (northwind, bluebird):
        break_account(workspace)
        fail(workspace)
        wait(workspace, "reply", 1, 45)
    operator.get(reverse(INDEX))

    with django_assert_max_num_queries(10):
        operator.get(reverse(INDEX))
    with django_assert_max_num_queries(10):
        operator.get(reverse(INDEX), headers={"HX-Request": "true"})
    client = admin_of(northwind)
    client.get(reverse(INDEX))  # the first request of a session notes the session
    with django_assert_max_num_queries(10):
        client.get(reverse(INDEX))


def test_its_live_part_comes_alone(operator, northwind):
    fail(northwind)

    text = operator.get(reverse(INDEX), headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in text and 'id="cockpit"' in text and "OpenAI: the key is refused" in text
    assert "style=" not in text


def test_an_admin_sees_the_own_workspace_alone(northwind, bluebird):
    break_account(bluebird, name="Secret Inbox")
    fail(bluebird, error="Bluebird's error")
    wait(bluebird, "reply", 2, 45)
    factories.make_delivery(bluebird, verdict="failed", reason="Bluebird's reason")
    factories.make_delivery(None, verdict="rejected", reason="nobody's")
    fail(northwind, error="Northwind's error")

    client = admin_of(northwind)
    found, page = shown(client), client.get(reverse(INDEX)).content.decode()

    assert found["Jobs failed"][0] == "1" and found["Accounts down"][0] == "0"
    assert found["Missed targets"][0] == "0" and found["Deliveries with problems"][0] == "0"
    assert "Northwind's error" in page.replace("&#x27;", "'")
    assert "Overdue scheduled tasks" not in found  # they are the installation's
    for secret in ("Bluebird", "Secret Inbox", "nobody"):
        assert secret not in page


def test_a_chosen_workspace_narrows_it(operator, northwind, bluebird):
    fail(northwind)
    fail(bluebird)

    operator.post(reverse("admin:switch"), {"workspace": str(northwind.pk)})

    assert shown(operator)["Jobs failed"][0] == "1"


def test_who_may_not_look_at_rows_does_not_see_their_numbers(northwind):
    fail(northwind)
    user = factories.make_user("clerk@example.com", is_staff=True)

    assert shown(client_of(user)) == {}


def test_the_fullest_queue_is_named_with_its_workspace(operator, northwind, bluebird):
    wait(northwind, "bulk", 5, 10)
    wait(bluebird, "bulk", 2, 10)
    WorkspaceLimit.objects.create(workspace=bluebird, max_workers=0)
    wait(bluebird, "steps", 3, 10)

    lanes = {line.backlog.lane.name: line for line in operator.get(reverse(INDEX)).context["cockpit"].lanes}

    bulk, steps = lanes["bulk"], lanes["steps"]
    assert (bulk.whose, bulk.fullest.due, bulk.fullest.paused) == ("Northwind", 5, False)
    assert (steps.whose, steps.fullest.paused, steps.backlog.due) == ("Bluebird", True, 0)
    listed = operator.get(bulk.fullest_url).context["cl"]
    assert {job.workspace for job in listed.result_list} == {northwind} and listed.result_count == 5


def test_a_repaired_delivery_is_no_trouble(operator, northwind):
    failed = factories.make_delivery(northwind, verdict="failed", reason="KeyError")
    assert shown(operator)["Deliveries with problems"][0] == "1"

    factories.make_delivery(northwind, replay_of=failed)

    assert shown(operator)["Deliveries with problems"][0] == "0"
    assert WebhookDelivery.objects.count() == 2


def test_a_cron_that_is_late_or_fails_is_counted(operator):
    now = timezone.now()
    for name in TICKS:
        Tick.objects.create(name=name, started_at=now, finished_at=now)
    assert shown(operator)["Overdue scheduled tasks"] == ("0", f"of {len(TICKS)}")
    assert "Late" not in operator.get(reverse("admin:jobs_tick_crons")).content.decode()

    first, second = list(TICKS)[:2]
    Tick.objects.filter(name=first).update(started_at=now - timedelta(days=1))
    Tick.objects.filter(name=second).update(error_class="builtins.KeyError")

    assert shown(operator)["Overdue scheduled tasks"] == ("1", f"of {len(TICKS)}, 1 failing")
    assert "Late" in operator.get(reverse("admin:jobs_tick_crons")).content.decode()


def test_an_account_that_nobody_has_heard_of_is_not_called_healthy(operator, northwind):
    writer.record(factories.make_integration(northwind, "slack"), Signal(SignalKind.WORKED))
    writer.row(factories.make_integration(northwind, "ghl"))
    break_account(northwind)

    page = operator.get(reverse(INDEX)).content.decode()

    assert "1 of 3 healthy, 1 not checked yet" in page


def test_the_page_of_an_app_lists_its_models_and_is_not_the_first_page(operator):
    page = operator.get(reverse("admin:app_list", args=["inbox"])).content.decode()

    assert reverse("admin:inbox_message_changelist") in page
    assert "Open problems" not in page and "<details" not in page
