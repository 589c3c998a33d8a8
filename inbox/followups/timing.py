"""When a step is due: days by the workspace's calendar, so that nine o'clock stays nine across a clock change."""

from datetime import UTC, datetime, timedelta

from inbox.models import FollowUpStep, Workspace
from inbox.replying import hours


def due_after(step: FollowUpStep, moment: datetime, workspace: Workspace) -> datetime:
    """`moment` (aware) plus the step's offset: whole days on the wall clock, then minutes as they pass."""
    zone = hours.zone(workspace)
    wall = moment.astimezone(zone).replace(tzinfo=None) + timedelta(days=step.offset_days)
    due = wall.replace(tzinfo=zone).astimezone(UTC) + timedelta(minutes=step.offset_minutes)
    return hours.next_open(workspace, due) if step.sequence.business_hours_only else due
