"""Receives button presses from our Slack messages, and enqueues their work (inbox.replying.buttons)."""

import uuid
from typing import Any

from inbox.intake.receipt import DeliveryVerdict, IntakeResult, Received
from inbox.models import Draft, Lead
from inbox.replying.buttons import ACTIONS, JOB, ON_NOTICES
from integrations.events import ButtonEvent
from integrations.models import Notice
from jobs.enqueue import enqueue


def press(received: Received, event: ButtonEvent) -> IntakeResult:
    """Enqueues the work of a button that a person pressed in Slack. The press is ignored if the button does not exist,
    if its object is not in this workspace, or if the button is not on our own message.
    """
    if event.action not in ACTIONS:
        return IntakeResult(DeliveryVerdict.IGNORED, "no such button")
    if event.action in ON_NOTICES:
        return _press_on_notice(received, event)
    draft = _draft(received, event)
    if draft is None:
        return IntakeResult(DeliveryVerdict.IGNORED, "the button’s draft isn’t in this workspace")
    # One Slack app serves all workspaces. The holder of a bot's token can write any ids into a button, and Slack signs
    # the press. So a press of a button must come from the draft's own card.
    if draft.slack_ts and (draft.slack_channel, draft.slack_ts) != (event.channel_id, event.message_ts):
        return IntakeResult(DeliveryVerdict.IGNORED, "the button isn’t on this draft’s card")
    return _accepted(received, event, {"draft_id": str(draft.pk)}, draft.lead)


def _press_on_notice(received: Received, event: ButtonEvent) -> IntakeResult:
    health_id = event.value.get("healthId")
    notices = Notice.objects.filter(
        workspace=received.workspace,
        health_id=health_id if type(health_id) is int and 0 < health_id < 2**63 else None,
        health__isnull=False,
        path=Notice.Path.SLACK,
    )
    stands = {"destination": event.channel_id, "provider_message_id": event.message_ts}
    if not event.message_ts or not notices.filter(**stands).exists():
        return IntakeResult(
            DeliveryVerdict.IGNORED, "the button isn’t on one of our messages about this workspace’s accounts"
        )
    return _accepted(received, event, {"health_id": health_id})


def _accepted(
    received: Received, event: ButtonEvent, about: dict[str, Any], lead: Lead | None = None
) -> IntakeResult:
    job, _ = enqueue(
        JOB,
        workspace_id=received.workspace.pk,
        dedupe_key=f"{JOB}:{event.event_key}",
        payload=about
        | {
            "action": event.action,
            "value": event.value,
            "user_id": event.user_id,
            "user_name": event.user_name[:80],
            "channel_id": event.channel_id,
            "message_ts": event.message_ts,
        },
    )
    return IntakeResult(DeliveryVerdict.ACCEPTED, lead=lead, job_id=job.pk)


def _draft(received: Received, event: ButtonEvent) -> Draft | None:
    try:
        key = uuid.UUID(str(event.value.get("draftId")))
    except ValueError:
        return None
    return Draft.objects.select_related("lead").filter(pk=key, workspace=received.workspace).first()
