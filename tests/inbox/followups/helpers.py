"""What the tests of follow-ups share: leads that can be written to, and a minute of the clockwork."""

from datetime import timedelta

from django.utils import timezone

from inbox.followups import plan
from inbox.models import FollowUpInstance, FollowUpTask, Lead
from jobs.ticks import run_tick
from jobs.worker import drain
from tests import factories


def quiet_lead(workspace, **fields) -> Lead:
    """A lead who wrote once, a week ago."""
    lead = factories.make_lead(workspace, **fields)
    message = factories.make_message(lead, sent_at=timezone.now() - timedelta(days=7), tag="Neutral")
    lead.last_inbound_at = message.sent_at
    lead.save()
    return lead


def enrolled(workspace, *steps: dict, lead: Lead | None = None, **sequence) -> FollowUpInstance:
    """A lead in a sequence whose first step is due."""
    lead = lead or quiet_lead(workspace)
    instance = plan.enrol(lead, factories.make_sequence(workspace, *(steps or ({},)), **sequence))
    assert instance is not None
    return instance


def minute() -> dict[str, int]:
    """One tick and all its jobs, and another tick that brings the sends home."""
    counts = run_tick("followups", requested=True)
    drain()
    settled = run_tick("followups", requested=True)
    drain()
    return {name: counts.get(name, 0) + settled.get(name, 0) for name in counts | settled}


def statuses(instance: FollowUpInstance) -> list[tuple[str, str]]:
    """(status, reason) of the tasks in order."""
    return list(
        FollowUpTask.objects.filter(instance=instance)
        .order_by("step__position")
        .values_list("status", "reason")
    )
