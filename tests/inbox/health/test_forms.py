"""A provider that changes the form of its requests is noticed, and so is that it is understood again."""

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox import promises
from inbox.health import watch
from inbox.models import WebhookDelivery
from integrations.health import probes, writer
from integrations.models import Integration, WorkspaceIntegrationHealth
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

STRANGE = {"event": {"type": "LEAD_REPLIED"}, "data": {"answer": {"id": 7}}}


@pytest.fixture
def bison(world: World) -> Integration:
    writer.forget_successes()
    account = world.workspace.integrations.get(provider="emailbison")
    assert probes.check_now(account).ok
    return account


def refuse(world: World, times: int) -> None:
    for _ in range(times):
        answer = world.client.post(world.paths["email"], STRANGE, content_type="application/json")
        assert answer.status_code == 400


def understand(world: World, account: Integration, times: int) -> None:
    now = timezone.now()
    known = {"workspace": world.workspace, "integration": account, "source": "email", "received_at": now}
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(**known, verdict="accepted", body_sha256="") for _ in range(times)
    )


def state(account: Integration) -> str:
    watch.tick(Deadline.after_ms(20_000))
    return WorkspaceIntegrationHealth.objects.get(integration=account).state


def test_three_refused_requests_make_an_account_not_understood_and_the_first_understood_one_heals_it(
    world, bison
):
    refuse(world, 2)
    assert state(bison) == "connected"
    refuse(world, 1)
    assert state(bison) == "not_understood"
    assert BackgroundJob.objects.filter(kind="health.notify").exists()
    world.client.force_login(world.user)
    page = world.client.get(reverse("inbox:list", args=[world.workspace.pk])).content.decode()
    assert "EmailBison" in page and "is not understood" in page
    assert probes.check_now(bison).ok
    assert state(bison) == "not_understood"  # that our calls work proves nothing of what arrives
    understand(world, bison, 1)
    assert state(bison) == "connected"
    assert state(bison) == "connected"  # what was refused before does not count again
    assert BackgroundJob.objects.filter(kind="health.recover").exists()


def test_three_refused_requests_among_many_are_no_change_of_form(world, bison):
    understand(world, bison, 28)
    refuse(world, 3)
    assert state(bison) == "connected"
    refuse(world, 1)
    assert state(bison) == "not_understood"


def test_events_that_a_provider_is_answered_200_for_are_quarantined_and_noticed(world):
    account = world.connect("unipile", "uni_acc_health", api_key="key-unipile")
    world.add_webhook("linkedin", "linkedin", account)
    event = {"id": "evt_1", "account_id": "uni_acc_health", "type": "message.new", "payload": {"text": "Hi"}}
    for _ in range(3):
        answer = world.client.post(world.paths["linkedin"], event, content_type="application/json").json()
        assert answer["quarantined"]
    assert "payload.chat_id" in WebhookDelivery.objects.filter(source="linkedin")[0].error_fields
    assert state(account) == "not_understood"


def test_what_an_account_that_is_not_understood_sends_is_counted_by_its_health_alone(world, bison):
    refuse(world, 3)
    assert promises.refused_deliveries()["email"] == 3
    assert state(bison) == "not_understood"
    assert promises.refused_deliveries()["email"] == 0
    Integration.objects.filter(pk=bison.pk).update(enabled=False)
    assert promises.refused_deliveries()["email"] == 3  # its health is in no metric now
