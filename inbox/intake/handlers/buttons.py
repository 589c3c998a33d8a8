"""Receives presses of buttons in our Slack messages, and enqueues their work (inbox.replying.buttons)."""

import uuid

from inbox.intake.receipt import DeliveryVerdict, IntakeResult, Received
from inbox.models import Draft
from inbox.replying.buttons import ACTIONS, JOB
from integrations.events import ButtonEvent
from jobs.enqueue import enqueue


def press(received: Received, event: ButtonEvent) -> IntakeResult:
    """Enqueues the work of a button that a person pressed in one of our Slack messages. The press is ignored if no such
    button exists, if its draft is not in this workspace, or if it was pressed elsewhere than on the draft's own card.
    """
    if event.action not in ACTIONS:
        return IntakeResult(DeliveryVerdict.IGNORED, event.event_type, "no such button")
    draft = _draft(received, event)
    if draft is None:
        return IntakeResult(
            DeliveryVerdict.IGNORED, event.event_type, "the button's draft is not in this workspace"
        )
    # One Slack app serves all workspaces. A person who holds a bot's token can write any ids into a button,
    # and Slack signs the press. So the press must come from the draft's own card.
    if draft.slack_ts and (draft.slack_channel, draft.slack_ts) != (event.channel_id, event.message_ts):
        return IntakeResult(
            DeliveryVerdict.IGNORED, event.event_type, "the button is not on the draft's own card"
        )
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
    return IntakeResult(DeliveryVerdict.ACCEPTED, event.event_type, lead=draft.lead, job_id=job.pk)


def _draft(received: Received, event: ButtonEvent) -> Draft | None:
    try:
        key = uuid.UUID(str(event.value.get("draftId")))
    except ValueError:
        return None
    return Draft.objects.select_related("lead").filter(pk=key, workspace=received.workspace).first()
