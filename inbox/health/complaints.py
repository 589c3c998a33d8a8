"""Counts spam complaints by mailbox. Providers lock mailboxes whose mail many people report as spam."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max
from django.utils import timezone

from inbox.models import Message, Workspace
from inbox.models.message import COMPLAINTS

DAYS = 30


@dataclass(frozen=True, slots=True)
class Complaints:
    """How many people reported mail from a mailbox as spam, and when last. `address` is "" if the reports do not name
    it.
    """

    address: str
    count: int
    last: datetime


def by_mailbox(workspace: Workspace) -> list[Complaints]:
    """The spam complaints of the last 30 days by mailbox, the most first."""
    since = timezone.now() - timedelta(days=DAYS)
    messages = Message.objects.filter(COMPLAINTS, workspace=workspace, received_at__gt=since).order_by()
    counted = messages.values("account_address").annotate(count=Count("pk"), last=Max("received_at"))
    rows = [Complaints(row["account_address"], row["count"], row["last"]) for row in counted]
    return sorted(rows, key=lambda row: (-row.count, row.address))
