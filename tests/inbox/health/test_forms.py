"""A provider that changes the form of its requests is noticed, and so is that it is understood again."""

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox import guarantees
from inbox.health import watch
from inbox.models import Message, WebhookDelivery
from inbox.webhooks import replay
from integrations.emailbison import payloads
from integrations.events import PayloadInvalid
from integrations.health import probes, writer
from integrations.models import Integration, WorkspaceIntegrationHealth
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests import factories
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
    assert "EmailBison" in page and "doesn’t understand" in page
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
    assert guarantees.refused_deliveries()["email"] == 3
    assert state(bison) == "not_understood"
    assert guarantees.refused_deliveries()["email"] == 0
    Integration.objects.filter(pk=bison.pk).update(enabled=False)
    assert guarantees.refused_deliveries()["email"] == 3  # its health is in no metric now


def test_a_parser_that_is_taken_away_and_brought_back_loses_nothing(world, bison, monkeypatch):
    """State, banner and notice while it is away; then one press reads all that was refused, and ends the state."""

    def unknown(kind, payload, now):
        raise PayloadInvalid({"data.reply": "is of a form that this release does not know"})

    parser = payloads._reply
    monkeypatch.setattr(payloads, "_reply", unknown)
    for number in range(4):
        body = STRANGE | {
            "data": {"reply": {"id": number, "from_email_address": f"dana{number}@example.org"}}
        }
        assert (
            world.client.post(world.paths["email"], body, content_type="application/json").status_code == 400
        )
    watch.tick(Deadline.after_ms(20_000))
    assert WorkspaceIntegrationHealth.objects.get(integration=bison).state == "not_understood"
    assert BackgroundJob.objects.filter(kind="health.notify").exists()
    world.client.force_login(factories.make_member(world.workspace, "admin"))
    inbox = world.client.get(reverse("inbox:list", args=[world.workspace.pk])).content.decode()
    assert "doesn’t understand" in inbox
    refused = WebhookDelivery.objects.filter(verdict="rejected").latest("received_at")
    address = reverse("inbox:delivery", args=[world.workspace.pk, refused.pk])
    page = world.client.get(address)
    assert "Replay all 4 of this kind" in page.content.decode()

    monkeypatch.setattr(payloads, "_reply", parser)
    form = {"hours": "720", "verdict": "rejected", "source": "email", "event_type": ""}
    world.client.post(reverse("inbox:deliveries-replay", args=[world.workspace.pk]), form)
    drain()
    assert Message.objects.count() == 4
    assert not replay.unrepaired(verdict="rejected").exists()
    assert WorkspaceIntegrationHealth.objects.get(integration=bison).state == "connected"
    assert BackgroundJob.objects.filter(kind="health.recover").exists()
    assert "Replay all" not in world.client.get(address).content.decode()
