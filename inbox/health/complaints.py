"""Counts spam complaints by mailbox. Providers lock mailboxes whose mail many people report as spam."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Max, QuerySet
from django.utils import timezone

from inbox.models import Message, Workspace
from inbox.models.message import COMPLAINTS

DAYS = 30


def by_mailbox(workspace: Workspace) -> QuerySet[Message, Any]:
    """The complaints of the last 30 days, most first: `address` ("" if a report names none), `count` and `last`."""
    since = timezone.now() - timedelta(days=DAYS)
    messages = Message.objects.filter(COMPLAINTS, workspace=workspace, received_at__gt=since).order_by()
    counted = messages.values(address=F("account_address")).annotate(
        count=Count("pk"), last=Max("received_at")
    )
    return counted.order_by("-count", "address")
