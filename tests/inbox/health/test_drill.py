"""The fire drill: proves banner, Slack and recovery on this installation, and leaves nothing behind."""

import pytest
from django.test import override_settings
from django.utils import timezone

from inbox.health import drill
from inbox.models import Message, Workspace
from integrations.http import hosts
from integrations.http.hosts import HostRefused, check_address, check_url
from integrations.models import Integration, Notice
from jobs.models import BackgroundJob, JobStep
from jobs.worker import drain
from sandbox import SandboxServer
from tests.factories import make_member, make_workspace
from tests.inbox.followups.helpers import enrolled
from tests.world import forget_calls

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workspace():
    forget_calls()
    return make_workspace("Northwind")


@pytest.fixture
def admin(workspace):
    return make_member(workspace, role="admin")


@pytest.fixture
def slack(workspace):
    with SandboxServer() as sandbox:
        Integration.objects.create(
            workspace=workspace,
            provider="slack",
            credentials={"bot_token": "xoxb-1"},
            config={"channel": "C0SANDBOX02", "base_url": sandbox.url("slack") + "/api"},
        )
        yield sandbox


def run_drill(workspace, admin) -> dict[str, tuple[bool | None, str]]:
    job = drill.start(workspace, admin)
    drain()
    job.refresh_from_db()
    assert job.status == "succeeded", job.last_error
    steps = JobStep.objects.filter(job=job).order_by("started_at")
    return {step.name: (step.result["ok"], step.result["said"]) for step in steps}


def test_every_step_passes_and_slack_gets_one_message_marked_as_a_drill(workspace, admin, slack):
    enrolled(
        workspace, {"offset_days": 1}
    )  # the drill reads messages and follow-ups of its own workspace only
    steps = run_drill(workspace, admin)
    assert list(steps) == list(drill.STEPS)
    assert {name: ok for name, (ok, _) in steps.items()} == dict.fromkeys(drill.STEPS, True), steps
    assert "LinkedIn is disconnected for Robin Drill" in steps["banner"][1]
    assert "1 follow-up is paused" in steps["banner"][1]
    assert "3 missed messages imported" in steps["recovered"][1]
    posts = slack.sends(provider="slack")
    assert [post["kind"] for post in posts] == ["post", "update"]
    assert posts[0]["text"].startswith("Fire drill. Nothing is broken.")


def test_it_leaves_nothing_behind(workspace, admin, slack):
    run_drill(workspace, admin)
    assert list(Workspace.objects.all()) == [workspace]
    assert not Message.objects.exists() and not Notice.objects.exists()
    assert list(BackgroundJob.objects.values_list("kind", flat=True)) == [drill.DRILL]


def test_without_slack_that_step_says_so_and_the_rest_passes(workspace, admin):
    steps = run_drill(workspace, admin)
    assert steps.pop("slack") == (
        None,
        "No Slack channel is connected. In an outage, the admins would get an email.",
    )
    assert steps.pop("green")[0] is None
    assert {ok for ok, _ in steps.values()} == {True}


def test_it_works_where_loopback_is_refused_to_everybody_else(workspace, admin):
    with override_settings(ALLOW_LOOPBACK_PROVIDERS=False):
        steps = run_drill(workspace, admin)
    assert steps["detect"][0] and steps["import"][0]


def test_a_slack_that_refuses_fails_its_step_only(workspace, admin, slack):
    slack.set_account("slack", "xoxb-1", status="revoked")
    steps = run_drill(workspace, admin)
    assert steps["slack"][0] is False and "invalid_auth" in steps["slack"][1]
    assert steps["import"][0] and steps["clean"][0]


@override_settings(ALLOW_LOOPBACK_PROVIDERS=False)
def test_an_opened_port_is_that_port_alone_and_closes_again():
    with hosts.opened(40123):
        check_url("unipile", "http://127.0.0.1:40123/unipile")
        check_address("127.0.0.1", 40123)
        for url in (
            "http://127.0.0.1:5432/",
            "http://localhost:40123/",
            "http://10.0.0.1:40123/",
            "http://127.0.0.1/",
        ):
            with pytest.raises(HostRefused):
                check_url("unipile", url)
        for address, port in (("127.0.0.1", 443), ("10.0.0.1", 40123), ("169.254.169.254", 40123)):
            with pytest.raises(HostRefused):
                check_address(address, port)
    with pytest.raises(HostRefused):
        check_url("unipile", "http://127.0.0.1:40123/unipile")


def test_a_drill_whose_worker_died_is_cleaned_up_and_not_gone_on_with(workspace, admin):
    job = drill.start(workspace, admin)
    make_workspace("Fire drill of Northwind", drill_of=workspace)
    JobStep.objects.create(
        job=job,
        name="prepare",
        effect="idempotent",
        status="done",
        result={"ok": True},
        started_at=timezone.now(),
    )
    drain()
    job.refresh_from_db()
    assert job.status == "failed" and "Start a new drill" in job.last_error
    assert not workspace.drills.exists()


def test_a_second_start_while_one_is_under_way_is_the_same_drill(workspace, admin):
    assert drill.start(workspace, admin) == drill.start(workspace, admin)


def test_a_drill_is_started_again_as_soon_as_the_last_one_is_over(workspace, admin):
    first = drill.start(workspace, admin)
    BackgroundJob.objects.filter(pk=first.pk).update(status="succeeded", finished_at=timezone.now())
    second = drill.start(workspace, admin)
    assert second.pk != first.pk and drill.start(workspace, admin) == second


def test_the_page_starts_a_drill_and_shows_each_step(client, workspace, admin):
    client.force_login(admin)
    url = f"/w/{workspace.pk}/health/drill/"
    assert "Start the drill" in client.get(url).content.decode()
    client.post(url)
    assert "Waiting for a worker" in client.get(url).content.decode()
    drain()
    page = client.get(url).content.decode()
    assert "The account breaks" in page and "2 skipped" in page and "every 1s" not in page


def test_a_member_may_not_start_one(client, workspace):
    client.force_login(make_member(workspace, role="member"))
    assert client.post(f"/w/{workspace.pk}/health/drill/").status_code == 403
    assert drill.last(workspace) is None
