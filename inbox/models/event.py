"""The outbox of events for programs. Database triggers add the rows, for every writer, in the transaction of the change
(inbox/sql/add_events.sql).
"""

from typing import Any
from uuid import UUID

from django.db import models

from jobs.columns import Row, index
from jobs.db import fetch


class EventType(models.TextChoices):
    """The types of events that programs receive. ENDPOINT_TEST goes only to the endpoint that is tested."""

    MESSAGE_RECEIVED = "message.received", "A message from a lead arrived"
    MESSAGE_SENT = "message.sent", "A message to a lead went out"
    LEAD_CREATED = "lead.created", "A lead was added"
    LEAD_TAGGED = "lead.tagged", "A lead’s tag changed"
    LEAD_LABELLED = "lead.labelled", "A lead’s labels changed"
    LEAD_ASSIGNED = "lead.assigned", "A lead’s assignee changed"
    LEAD_OPTED_OUT = "lead.opted_out", "A lead opted out"
    LEAD_BOUNCED = "lead.bounced", "A lead’s address bounced"
    LEAD_WAITING = "lead.waiting", "A lead is waiting for an answer"
    DRAFT_CREATED = "draft.created", "A draft was written"
    DRAFT_APPROVED = "draft.approved", "A draft was approved"
    DRAFT_DISCARDED = "draft.discarded", "A draft was discarded"
    SEND_SENT = "send.sent", "A send went out"
    SEND_FAILED = "send.failed", "A send failed"
    SEND_UNKNOWN = "send.unknown", "A send’s outcome is unknown"
    SEND_SETTLED = "send.settled", "An unknown send was resolved"
    MEETING_BOOKED = "meeting.booked", "A meeting was booked"
    MEETING_MOVED = "meeting.moved", "A meeting was moved"
    MEETING_CANCELLED = "meeting.cancelled", "A meeting was cancelled"
    FOLLOWUP_FINISHED = "followup.finished", "A follow-up ended"
    ACCOUNT_DISCONNECTED = "account.disconnected", "An account was disconnected"
    ACCOUNT_RECOVERED = "account.recovered", "A disconnected account works again"
    ENDPOINT_DISABLED = "endpoint.disabled", "An endpoint was turned off"
    ENDPOINT_TEST = "endpoint.test", "A test"


ERASED_DATA = {"erased": True}
"""The content of `Event.data` in the events about an erased person."""
EVERY = "*"
"""The entry in an endpoint's list of types that stands for all types."""
SUBSCRIBABLE = [kind.value for kind in EventType if kind is not EventType.ENDPOINT_TEST]


NEWEST_HERE = """
SELECT id FROM inbox_event WHERE workspace_id = %s AND xid = pg_current_xact_id()::text::bigint ORDER BY id DESC LIMIT 1
"""
"""Selects the id of the newest event that this transaction has added to a workspace."""


class Event(Row):
    """Something that happened in a workspace, without people's text: `data` holds ids and states.

    `xid` is the number of the transaction that added the event, or a higher one of an earlier event of its lead. A
    reader misses no event if it orders by `xid` and `id` and stops before the oldest open transaction
    (`pg_snapshot_xmin`): all transactions with lower numbers have ended.
    """

    workspace = models.ForeignKey(
        "inbox.Workspace", on_delete=models.CASCADE, related_name="events", db_index=False
    )  # an index below begins with this column
    type = models.CharField(max_length=24)
    lead_id = models.UUIDField(null=True, blank=True)
    xid = models.BigIntegerField()
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [index("event_in_order", "workspace", "xid", "id")]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"


def add_test_event(endpoint: Any) -> UUID:
    """Adds an event for one endpoint (WebhookEndpoint) alone, in the caller's transaction, and returns its id."""
    fetch(
        "SELECT inbox_add_event(%s, %s, NULL, %s, jsonb_build_object('endpointId', %s::uuid))",
        [endpoint.workspace_id, EventType.ENDPOINT_TEST, endpoint.pk, endpoint.pk],
    )
    event_id: UUID = fetch(NEWEST_HERE, [endpoint.workspace_id])[0][0]
    return event_id
