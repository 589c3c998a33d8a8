"""What was texted with the lead before: a webhook brings the last text only, and "yes" means nothing without it."""

from inbox.pipeline import imports
from inbox.pipeline.situation import NotNow, Situation
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.events import MessageEvent, Person
from integrations.ghl.client import GhlClient
from integrations.ghl.client import Message as GhlMessage
from integrations.ghl.payloads import RETRY_SPAN_S, content_key
from integrations.models import Integration, Provider
from jobs.db import drop_connection
from jobs.deadline import Deadline

TEXTS = 30
OUTBOUND = "outbound"


def import_texts(situation: Situation, deadline: Deadline) -> dict[str, int]:
    """Store what went out to the contact before this text; what came in was told by webhooks."""
    integration, contact_id = situation.integration(Provider.GHL), situation.lead.ghl_contact_id
    drop_connection()
    try:
        client = GhlClient.for_integration(integration)
        texts = [
            text
            for conversation in client.conversations(contact_id, deadline)[:1]
            for text in client.messages(conversation.id, deadline, limit=TEXTS)
        ]
    except (ProviderError, ProviderMisconfigured) as error:
        raise NotNow(f"{error}: read without it.") from error
    earlier = [
        text
        for text in reversed(texts)
        if text.is_sms and text.direction == OUTBOUND and text.at and text.at < situation.message.received_at
    ]
    events = [_event(integration, contact_id, text) for text in earlier]
    return {"listed": len(texts), "stored": imports.store(integration, events)}


def _event(integration: Integration, contact_id: str, text: GhlMessage) -> MessageEvent:
    return MessageEvent(
        event_type="import",
        external_id=text.id,
        source="ghl_message",
        direction=OUTBOUND,
        channel="sms",
        person=Person(ghl_contact_id=contact_id),
        occurred_at=text.at,
        text=text.body,
        thread_id=text.conversation_id,
        content_key=content_key(OUTBOUND, integration.external_account_id, contact_id, text.body),
        window_s=RETRY_SPAN_S,
        listed=True,
    )
