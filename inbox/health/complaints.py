"""Spam complaints per mailbox: somebody pressed "This is spam" on our mail. Providers lock mailboxes that get many."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Max
from django.utils import timezone

from inbox.models import Message, Workspace
from inbox.models.message import COMPLAINTS

DAYS = 30


class Complaints(NamedTuple):
    """`address`: the mailbox of ours that was complained of, "" where the report does not say."""

    address: str
    count: int
    last: datetime


def by_mailbox(workspace: Workspace) -> list[Complaints]:
    """What came in the last 30 days, the most first."""
    since = timezone.now() - timedelta(days=DAYS)
    found = Message.objects.filter(COMPLAINTS, workspace=workspace, received_at__gt=since).order_by()
    counted = found.values("account_address").annotate(count=Count("pk"), last=Max("received_at"))
    rows = [Complaints(row["account_address"], row["count"], row["last"]) for row in counted]
    return sorted(rows, key=lambda row: (-row.count, row.address))
