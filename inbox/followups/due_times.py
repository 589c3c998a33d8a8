"""Computes when a step is due. Nine o'clock stays nine when daylight saving time begins or ends."""

from datetime import UTC, datetime, timedelta

from inbox.models import FollowUpStep, Workspace
from inbox.replying import hours


def due_after(step: FollowUpStep, moment: datetime, workspace: Workspace) -> datetime:
    """When (aware) `step` is due after the step that ended at `moment` (aware): adds days in the workspace's time zone,
    then minutes, then waits for business hours if the sequence requires them.
    """
    zone = hours.zone(workspace)
    wall = moment.astimezone(zone).replace(tzinfo=None) + timedelta(days=step.offset_days)
    due = wall.replace(tzinfo=zone).astimezone(UTC) + timedelta(minutes=step.offset_minutes)
    return hours.next_open(workspace, due) if step.sequence.business_hours_only else due
