"""The demo's own data, and how long it waits; `tests/faults/test_demo.py` runs it whole."""

from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db.models import Exists, OuterRef

from demo import facts as known
from demo import seed
from demo.facts import FACTS
from demo.management.commands import demo
from inbox.models import Lead, Message, WorkspaceFact
from inbox.models.message import OWN
from inbox.pages.settings.facts import FactForm
from inbox.webhooks.recorded_traffic import Keys
from integrations.models import Integration, WebhookKey

pytestmark = pytest.mark.django_db
SANDBOX = "http://127.0.0.1:8900"


@pytest.fixture
def seeded(settings, monkeypatch):
    """The demo's workspaces, people and accounts, without the month of history, which takes seconds."""
    monkeypatch.setattr(seed.history, "seed", lambda *_: None)
    settings.ALLOW_LOOPBACK_PROVIDERS = True
    return seed.seed(SANDBOX)


def test_a_second_start_adds_no_history_and_no_fact_that_somebody_deleted(settings):
    settings.ALLOW_LOOPBACK_PROVIDERS = True
    facts = WorkspaceFact.objects.filter(workspace=seed.seed(SANDBOX)["northwind"])
    assert facts.filter(answer__contains="48").get().kind == "answer"
    before, messages = facts.count(), Message.objects.count()
    assert messages > 100
    facts.filter(kind="never").delete()
    seed.seed(SANDBOX)

    assert facts.count() == before - 1
    assert Message.objects.count() == messages


def test_the_facts_of_the_demo_are_as_a_person_may_write_them():
    for kind, question, answer in (fact for facts in FACTS.values() for fact in facts):
        assert FactForm(kind, {"question": question, "answer": answer}).is_valid(), question


@pytest.mark.parametrize("provider", ["emailbison", "unipile", "slack"])
def test_it_starts_again_beside_an_account_that_somebody_has_connected(seeded, provider):
    workspace = seeded["northwind"]
    own = Integration.objects.get(workspace=workspace, provider=provider)
    second = Integration.objects.create(
        workspace=workspace,
        provider=provider,
        external_account_id="99",
        credentials={"api_key": "somebodys", "bot_token": "somebodys"},
        config={"base_url": "https://send.example.com"},
    )
    seed.seed("http://127.0.0.1:8901")
    again = seed.seed(SANDBOX)

    assert again["northwind"] == workspace
    second.refresh_from_db()
    assert second.credentials["api_key"] == "somebodys"
    assert second.config == {"base_url": "https://send.example.com"}
    own.refresh_from_db()
    assert own.config["base_url"].startswith(SANDBOX)
    assert Integration.objects.filter(workspace=workspace, provider=provider).count() == 2


def test_its_webhooks_go_to_its_own_account_whichever_was_connected_first(seeded):
    workspace = seeded["northwind"]
    own = Integration.objects.get(workspace=workspace, provider="emailbison")
    second = Integration.objects.create(workspace=workspace, provider="emailbison", external_account_id="99")
    theirs = WebhookKey.issue(second).secret
    Integration.objects.filter(pk=second.pk).update(created_at=own.created_at.replace(year=2020))
    keys = Keys(seeded)

    assert keys.of("northwind", "email", "99") == theirs
    assert keys.of("northwind", "email", "42") == own.webhook_keys.get().secret


def test_its_own_account_is_made_anew_where_somebody_has_given_it_another_id(seeded):
    Integration.objects.filter(workspace=seeded["northwind"], provider="emailbison").update(
        external_account_id="99"
    )
    seed.seed(SANDBOX)
    made = Integration.objects.get(
        workspace=seeded["northwind"], provider="emailbison", external_account_id="42"
    )
    assert Keys(seeded).of("northwind", "email", "42") == made.webhook_keys.get().secret


@pytest.mark.parametrize(
    ("label", "asked", "told"),
    [
        (
            "northwind",
            "You didn't answer my question. Do you handle interstate or not?",
            ["48 contiguous states"],
        ),
        (
            "northwind",
            "Two q's:\n1) do you only work w/ cafes or grocery too?\n2) is there a minimum spend",
            ["groceries", "nothing on top"],
        ),
        ("northwind", "Delivery apps take 30%. You charge how much?", ["$2,400"]),
        ("northwind", "What would you need from us to do a trial month?", ["$900"]),
        ("northwind", "Who have you done this for in Oklahoma?", ["find out and come back"]),
        ("bluebird", "Can you tell me which software you plug into?", ["QuickBooks"]),
        ("bluebird", "Have you got a case study for something seasonal?", ["wineries"]),
        ("bluebird", "Hola Priya, ¿qué incluye y cuánto cuesta al mes?", ["$490", "Hola Dana"]),
    ],
)
def test_a_draft_of_the_demo_answers_what_was_asked(world, label, asked, told):
    known.seed(label, world.workspace, world.user)
    message = world.reply(asked)
    world.work()

    draft = world.draft(message)
    assert all(one in draft.text for one in told) and draft.verification["problems"] == []


class Children:
    """Processes that live and take their time."""

    def __init__(self, *dies: str) -> None:
        self.dies = dies

    def start(self, *command: str) -> None:
        pass

    def dead(self) -> str | None:
        return next(iter(self.dies), None)

    def last_words(self, name: str) -> str:
        return "OSError: no more room"

    def listens(self, name: str, port: int) -> bool:
        return True


@pytest.fixture
def slow(monkeypatch):
    """A demo on a machine on which every look takes a minute of its clock."""
    one, asked = demo.Demo(StringIO(), 8000, 8900, Path("none")), []
    one.out.isatty = lambda: False
    one.processes = Children()
    clock = SimpleNamespace(monotonic=lambda: 60.0 * len(asked), sleep=lambda seconds: None)
    monkeypatch.setattr(demo, "time", clock)
    monkeypatch.setattr(one.stopping, "wait", lambda seconds: False)
    monkeypatch.setattr(demo, "_answers", lambda address: asked.append(address) or len(asked) > 5)
    return one


def test_it_waits_as_long_as_its_processes_live_and_says_for_what(slow):
    assert slow._start()
    assert "waiting for the sandbox process, 60 s so far" in slow.out.getvalue()
    assert "300 s so far" in slow.out.getvalue()


def test_it_ends_with_the_last_words_of_a_process_that_has_ended(slow):
    slow.processes = Children("worker")
    with pytest.raises(
        demo.CommandError, match="The worker process ended.*worker.log:\nOSError: no more room"
    ):
        slow._start()


def test_nobody_in_the_demo_s_inbox_waits_who_was_answered(settings):
    settings.ALLOW_LOOPBACK_PROVIDERS = True
    seed.seed(SANDBOX)
    ours = Message.objects.filter(lead=OuterRef("pk"), source=OWN, sent_at__gt=OuterRef("last_inbound_at"))
    answered = Lead.objects.filter(Exists(ours))
    assert answered.count() > 10
    assert [str(lead) for lead in answered.filter(needs_reply=True)] == []
    assert Lead.objects.filter(needs_reply=True).exists()
