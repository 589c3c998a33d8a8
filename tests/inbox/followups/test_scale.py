"""Many due follow-ups over many workspaces, one with a dead LinkedIn account and one whose GHL answers 429."""

from collections import Counter

import pytest
from django.db.models import Count
from django.utils import timezone

from inbox.models import FollowUpInstance, FollowUpTask, Lead, Message, OutboundSend
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind
from jobs.models import Tick
from jobs.ticks import TICKS, run_tick
from jobs.worker import drain
from tests import factories, forms
from tests.waiting import SLACK_S
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

BUDGET_MS = 20_000


def fill(world: World, many: int, channel: str) -> None:
    """`many` leads whose step is due."""
    workspace, now = world.workspace, timezone.now()
    sequence = factories.make_sequence(workspace, {"channel": channel})
    leads = Lead.objects.bulk_create(
        Lead(
            workspace=workspace,
            email=f"lead{number}@{workspace.pk}.example.org",
            first_name="Dana",
            phone=f"+1212555{number:04d}" if channel == "sms" else "",
            ghl_contact_id=f"contact{number:012d}" if channel == "sms" else "",
            linkedin_url=f"https://www.linkedin.com/in/dana-{number}" if channel == "linkedin" else "",
        )
        for number in range(many)
    )
    Message.objects.bulk_create(
        Message(
            workspace=workspace, lead=lead, source="emailbison_reply", external_id=str(500_000 + number),
            direction="inbound", channel="email", text="Hi", from_address=lead.email, account_id="311",
            account_address="alex@outreach.example.com", sent_at=factories.ago(days=7),
        )
        for number, lead in enumerate(leads)
    )  # fmt: skip
    step = sequence.steps.get()
    FollowUpInstance.objects.bulk_create(
        FollowUpInstance(
            workspace=workspace, lead=lead, sequence=sequence, next_step=step, due_at=now, quiet_since=now
        )
        for number, lead in enumerate(leads)
    )


def make_worlds(sandbox, many: int, each: int) -> list[World]:
    worlds = [World.make(sandbox, f"W{number}") for number in range(many)]
    for world in worlds[2:]:
        fill(world, each, "email")
    dead, slow = worlds[:2]
    account = dead.connect("unipile", "acc-dead", api_key="key-unipile")
    sandbox.set_account("unipile", "acc-dead", status="disconnected")  # a probe finds it dead, too
    fill(dead, each, "linkedin")
    writer.record(account, Signal(SignalKind.REFUSED, "disconnected_account"))
    slow.connect("ghl", "loc-slow", api_key="key-slow")
    fill(slow, each, "sms")
    sandbox.fault(provider="ghl", kind="rate_limit", retry_after=60, path="messages$")
    return worlds


def work(ticks: int, budget_s: float) -> list[dict[str, int]]:
    counts = []
    for _ in range(ticks):
        counts.append(run_tick("followups", requested=True))
        drain(budget_s)
    return counts


def check(sandbox, worlds: list[World], each: int) -> None:
    texts = Counter(send["to"] for send in sandbox.sends(provider="emailbison"))
    assert len(texts) == (len(worlds) - 2) * each and set(texts.values()) == {1}
    assert not OutboundSend.objects.values("lead").annotate(many=Count("pk")).filter(many__gt=1)
    dead, slow = worlds[:2]
    paused = FollowUpInstance.objects.filter(workspace=dead.workspace)
    assert set(paused.values_list("status", "paused_for")) == {("paused", "unipile_disconnected")}
    assert sandbox.sends(provider="ghl") == [] and sandbox.sends(provider="unipile") == []
    held = FollowUpTask.objects.filter(workspace=slow.workspace)
    assert held.count() == each and set(held.values_list("status", flat=True)) == {"sending"}
    unexplained = FollowUpTask.objects.filter(status__in=["skipped", "failed", "waiting"], reason="")
    assert not unexplained.exists()


@pytest.mark.shortened
def test_due_follow_ups_of_many_workspaces_are_worked_and_explained(sandbox):
    many, each = forms.either((6, 6), (12, 10))
    worlds = make_worlds(sandbox, many, each)
    counts = work(3, 60)
    claimed = {name for name in counts[0] if name.startswith("claimed:")}
    assert len(claimed) == many - 1  # all but the one whose account is down
    check(sandbox, worlds, each)


def test_workspaces_take_turns(sandbox, monkeypatch):
    big, small = World.make(sandbox, "Big"), World.make(sandbox, "Small")
    fill(big, 60, "email")
    fill(small, 5, "email")
    monkeypatch.setattr("inbox.followups.tick.BATCH", 10)
    monkeypatch.setattr("inbox.followups.tick.PER_TICK", 10)
    counts = run_tick("followups", requested=True)
    assert counts[f"claimed:{small.workspace.pk}"] == 5 and counts[f"claimed:{big.workspace.pk}"] == 5
    assert counts["left"] == 55


@pytest.mark.slow
@pytest.mark.shortened
@pytest.mark.timeout(3_000)
def test_ten_thousand_over_fifty_workspaces_in_ticks_that_end_on_time(sandbox):
    """A tenth of them in `make test`."""
    many, each = forms.either((15, 70), (50, 200))
    due = (many - 1) * each
    make_worlds(sandbox, many, each)
    spans = []
    while FollowUpTask.objects.filter(status="claimed").count() < due:
        run_tick("followups", requested=True)
        spans.append(Tick.objects.get(name="followups").duration_ms)
    assert TICKS["followups"].budget_ms == BUDGET_MS
    assert max(spans) < BUDGET_MS + 1_000 * SLACK_S, spans
    assert FollowUpTask.objects.filter(status="claimed").count() == due
    assert FollowUpTask.objects.values("instance").distinct().count() == due
