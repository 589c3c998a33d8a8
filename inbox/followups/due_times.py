"""Computes when a step is due. Days follow the workspace's calendar: nine o'clock stays nine when the clocks change."""

from datetime import UTC, datetime, timedelta

from inbox.models import FollowUpStep, Workspace
from inbox.replying import hours


def due_after(step: FollowUpStep, moment: datetime, workspace: Workspace) -> datetime:
    """When (aware) `step` is due after the step that ended at `moment` (aware): days by the workspace's clock, minutes,
    then business hours if the sequence keeps to them.
    """
    zone = hours.zone(workspace)
    wall = moment.astimezone(zone).replace(tzinfo=None) + timedelta(days=step.offset_days)
    due = wall.replace(tzinfo=zone).astimezone(UTC) + timedelta(minutes=step.offset_minutes)
    return hours.next_open(workspace, due) if step.sequence.business_hours_only else due
