"""Closes drafts when two leads are merged: only the newest reply of both conversations is still answered."""

from typing import Any

from inbox.intake.messages import again
from inbox.leads import rollup, stops, suspicion
from inbox.models import Draft, Lead, Message
from inbox.models.lead import Tag

MACHINES = (Tag.AUTOMATED_REPLY, Tag.OUT_OF_OFFICE)


def on_merged(sender: Any, lead: Lead, gone: str, **kwargs: Any) -> None:
    """Closes the drafts for all replies but the newest. Closes all drafts if the newest reply is answered, or if the
    lead is stopped. Enqueues the newest reply again if it waits without a draft. An automatic message closes nothing.
    """
    waiting = Draft.objects.filter(workspace_id=lead.workspace_id, lead=lead)
    reply = _newest(lead)
    if lead.is_stopped:
        stops.close_drafts(waiting, "Outreach to this lead has stopped.")
    elif reply is None:
        return
    elif lead.answered_at is not None and lead.answered_at >= reply.sent_at:
        stops.close_drafts(waiting, "The lead was merged with one that has already been answered.")
    else:
        older = waiting.filter(trigger_message__sent_at__lt=reply.sent_at)
        stops.close_drafts(older, "The lead was merged with one that wrote later.")
        if lead.needs_reply and reply.processed_at and not waiting.filter(trigger_message=reply).exists():
            again(reply, gone)  # an unprocessed reply has its own job


def _newest(lead: Lead) -> Message | None:
    wrote = Message.objects.inbound(workspace_id=lead.workspace_id, lead=lead)
    people = wrote.exclude(source__in=rollup.bounces()).exclude(tag__in=MACHINES)
    people = people.exclude(suspected__in=suspicion.MACHINES, suspicion_decided_by="")
    return people.order_by("-sent_at", "-stamp", "-external_id").first()
