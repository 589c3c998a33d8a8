"""How long the inbox keeps what it need not keep: raw bodies of deliveries, and old ledger rows."""

from datetime import timedelta

from axes.models import AccessLog
from django.db.models import F, Q
from django.db.models.functions import Now

from inbox.models import WebhookDelivery
from integrations.models import AiCall
from jobs.deadline import Deadline
from jobs.retention import in_slices, prunes

KEEP_BODIES_DAYS = 30
KEEP_MODEL_CALLS_DAYS = 90
KEEP_LOG_INS_DAYS = 90
"""Longer than config.throttling.KNOWN_FOR: by these an account's own sources are told from others."""
KEEP_ROWS_DAYS = 400
"""A ledger row without a body is small. Rows that hold an event's key stay: without them a late repeat would count."""


@prunes("delivery bodies")
def empty_bodies(deadline: Deadline) -> int:
    """Drop raw bodies after 30 days, or sooner where the workspace asks; the row stays."""
    age = timedelta(days=1) * F("workspace__keep_bodies_days")
    old = Q(received_at__lt=Now() - timedelta(days=KEEP_BODIES_DAYS)) | Q(received_at__lt=Now() - age)
    return in_slices(
        WebhookDelivery.objects.filter(old, body__isnull=False),
        deadline,
        lambda pks: WebhookDelivery.objects.filter(pk__in=pks).update(body=None, headers={}),
    )


@prunes("deliveries")
def old_rows(deadline: Deadline) -> int:
    """Drop ledger rows after 400 days, but for those whose event key still recognises a repeat."""
    old = WebhookDelivery.objects.filter(
        received_at__lt=Now() - timedelta(days=KEEP_ROWS_DAYS), event_key=None
    )
    return in_slices(old, deadline)


@prunes("model calls")
def old_model_calls(deadline: Deadline) -> int:
    """Drop the record of model calls after 90 days: what they cost is in the packs and months by then."""
    old = AiCall.objects.filter(created_at__lt=Now() - timedelta(days=KEEP_MODEL_CALLS_DAYS))
    return in_slices(old, deadline)


@prunes("log-ins")
def old_log_ins(deadline: Deadline) -> int:
    """Drop the record of who logged in from which address after 90 days."""
    old = AccessLog.objects.filter(attempt_time__lt=Now() - timedelta(days=KEEP_LOG_INS_DAYS))
    return in_slices(old, deadline)
