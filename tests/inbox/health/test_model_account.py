"""The model is an account of each workspace: its key, quota, address and refusals show like any other account's."""

import re

import pytest
from django.test import override_settings
from django.urls import reverse

from inbox.health import banner, notice_channels, watch
from inbox.models import Lead, ModelOutage, Workspace
from integrations.health import checks, probes, writer
from integrations.models import HealthState, Integration, WorkspaceIntegrationHealth
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests import factories

pytestmark = pytest.mark.django_db
QUESTION = "Can you send me prices, please?"
NO_MONEY = {"kind": "error", "status": 429, "code": "insufficient_quota", "path": "/responses$"}


def account(world) -> Integration:
    return Integration.objects.get(workspace=world.workspace, provider="openai")


def known(world) -> WorkspaceIntegrationHealth:
    return writer.row(account(world))


def asks(world) -> None:
    """Somebody writes, so that the model is asked."""
    world.reply(QUESTION)
    world.work()


def tick() -> dict[str, int]:
    return watch.tick(Deadline.after_ms(10_000))


def page(world, name: str = "list") -> str:
    world.client.force_login(world.user)
    return world.client.get(reverse(f"inbox:{name}", args=[world.workspace.pk])).content.decode()


def test_a_model_that_answers_is_connected(world):
    asks(world)
    assert known(world).state == HealthState.CONNECTED and known(world).last_success_at


def test_a_refused_key_shows_in_banner_card_and_notice_and_the_strip_says_why(
    world, django_capture_on_commit_callbacks
):
    world.sandbox.set_account("openai", "key-openai", "revoked")
    with django_capture_on_commit_callbacks(execute=True):
        asks(world)

    assert known(world).state == HealthState.DISCONNECTED
    line = banner.line(known(world), world.workspace)
    assert line.headline == "OpenAI is disconnected for Northwind"
    assert "Replies aren’t tagged" in line.effect and "operator to fix it" in line.effect
    shown = page(world)  # one cause, one banner
    assert line.headline not in shown and ModelOutage.objects.get().why.rstrip(".") in shown
    assert shown.count('class="banner"') == 1
    asked = Lead.objects.get()
    assert asked.score is not None  # by the tag of its messages before
    read = world.client.get(
        reverse("inbox:conversation", args=[world.workspace.pk, asked.pk])
    ).content.decode()
    assert "Not understood yet" in read and not re.search(r"Score</dt>\s*<dd>\s*\d", read)
    assert asked.score_reason not in read
    assert "Enter new key" not in shown
    assert BackgroundJob.objects.filter(kind=notice_channels.NOTIFY).count() == 1

    world.sandbox.set_account("openai", "key-openai", "ok")
    assert probes.check_now(account(world)).ok
    assert known(world).state == HealthState.CONNECTED


def test_a_used_up_quota_is_not_healed_by_a_list_that_costs_nothing(world):
    world.sandbox.fault(provider="openai", **NO_MONEY)
    asks(world)
    assert (known(world).state, known(world).reason) == (HealthState.DISCONNECTED, "insufficient_quota")
    assert "The quota is used up." in banner.line(known(world), world.workspace).effect

    assert {line.tone for line in checks.run(account(world))} == {"ok"}  # it reads the list
    assert not probes.check_now(account(world)).ok
    assert known(world).state == HealthState.DISCONNECTED

    world.sandbox.clear_faults()
    assert probes.check_now(account(world)).ok
    assert known(world).state == HealthState.CONNECTED


def test_a_request_that_is_not_taken_stays_so_until_a_question_is_answered(world):
    world.sandbox.fault(
        provider="openai", kind="error", status=404, code="model_not_found", path="/responses$"
    )
    asks(world)
    assert (known(world).state, known(world).reason) == (HealthState.DISCONNECTED, "request_refused")

    assert probes.check_now(account(world)).ok
    assert known(world).state == HealthState.DISCONNECTED
    world.sandbox.clear_faults()
    asks(world)
    assert known(world).state == HealthState.CONNECTED


def test_an_address_that_calls_may_not_go_to_is_named(world):
    with override_settings(OPENAI_BASE_URL="http://models.example.com/v1", ALLOW_LOOPBACK_PROVIDERS=False):
        assert not probes.check_now(
            Integration.objects.create(workspace=world.workspace, provider="openai")
        ).ok
    row = known(world)
    assert (row.state, row.reason) == (HealthState.DISCONNECTED, "address_refused")
    effect = banner.line(row, world.workspace).effect
    assert "Calls to its address aren’t allowed." in effect and "must begin with https://" in effect


def test_a_slack_whose_address_is_refused_is_disconnected(world):
    slack = world.connect("slack", bot_token="xoxb-1")
    slack.config = {"base_url": "http://slack.example.com/api", "channel": "C1"}
    slack.save()
    assert not probes.check_now(slack).ok
    assert (writer.row(slack).state, writer.row(slack).reason) == (
        HealthState.DISCONNECTED,
        "address_refused",
    )


def test_what_happens_to_one_workspace_is_not_said_of_another(world):
    theirs = factories.make_integration(factories.make_workspace("Bluebird"), "openai", credentials={})
    world.sandbox.set_account("openai", "key-openai", "revoked")
    asks(world)

    assert writer.row(theirs).state == HealthState.UNKNOWN
    assert known(world).state == HealthState.DISCONNECTED


def test_every_workspace_has_an_account_while_there_is_a_key_and_a_drill_has_none(world):
    drill = factories.make_workspace("Drill", drill_of=world.workspace)
    tick()
    tick()
    with_one = Workspace.objects.filter(integrations__provider="openai")
    assert set(with_one) == set(Workspace.objects.exclude(pk=drill.pk))

    with override_settings(OPENAI_API_KEY=""):
        tick()
        assert not account(world).enabled and "OpenAI" not in page(world, "integrations")
    tick()
    assert account(world).enabled and "OpenAI" in page(world, "integrations")


def test_a_workspace_sets_nothing_of_it_and_does_not_connect_it(world):
    tick()
    world.client.force_login(factories.make_member(world.workspace, role="owner"))
    settings_page = reverse("inbox:integration-settings", args=[world.workspace.pk, account(world).pk])
    shown = world.client.get(reverse("inbox:integrations", args=[world.workspace.pk])).content.decode()
    assert "OpenAI" in shown and f'href="{settings_page}"' not in shown
    assert world.client.get(settings_page).status_code == 404
    new = reverse("inbox:integration-new", args=[world.workspace.pk, "openai"])
    assert new not in shown and world.client.get(new).status_code == 404
