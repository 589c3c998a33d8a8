"""Turns Instantly's lists into the events that its webhooks would have delivered."""

from collections.abc import Iterator
from datetime import datetime

from integrations.addresses import mailbox
from integrations.events import BACKFILL, CampaignRef, MessageEvent, Person, Unusable
from integrations.instantly.client import InstantlyClient
from integrations.instantly.payloads import RETRY_SPAN_S, content_key
from integrations.models import Integration
from integrations.payload import short_key
from jobs.deadline import Deadline


def since(account: Integration, moment: datetime, deadline: Deadline) -> Iterator[MessageEvent | Unusable]:
    """Yields the replies, roughly newest first."""
    for email in InstantlyClient.for_integration(account).received_since(moment, deadline):
        wrote, lead = mailbox(email.from_email), mailbox(email.lead or email.from_email)
        if email.ue_type and not email.received:
            continue
        if email.at is None or not lead.address or not email.received:
            yield Unusable("replies", email.at, "instantly_reply", short_key(email.id))
            continue
        yield MessageEvent(
            event_type=BACKFILL,
            source="instantly_reply",
            external_id=short_key(email.id),
            # A webhook may have reported this reply without an id. The content key identifies that reply,
            # which then gets the id.
            content_key=content_key(lead.address, email.subject, email.body.text or email.body.html),
            window_s=RETRY_SPAN_S,
            direction="inbound",
            channel="email",
            person=Person(email=lead.address),
            campaign=CampaignRef(email.campaign_id) if email.campaign_id else None,
            occurred_at=email.at,
            subject=email.subject,
            text=email.body.text,
            html=email.body.html,
            from_address=wrote.address or lead.address,
            from_name=wrote.name or lead.name,
            account_address=mailbox(email.eaccount).address,
            automated_reply=True if email.is_auto_reply else None,
            listed=True,
        )
