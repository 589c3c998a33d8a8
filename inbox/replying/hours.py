"""Computes business hours: Monday to Friday, from opening to closing time in the workspace's time zone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from inbox.models import Workspace

WEEKEND = 5


def zone(workspace: Workspace) -> ZoneInfo:
    return ZoneInfo(workspace.timezone)


def is_open(workspace: Workspace, at: datetime) -> bool:
    local = at.astimezone(zone(workspace))
    return local.weekday() < WEEKEND and workspace.opens_at <= local.time() < workspace.closes_at


def next_open(workspace: Workspace, at: datetime) -> datetime:
    """Returns `at` (aware) if it is within business hours, else the next time at which the workspace opens."""
    if is_open(workspace, at):
        return at
    local = at.astimezone(zone(workspace))
    for days in range(8):
        day = (local + timedelta(days=days)).date()
        opening = datetime.combine(day, workspace.opens_at, tzinfo=zone(workspace))
        if day.weekday() < WEEKEND and opening > at:
            return opening
    return at
