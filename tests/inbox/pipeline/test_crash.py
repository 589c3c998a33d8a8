"""A worker is killed at each step of a reply's job, before and after it is recorded: the end is always the same."""

import pytest

from inbox.models import Draft, GateResult, Lead, Message, OutboundSend, TagDecision
from inbox.pipeline.table import STEPS
from jobs.context import JobContext
from jobs.models import BackgroundJob, JobStep
from tests import factories
from tests.crash import die, run_and_die
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

TEXT = "Interested, send times for a meeting. My number is +1 212 555 0123."
POINTS = [(place, number) for number in range(len(STEPS)) for place in ("before", "after")]


_undisturbed: dict[str, object] = {}


def arm(place: str, number: int) -> None:
    """Die when step `number` has done its work: before it is recorded, or right after."""
    count = 0
    write = JobContext._write

    def counted(self, *args, **kwargs):
        nonlocal count
        if self.job.kind != "inbound.process":
            return write(self, *args, **kwargs)
        if place == "before" and count == number:
            die()
        write(self, *args, **kwargs)
        if place == "after" and count == number:
            die()
        count += 1

    JobContext._write = counted


def make(sandbox) -> tuple[World, Message]:
    world = World.make(sandbox, assign_in_turn=True)
    member = factories.make_member(world.workspace)
    world.workspace.memberships.filter(user=member).update(takes_leads=True)
    factories.make_policy(world.workspace, mode="shadow", business_hours_only=False)
    return world, world.reply(TEXT, email=f"dana-{world.workspace.pk}@example.org")


def end_state(world: World, message: Message) -> dict[str, object]:
    """Everything the job leaves behind, without ids and times."""
    mine = {"workspace": world.workspace}
    lead = Lead.objects.get(**mine)
    message.refresh_from_db()
    return {
        "lead": (
            lead.tag,
            lead.tag_decided_by,
            lead.awaiting_model,
            lead.phone,
            lead.score,
            lead.needs_reply,
        ),
        "assigned": lead.assigned_to_id is not None,
        "message": (message.tag, message.tag_decided_by, message.processed_at is not None),
        "messages": sorted(Message.objects.filter(**mine).values_list("source", "direction")),
        "decisions": sorted(TagDecision.objects.filter(**mine).values_list("tag", "kind", "by")),
        "drafts": list(Draft.objects.filter(**mine).values_list("text", "status", "revision", "would_send")),
        "gates": list(GateResult.objects.filter(**mine).values_list("stage", "gate", "passed")),
        "sends": OutboundSend.objects.filter(**mine).count(),
        "jobs": sorted(BackgroundJob.objects.filter(**mine).values_list("kind", "status")),
        "steps": sorted(
            JobStep.objects.filter(job__workspace=world.workspace).values_list("name", "status", "reason")
        ),
        "stopped": len(
            [
                r
                for r in world.sandbox.requests(provider="emailbison", account=world.key)
                if "stop-future" in r["path"]
            ]
        ),
    }


@pytest.fixture
def undisturbed(sandbox) -> dict[str, object]:
    """The end state without a kill, worked out once: it holds no ids."""
    if not _undisturbed:
        world, message = make(sandbox)
        world.work()
        _undisturbed.update(end_state(world, message))
    return dict(_undisturbed)


def test_the_undisturbed_job_does_what_the_other_tests_compare_with(undisturbed):
    assert undisturbed["lead"][0] == "Meeting Requested"
    assert undisturbed["assigned"] and undisturbed["message"][2]
    assert len(undisturbed["drafts"]) == 1 and undisturbed["stopped"] == 1
    assert {status for _, status in undisturbed["jobs"]} == {"succeeded"}
    ran = [name for name, status, _ in undisturbed["steps"] if status == "done"]
    assert {"rules", "sentiment", "assign", "enrich-text", "draft", "gates", "score", "finish"} - set(
        ran
    ) == {"rules"}


@pytest.mark.parametrize(("place", "number"), POINTS)
def test_a_kill_changes_nothing_in_the_end_state(sandbox, undisturbed, place, number):
    world, message = make(sandbox)

    assert run_and_die(lambda: arm(place, number))
    world.work()

    found = end_state(world, message)
    # What was done and not recorded may find itself done: that is a reason to skip it.
    ours = found.pop("steps")
    expected = {name: value for name, value in undisturbed.items() if name != "steps"}
    assert found == expected
    name = STEPS[number].name
    assert [row for row in ours if row[0] != name] == [row for row in undisturbed["steps"] if row[0] != name]
