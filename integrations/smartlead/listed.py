"""Turns SmartLead's lists into the events that its webhooks would have delivered."""

from collections.abc import Iterator
from datetime import datetime

from integrations.addresses import mailbox
from integrations.events import BACKFILL, CampaignRef, MessageEvent, Person, Unusable
from integrations.models import Integration
from integrations.payload import short_key
from integrations.smartlead.client import HistoryItem, SmartLeadClient, Thread
from integrations.smartlead.payloads import RETRY_SPAN_S
from jobs.deadline import Deadline


def since(account: Integration, moment: datetime, deadline: Deadline) -> Iterator[MessageEvent | Unusable]:
    """Yields the replies in threads that have a reply since `moment`. A thread without a reply in its history is
    unusable.
    """
    for thread in SmartLeadClient.for_integration(account).threads_since(moment, deadline):
        replies = [entry for entry in thread.items or [] if entry.kind.upper() == "REPLY"]
        if not replies:
            yield Unusable("replies", thread.last_reply_at, "smartlead_reply", "")
        for entry in replies:
            if entry.at and entry.at < moment:
                continue
            if entry.at and entry.message_id:
                yield _reply(thread, entry, entry.at)
            else:
                known_by = short_key(entry.message_id.strip())
                yield Unusable("replies", entry.at, "smartlead_reply", known_by)


def _reply(thread: Thread, entry: HistoryItem, at: datetime) -> MessageEvent:
    sender = mailbox(entry.from_email or thread.lead_email)
    return MessageEvent(
        event_type=BACKFILL,
        source="smartlead_reply",
        external_id=short_key(entry.message_id.strip()),
        window_s=RETRY_SPAN_S,  # a webhook without the message's id may have reported the message
        direction="inbound",
        channel="email",
        person=Person(
            email=thread.lead_email or entry.from_email,
            first_name=thread.first_name,
            last_name=thread.last_name,
        ),
        campaign=CampaignRef(thread.campaign_id, thread.campaign_name) if thread.campaign_id else None,
        occurred_at=at,
        subject=entry.subject,
        html=entry.html,
        from_address=sender.address,
        from_name=sender.name,
        account_address=mailbox(entry.to_email).address,
        thread_id=entry.stats_id,
        listed=True,
    )
