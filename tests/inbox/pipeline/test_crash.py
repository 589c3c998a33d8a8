"""A worker is killed at each step of a reply's job, before and after it is recorded: the end is always the same."""

from collections.abc import Callable

import pytest

from inbox.intake import tag_decisions
from inbox.models import Draft, Enrichment, GateResult, Lead, Message, OutboundSend, TagDecision
from inbox.pipeline.table import STEPS
from integrations.models import Notice
from jobs.context import JobContext
from jobs.models import BackgroundJob, JobStep
from tests import factories, forms
from tests.crash import die, run_and_die
from tests.world import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.faults,
    pytest.mark.crash,
    pytest.mark.shortened,
]

TOKEN = "xoxb-test"
SIGNED = "Interested, send times for a meeting. My number is +1 212 555 0123.\n\n-- \nDana Reyes\nReyes Roofing, Owner"


def _rich(world: World) -> Message:
    """Every account is connected, and the reply wants something: most steps have work to do."""
    world.connect("ghl", account=f"Loc-{world.workspace.pk}", api_key="key-ghl")
    slack = world.connect("slack", bot_token=TOKEN)
    slack.config |= {"base_url": f"{world.sandbox.url('slack')}/api", "channel": "C0SANDBOX01"}
    slack.config["review_channel"] = "C0SANDBOX02"
    slack.save()
    clay = world.connect("clay", api_key="key-clay")
    clay.config = {"linkedin_table_url": f"{world.sandbox.url('clay')}/linkedin"}
    clay.save()
    return world.reply(SIGNED, email=f"dana-{world.workspace.pk}@example.org")


def _untracked(world: World) -> Message:
    """EmailBison does not know who wrote; its people marked the reply."""
    address = f"erin-{world.workspace.pk}@example.org"
    return world.reply(
        "Sounds good.", event="UNTRACKED_REPLY_RECEIVED", email=address, from_email=address, interested=True
    )


def _text(world: World) -> Message:
    """Three words by SMS, which mean nothing without what they answer."""
    location = f"Loc-{world.workspace.pk}"
    account = world.connect("ghl", account=location, api_key="key-ghl")
    world.add_webhook("sms", "ghl/sms", account)
    contact = {"id": f"contact-{world.workspace.pk}", "first_name": "Dana", "phone": "+12125550123"}
    told = world.sandbox.emit("ghl", "key-ghl", "sms", deliver=False, contact=contact, text="Yes, how much?")
    told["body"]["location"] = {"id": location, "name": "Northwind"}
    return world.take(told["body"], "sms")


def _later(world: World) -> Message:
    """A day is named on which to ask again."""
    return world.reply(
        "Not now, please write again after March 15.", email=f"dana-{world.workspace.pk}@example.org"
    )


def _perhaps_away(world: World) -> Message:
    """It may be software's; a person has said that it is not."""
    text = "Interested, send times for a meeting. Our office is closed until Monday."
    message = world.reply(text, email=f"dana-{world.workspace.pk}@example.org")
    assert tag_decisions.decide(message, is_it=False, user=world.user)
    return message


SCENES = {
    "identity": _untracked,
    "rules": _untracked,
    "sms-history": _text,
    "snooze": _later,
    "stop-future-emails-after-all": _perhaps_away,
}
"""By step, the reply that it has work to do for; every other step has with `_rich`."""
POINTS = forms.spread(["before", "after"], [step.name for step in STEPS], one_in=2)
"""Each step, killed before it is recorded or right after: in `make test` by turns, in `make rehearse` both."""
_undisturbed: dict[Callable, dict[str, object]] = {}


def scene_of(name: str) -> Callable[[World], Message]:
    return SCENES.get(name, _rich)


def arm(place: str, name: str) -> None:
    """Die when the step has done its work: before it is recorded, or right after."""
    write = JobContext._write

    def watched(self, step, *args, **kwargs):
        here = self.job.kind == "inbound.process" and step == name
        if here and place == "before":
            die()
        write(self, step, *args, **kwargs)
        if here:
            die()

    JobContext._write = watched


def make(sandbox, scene: Callable[[World], Message]) -> tuple[World, Message]:
    world = World.make(sandbox, assign_in_turn=True, notice_tags=["Meeting Requested"])
    member = factories.make_member(world.workspace)
    world.workspace.memberships.filter(user=member).update(takes_leads=True)
    factories.make_policy(world.workspace, mode="shadow", business_hours_only=False)
    return world, scene(world)


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
            lead.snoozed_until,
            lead.emailbison_lead_id != "",
        ),
        "assigned": lead.assigned_to_id is not None,
        "message": (message.tag, message.tag_decided_by, message.processed_at is not None),
        "messages": sorted(Message.objects.filter(**mine).values_list("source", "direction")),
        "decisions": sorted(
            (tag, kind, "a person" if kind == "person" else by)
            for tag, kind, by in TagDecision.objects.filter(**mine).values_list("tag", "kind", "by")
        ),
        "drafts": sorted(
            Draft.objects.filter(**mine).values_list("text", "status", "revision", "would_send")
        ),
        "gates": sorted(GateResult.objects.filter(**mine).values_list("stage", "gate", "passed")),
        "asked": sorted(Enrichment.objects.filter(**mine).values_list("kind", "status")),
        "told": sorted(Notice.objects.filter(**mine).values_list("kind", "state")),
        "cards": len([draft for draft in Draft.objects.filter(**mine) if draft.slack_ts]),
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


def undisturbed(sandbox, scene: Callable[[World], Message]) -> dict[str, object]:
    """The end state without a kill, worked out once per scene: it holds no ids."""
    if scene not in _undisturbed:
        world, message = make(sandbox, scene)
        world.work()
        _undisturbed[scene] = end_state(world, message)
    return dict(_undisturbed[scene])


@pytest.mark.parametrize("step", [step.name for step in STEPS])
def test_every_step_has_work_to_do_in_its_scene(sandbox, step):
    found = undisturbed(sandbox, scene_of(step))

    assert {name: status for name, status, _ in found["steps"]}[step] == "done"
    assert {status for _, status in found["jobs"]} == {"succeeded"} and found["message"][2]


@pytest.mark.parametrize(("place", "step"), POINTS)
def test_a_kill_changes_nothing_in_the_end_state(sandbox, place, step):
    expected = undisturbed(sandbox, scene_of(step))
    world, message = make(sandbox, scene_of(step))

    assert run_and_die(lambda: arm(place, step))
    world.work()

    found = end_state(world, message)
    # What was done and not recorded may find itself done: that is a reason to skip it.
    ours, theirs = found.pop("steps"), expected.pop("steps")
    assert found == expected
    assert [row for row in ours if row[0] != step] == [row for row in theirs if row[0] != step]
