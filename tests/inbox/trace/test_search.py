"""“Why did this not arrive?”: what is found where, for what really came in, was refused, failed and went out."""

import pytest
from django.utils import timezone

from inbox.intake import handlers
from inbox.models import Message, WebhookDelivery
from inbox.replying import review
from inbox.trace import asking, search
from integrations.events import MessageEvent
from integrations.http.breaker import OPEN_AFTER_FAILURES
from integrations.models import CircuitBreaker, WorkspaceIntegrationHealth
from tests import factories
from tests.inbox.trace.test_branches import emitted, post
from tests.webhooks import posting
from tests.webhooks.posting import Poster
from tests.world import World

pytestmark = pytest.mark.django_db


def hits(workspace, text: str) -> dict[str, list[search.Hit]]:
    """What each ledger has of `text`, without the empty ones."""
    found = search.find(workspace, search.read(workspace, text))
    return {ledger.label: ledger.hits for ledger in found.ledgers if ledger.hits}


def test_an_address_is_found_in_every_ledger_that_knows_it(world):
    message = world.reply("Sure, send me times.")
    world.work()
    send = review.approve(world.draft(message), user=world.user, text="Thursday.")
    world.work()

    found = hits(world.workspace, " Dana@Example.org ")

    assert set(found) == {"Leads", "Messages", "Provider requests", "Sent messages"}
    assert [hit.link.id for hit in found["Sent messages"]] == [send.pk]
    own = Message.objects.get(source="holdfast")
    assert {message.pk, own.pk} <= {hit.link.id for hit in found["Messages"]}


def test_a_phone_number_is_found_in_any_spelling(db, settings):
    settings.GHL_APP_PUBLIC_KEY = posting.GHL_PUBLIC
    poster = Poster.create("Northwind")
    factories.make_lead(poster.workspace, email="", phone="+15555550123")

    for spelling in ("+1 (555) 555-0123", "555 555 0123", "15555550123"):
        assert list(hits(poster.workspace, spelling)) == ["Leads"], spelling


@pytest.mark.parametrize("reply_id", [880031, 7_700_269, "3bf74b52-64de-4c1a-9a51-5f5d8f6b7c11"])
def test_a_providers_id_finds_the_message_and_the_requests_that_brought_it(world, reply_id):
    """It may look like a phone number, as EmailBison's ids of seven digits do, or like one of ours, as Instantly's."""
    body = emitted(world, text="Tell me more.")
    body["data"]["reply"]["id"] = reply_id
    post(world, body)
    post(world, body)
    message = Message.objects.get()

    found = hits(world.workspace, str(reply_id))

    assert [hit.link.id for hit in found["Messages"]] == [message.pk]
    assert [hit.link.state for hit in found["Provider requests"]] == ["duplicate", "accepted"]
    assert "nothing was stored twice" in found["Provider requests"][0].why


@pytest.mark.parametrize("kind", ["message", "lead", "delivery", "draft", "send", "job"])
def test_an_id_of_ours_finds_its_row(world, kind):
    message = world.reply("Sure, send me times.")
    world.work()
    draft = world.draft(message)
    send = review.approve(draft, user=world.user, text="Thursday.")
    delivery = WebhookDelivery.objects.get()
    rows = {
        "message": message, "lead": message.lead, "delivery": delivery, "draft": draft, "send": send,
        "job": world.job(message),
    }  # fmt: skip

    found = hits(world.workspace, str(rows[kind].pk))

    assert [hit.link.id for ledger in found.values() for hit in ledger] == [rows[kind].pk]


def test_a_refused_request_is_found_by_the_address_in_its_body(world):
    body = emitted(world, text="Tell me more.")
    body["data"]["reply"]["id"] = None
    answer = post(world, body).json()

    (hit,) = hits(world.workspace, "DANA@example.org")["Requests without a message"]

    assert str(hit.link.id) == answer["deliveryId"]
    assert hit.link.state == "rejected" and "unusable" in hit.why


def test_a_refused_request_is_found_by_a_providers_id_that_looks_like_one_of_ours(world):
    body = emitted(world, text="See 3bf74b52-64de-4c1a-9a51-5f5d8f6b7c11")
    body["data"]["reply"]["id"] = None
    post(world, body)

    (hit,) = hits(world.workspace, "3bf74b52-64de-4c1a-9a51-5f5d8f6b7c11")["Requests without a message"]

    assert hit.link.state == "rejected"


def test_leads_beyond_the_limit_are_told(world):
    for number in range(search.LIMIT + 1):
        factories.make_lead(
            world.workspace, email=f"l{number}@example.org", phone="", alternate_emails=["all@example.org"]
        )

    found = search.find(world.workspace, search.read(world.workspace, "all@example.org"))

    [leads] = [ledger for ledger in found.ledgers if ledger.label == "Leads"]
    assert (len(leads.hits), leads.more) == (search.LIMIT, True)


def test_a_lead_is_found_by_another_number_of_theirs(world):
    lead = factories.make_lead(world.workspace, alternate_phones=["+15555550177"])

    found = search.find(world.workspace, search.read(world.workspace, "(555) 555-0177"))

    [leads] = [ledger for ledger in found.ledgers if ledger.label == "Leads"]
    assert [hit.link.id for hit in leads.hits] == [lead.pk]


def test_a_request_that_failed_on_our_side_is_found_by_the_number_in_its_body(world, monkeypatch):
    monkeypatch.setitem(handlers.HANDLERS, MessageEvent, lambda *_: 1 / 0)
    answer = post(world, emitted(world, text="Call me at (555) 555-0123, ext 4.")).json()

    (hit,) = hits(world.workspace, "+1 555 555 0123".replace("+1 ", ""))["Requests without a message"]

    assert str(hit.link.id) == answer["deliveryId"]
    assert hit.why.startswith("Failed on our side.")


def test_a_request_with_a_wrong_key_leaves_no_row_and_the_search_says_when_a_good_one_came(world):
    body = emitted(world, text="Tell me more.")
    wrong = world.paths["email"].rstrip("/") + "x/"
    assert world.client.post(wrong, body, content_type="application/json").status_code == 401
    found = search.find(world.workspace, search.read(world.workspace, "dana@example.org"))
    assert not found.any
    assert [last for _, last in found.doors] == [None]

    post(world, body)

    found = search.find(world.workspace, search.read(world.workspace, "dana@example.org"))
    assert found.any and found.doors[0][1] <= timezone.now()


def test_a_bounced_lead_says_so(world):
    world.reply("Sure, send me times.")
    post(world, emitted(world, "EMAIL_BOUNCED", text="550 5.1.1 no such user"))

    assert hits(world.workspace, "dana@example.org")["Leads"][0].why.startswith("Email to this lead bounced")


def test_nothing_of_another_workspace_is_found(world, sandbox):
    message = world.reply("Sure, send me times.")
    world.work()
    other = World.make(sandbox, "Bluebird")
    factories.make_delivery(world.workspace, verdict="rejected", body=b'{"email": "dana@example.org"}')

    for text in ("dana@example.org", message.external_id, str(message.pk), str(world.job(message).pk)):
        assert hits(other.workspace, text) == {}, text


@pytest.mark.parametrize("text", ["", " ", "ab", "\0\0\0"])
def test_too_little_text_asks_for_nothing(world, text):
    assert search.read(world.workspace, text) is None


def test_a_search_takes_as_many_queries_at_any_size(world, django_assert_max_num_queries):
    def queries() -> int:
        with django_assert_max_num_queries(16) as captured:
            hits(world.workspace, "dana@example.org")
        return len(captured)

    world.reply("Tell me more.")
    few = queries()
    for number in range(12):
        post(world, emitted(world, text=f"And number {number}?"))
    assert queries() == few


class TestAsking:
    def ask(self, world, text="dana@example.org"):
        (account,) = asking.accounts(world.workspace)
        return asking.ask(world.workspace, account, search.read(world.workspace, text))

    def test_the_provider_lists_what_no_webhook_has_brought(self, world):
        world.reply("Tell me more.")
        lost = emitted(world, text="Did you get my mail?")  # the provider has it, and its webhook never came
        elsewhere = factories.make_lead(factories.make_workspace())
        factories.make_message(elsewhere, external_id=str(lost["data"]["reply"]["id"]))

        answer = self.ask(world)

        assert (answer.complete, answer.problem, len(answer.listed), answer.missing) == (True, "", 2, 1)
        missing = next(one for one in answer.listed if one.ours is None)
        assert missing.external_id == str(lost["data"]["reply"]["id"])
        assert answer.poll_every

    def test_only_what_is_asked_for_is_listed(self, world):
        emitted(world, text="Hello", lead={"email": "else@example.org"})

        answer = self.ask(world)

        assert (answer.read, answer.listed, answer.missing) == (1, [], 0)

    @pytest.mark.parametrize(("most", "read", "complete"), [(1, 1, False), (2, 2, True), (3, 2, True)])
    def test_a_list_is_complete_if_it_ends_within_the_limit(self, world, monkeypatch, most, read, complete):
        for text in ("Hello", "Hello again"):
            emitted(world, text=text)
        monkeypatch.setattr(asking, "MOST", most)

        answer = self.ask(world)

        assert (answer.read, answer.complete) == (read, complete)

    @pytest.mark.parametrize("kind", ["server_error", "unauthorized", "drop", "html"])
    def test_a_provider_that_does_not_answer_is_named_and_nothing_is_claimed(self, world, kind):
        world.sandbox.fault(provider="emailbison", kind=kind)

        answer = self.ask(world)

        assert not answer.complete and answer.listed == []
        assert "EmailBison" in answer.problem

    def test_pages_that_gave_up_do_not_make_the_provider_count_as_broken(self, world, monkeypatch):
        """A provider that needs longer than a person waits answers a job well enough."""
        monkeypatch.setattr(asking, "BUDGET_MS", asking.OWN_PART_MS + 50)
        world.sandbox.fault(provider="emailbison", kind="latency", ms=1_000)

        problems = {self.ask(world).problem for _ in range(OPEN_AFTER_FAILURES + 1)}

        assert problems == {"EmailBison hadn’t responded in full after 0 s."}
        assert not CircuitBreaker.objects.filter(open_until__isnull=False).exists()
        assert not WorkspaceIntegrationHealth.objects.exclude(consecutive_failures=0).exists()

    def test_only_a_few_pages_wait_at_once(self, world):
        for _ in range(asking.SLOT_COUNT):
            assert asking.SLOTS.acquire(blocking=False)
        try:
            assert self.ask(world).problem.startswith("Other pages are asking")
        finally:
            asking.SLOTS.release(asking.SLOT_COUNT)
        assert world.sandbox.requests(provider="emailbison") == []

    def test_a_provider_without_a_list_says_why_it_cannot_be_asked(self, world):
        world.connect("calendly", token="t")
        calendly = next(one for one in asking.accounts(world.workspace) if one.label == "Calendly")

        answer = asking.ask(world.workspace, calendly, search.read(world.workspace, "dana@example.org"))

        assert answer.problem == calendly.cannot
        assert "It carries no messages." in calendly.cannot

    def test_an_account_that_is_switched_off_is_not_asked(self, world):
        world.workspace.integrations.update(enabled=False)

        assert self.ask(world).problem == "This EmailBison account is off."
        assert world.sandbox.requests(provider="emailbison") == []
