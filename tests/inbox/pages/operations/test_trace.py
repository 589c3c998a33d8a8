"""The pages of traces: who may open them, what leads to them, and how many queries they take."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inbox.intake.messages import PROCESS
from inbox.models import Membership, WebhookDelivery, audit
from inbox.replying import review, send_claims
from inbox.trace import records, story
from inbox.trace.records import KINDS, NEWEST
from integrations.models import AiCall, Notice
from jobs.models import BackgroundJob, JobAttempt
from tests import factories
from tests.world import World

pytestmark = pytest.mark.django_db


def page(client: Client, workspace, kind: str, row_id, **query) -> str:
    response = client.get(reverse("inbox:trace", args=[workspace.pk, kind, row_id]), query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def rows(world):
    """One row of each kind, all of one story."""
    message = world.reply("Sure, send me times.")
    world.work()
    draft = world.draft(message)
    send = review.approve(draft, user=world.user, text="Thursday.")
    world.work()
    notice = Notice.objects.create(
        workspace=world.workspace, kind="account", path="slack", text="It is down."
    )
    return {
        "message": message, "lead": message.lead, "job": world.job(message), "draft": draft, "send": send,
        "delivery": WebhookDelivery.objects.get(), "notice": notice,
    }  # fmt: skip


def client_of(world: World, role: str) -> Client:
    client = Client()
    client.force_login(factories.make_member(world.workspace, role))
    return client


@pytest.mark.parametrize("role", Membership.Role.values)
def test_every_member_opens_the_trace_of_each_kind_of_row(world, rows, role):
    assert set(rows) == set(KINDS)
    client = client_of(world, role)
    for kind, row in rows.items():
        assert "<h1>" in page(client, world.workspace, kind, row.pk), kind


def test_a_row_of_another_workspace_is_no_page_for_its_neighbours(world, rows, sandbox):
    other = World.make(sandbox, "Bluebird")
    client = client_of(other, Membership.Role.OWNER)
    for kind, row in rows.items():
        for workspace in (world.workspace, other.workspace):
            path = reverse("inbox:trace", args=[workspace.pk, kind, row.pk])
            assert client.get(path).status_code == 404, path
    assert (
        client.get(reverse("inbox:find", args=[world.workspace.pk]), {"q": "dana@example.org"}).status_code
        == 404
    )


@pytest.mark.parametrize("kind", [*KINDS, "workspace", "user"])
def test_an_id_that_nothing_has_is_no_page(world, kind):
    client = client_of(world, Membership.Role.OWNER)
    path = reverse("inbox:trace", args=[world.workspace.pk, kind, uuid.uuid4()])
    assert client.get(path).status_code == 404


def test_pages_that_only_admins_may_open_are_linked_for_admins_alone(world, rows):
    job, delivery = rows["job"], rows["delivery"]
    own = [reverse("inbox:job", args=[world.workspace.pk, job.pk])]
    own.append(reverse("inbox:delivery", args=[world.workspace.pk, delivery.pk]))

    for role, expected in (("admin", True), ("member", False), ("viewer", False)):
        text = page(client_of(world, role), world.workspace, "message", rows["message"].pk)
        assert [f'href="{path}"' in text for path in own] == [expected, expected], role


def test_the_conversation_leads_to_the_trace_of_each_row_of_it(world, rows):
    text = world_page(world, "inbox:conversation", rows["lead"].pk)
    for kind in ("message", "lead", "job", "delivery"):
        assert reverse("inbox:trace", args=[world.workspace.pk, kind, rows[kind].pk]) in text, kind


def test_a_draft_and_a_failed_send_lead_to_their_traces(world):
    message = world.reply("Sure, send me times.")
    world.work()
    draft = world.draft(message)
    text = world_page(world, "inbox:conversation", message.lead_id)
    assert reverse("inbox:trace", args=[world.workspace.pk, "draft", draft.pk]) in text

    world.sandbox.fault(provider="emailbison", kind="error", path=r"/reply$", status=422, message="Nope")
    send = review.approve(draft, user=world.user, text="Thursday.")
    world.work()
    text = world_page(world, "inbox:conversation", message.lead_id)
    assert reverse("inbox:trace", args=[world.workspace.pk, "send", send.pk]) in text


@pytest.mark.parametrize(
    ("name", "kinds"), [("jobs", ["job"]), ("deliveries", ["delivery"]), ("health", ["notice"])]
)
def test_lists_lead_to_the_traces_of_their_rows(world, rows, name, kinds):
    text = world_page(world, f"inbox:{name}")
    for kind in kinds:
        assert reverse("inbox:trace", args=[world.workspace.pk, kind, rows[kind].pk]) in text


@pytest.mark.parametrize("kind", ["job", "delivery"])
def test_a_row_s_own_page_leads_to_its_trace(world, rows, kind):
    text = world_page(world, f"inbox:{kind}", rows[kind].pk)
    assert reverse("inbox:trace", args=[world.workspace.pk, kind, rows[kind].pk]) in text


def world_page(world: World, name: str, *args) -> str:
    response = client_of(world, Membership.Role.OWNER).get(reverse(name, args=[world.workspace.pk, *args]))
    assert response.status_code == 200
    return response.content.decode()


def test_the_text_form_has_the_same_lines_without_the_page(world, rows):
    client = client_of(world, Membership.Role.VIEWER)
    path = reverse("inbox:trace", args=[world.workspace.pk, "message", rows["message"].pk])
    response = client.get(path, {"as": "text"})
    text = response.content.decode()

    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert text.startswith("Answered in ") and "<" not in text.replace("<!--", "")
    for event in story.of(world.workspace, "message", rows["message"].pk).events:
        assert event.what in text


def test_what_people_wrote_can_be_left_out(world, rows):
    found = story.of(world.workspace, "message", rows["message"].pk)
    hidden = found.without_words()

    assert any("send me times" in event.said for event in found.events)
    assert hidden.message is None
    assert "send me times" not in str(hidden.events)


def queries(client: Client, path: str) -> int:
    client.get(path)  # the first visit remembers the workspace
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_a_lead_of_many_messages_shows_its_newest_with_as_many_queries_as_one_of_two(world, rows):
    client = client_of(world, Membership.Role.MEMBER)
    path = reverse("inbox:trace", args=[world.workspace.pk, "lead", rows["lead"].pk])
    few = queries(client, path)
    for number in range(60):
        message = factories.make_message(rows["lead"], f"Number {number}", source="emailbison_reply")
        factories.make_delivery(world.workspace, lead=rows["lead"], message=message)
        factories.make_send(factories.make_draft(message), state="failed")

    assert queries(client, path) <= few <= 22
    found = story.of(world.workspace, "lead", rows["lead"].pk)
    assert found.earlier
    assert sum(event.what == "The lead was found" for event in found.events) == NEWEST
    assert "Only the newest messages are shown" in page(client, world.workspace, "lead", rows["lead"].pk)


@pytest.mark.parametrize("kind", KINDS)
def test_a_trace_is_read_in_at_most_sixteen_queries(world, rows, kind, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        story.of(world.workspace, kind, rows[kind].pk)


def test_a_storm_of_repeats_is_cut_and_the_page_says_so(world, rows):
    for _ in range(110):
        factories.make_delivery(
            world.workspace, lead=rows["lead"], message=rows["message"], verdict="duplicate"
        )
    text = page(client_of(world, Membership.Role.MEMBER), world.workspace, "message", rows["message"].pk)
    assert "Not all records are shown." in text


@pytest.mark.parametrize("kind", ["draft", "send", "bounce", "job", "attempt", "call", "audit"])
def test_a_storm_of_any_kind_of_rows_is_told_as_cut(workspace, lead, monkeypatch, kind):
    monkeypatch.setattr(records, "MOST", 2)
    message, moment = factories.make_message(lead), timezone.now()
    draft = factories.make_draft(message)
    send = factories.make_send(draft, state="failed", tries=4)
    keys = [f"{PROCESS}:{message.pk}", *(f"{send_claims.SEND}:{send.pk}:{tries}" for tries in range(4))]
    jobs = BackgroundJob.objects
    job = jobs.create(kind=PROCESS, workspace=workspace, dedupe_key=keys.pop(0))
    assert not story.of(workspace, "message", message.pk).cut
    storm = {
        "draft": lambda n: factories.make_draft(message, channel=("sms", "linkedin")[n]) if n < 2 else None,
        "send": lambda n: factories.make_send(draft, state="failed", part=n + 1),
        "bounce": lambda n: factories.make_message(lead, tag_decided_by="rule: bounce"),
        "job": lambda n: jobs.create(kind="x", workspace=workspace, dedupe_key=keys[n]) if n < 4 else None,
        "attempt": lambda n: JobAttempt.objects.create(
            job=job, number=n, outcome="retried", started_at=moment, finished_at=moment, duration_ms=1
        ),
        "call": lambda n: AiCall.objects.create(
            workspace=workspace, job_id=job.pk, feature="tag", prompt_version="v1", model="m", tries=1,
            duration_ms=1, outcome="ok",
        ),
        "audit": lambda n: audit.record(workspace.pk, None, "x", message),
    }  # fmt: skip
    for n in range(11):
        storm[kind](n)
    assert story.of(workspace, "message", message.pk).cut


class TestFind:
    def find(self, world, role=Membership.Role.VIEWER, **query):
        response = client_of(world, role).get(reverse("inbox:find", args=[world.workspace.pk]), query)
        assert response.status_code == 200
        return response.content.decode()

    def test_the_empty_page_asks_for_something(self, world):
        text = self.find(world)
        assert "Find a message" in text and "Records of" not in text

    def test_too_little_text_says_what_to_type(self, world):
        assert "Enter an email address, phone number or ID" in self.find(world, q="x")

    def test_what_is_found_leads_to_its_trace(self, world, rows):
        text = self.find(world, q="dana@example.org")
        for kind in ("lead", "message", "delivery", "send"):
            assert reverse("inbox:trace", args=[world.workspace.pk, kind, rows[kind].pk]) in text, kind

    def test_nothing_found_says_what_may_have_happened(self, world):
        text = self.find(world, q="nobody@example.org")
        assert "No records for the address nobody@example.org" in text
        assert "wrong key or signature" in text

    def test_the_provider_is_asked_only_when_somebody_asks_for_it(self, world, rows):
        asked = len(world.sandbox.requests(provider="emailbison"))
        text = self.find(world, q="dana@example.org")
        assert len(world.sandbox.requests(provider="emailbison")) == asked

        account = world.workspace.integrations.get(provider="emailbison")
        assert f"ask={account.pk}#asked" in text
        text = self.find(world, q="dana@example.org", ask=str(account.pk))
        assert "lists 2 messages for it" in text  # the reply, and our answer in the folder Sent

    def test_an_account_of_another_workspace_is_not_asked(self, world, rows, sandbox):
        other = World.make(sandbox, "Bluebird")
        asked = len(sandbox.requests(provider="emailbison"))
        text = self.find(
            world, q="dana@example.org", ask=str(other.workspace.integrations.get(provider="emailbison").pk)
        )
        assert "checked at" not in text
        assert len(sandbox.requests(provider="emailbison")) == asked

    def test_an_empty_list_of_the_inbox_leads_here_with_what_was_looked_for(self, world):
        client = client_of(world, Membership.Role.VIEWER)
        inbox = reverse("inbox:list", args=[world.workspace.pk])
        text = client.get(inbox, {"view": "all", "q": "nobody@example.org"}).content.decode()
        assert f"{reverse('inbox:find', args=[world.workspace.pk])}?q=nobody%40example.org" in text
