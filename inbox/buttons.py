"""Buttons of our Slack messages: the press is acknowledged at once, what it does runs in a job.

A room that puts a button into a message names it with `offered`; what it does is registered in inbox/wiring.py.
"""

import uuid
from collections.abc import Callable
from typing import Any

from inbox.intake import Outcome, Received, Verdict
from inbox.models import Draft
from integrations.events import ButtonEvent
from jobs.context import JobContext
from jobs.enqueue import enqueue
from jobs.errors import PermanentError
from jobs.registry import kind_name

JOB = kind_name("slack.button", __name__)
Action = Callable[[JobContext], Any]
ACTIONS: dict[str, Action] = {}


OFFERED: dict[str, str] = {}
"""The buttons that our messages have, each with the module that puts it there."""


def offered(action_id: str, module: str) -> str:
    """Declare that `module` puts the button `action_id` into messages; returns the id. A system check refuses to start
    where nothing is registered for it."""
    OFFERED[action_id] = module
    return action_id


def register(action_id: str, action: Action) -> None:
    """Have a press of the button do `action(ctx)`. `ctx.payload` has action, draft_id, value, user_id, user_name,
    channel_id and message_ts; that the draft is the workspace's own has been checked."""
    ACTIONS[action_id] = action


def press(received: Received, event: ButtonEvent) -> Outcome:
    """Enqueue what the button does. A draft of another workspace than the button names is nobody's."""
    if event.action not in ACTIONS:
        return Outcome(Verdict.IGNORED, event.event_type, "no such button")
    draft = _draft(received, event)
    if draft is None:
        return Outcome(Verdict.IGNORED, event.event_type, "the button's draft is not in this workspace")
    # One app serves all workspaces: whoever holds a bot's token can write any ids into a button, and Slack signs it.
    if draft.slack_ts and (draft.slack_channel, draft.slack_ts) != (event.channel_id, event.message_ts):
        return Outcome(Verdict.IGNORED, event.event_type, "the button is not on the draft's own card")
    job, _ = enqueue(
        JOB,
        workspace_id=received.workspace.pk,
        dedupe_key=f"{JOB}:{event.event_key}",
        payload={
            "action": event.action,
            "draft_id": str(draft.pk),
            "value": event.value,
            "user_id": event.user_id,
            "user_name": event.user_name[:80],
            "channel_id": event.channel_id,
            "message_ts": event.message_ts,
        },
    )
    return Outcome(Verdict.ACCEPTED, event.event_type, lead=draft.lead, job_id=job.pk)


def run(ctx: JobContext) -> Any:
    """Do what the pressed button stands for. Raises PermanentError for one that is gone since."""
    action = ACTIONS.get(ctx.payload["action"])
    if action is None:
        raise PermanentError("This button does nothing any more.")
    return action(ctx)


def _draft(received: Received, event: ButtonEvent) -> Draft | None:
    value = event.value.get("draftId")
    try:
        key = uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        key = None
    return Draft.objects.select_related("lead").filter(pk=key, workspace=received.workspace).first()
