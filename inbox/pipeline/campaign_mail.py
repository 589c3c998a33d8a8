"""The pipeline's steps that call the provider of a reply: they fetch earlier messages, and report that the lead has
answered. A provider that does not answer costs a few seconds and some context of the draft. A stop is a separate job,
because it must happen however long it takes.
"""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from inbox.intake import messages, texts
from inbox.intake.receipt import Received
from inbox.leads import identity
from inbox.leads.stops import STOP_EMAILS, stop_emails
from inbox.models import Message
from inbox.models.races import settled
from inbox.pipeline.situation import NotNow, Situation
from inbox.replying import own_messages
from inbox.understanding.arrival import Arrival, judge
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.events import MessageEvent
from integrations.models import Integration
from integrations.spec import stated
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_about, enqueue_many
from jobs.kinds import kind_name

IDENTIFY = kind_name("lead.identify", __name__)
SENT_LIMIT = 12


def identify(situation: Situation, _deadline: Deadline) -> dict[str, str]:
    """Enqueues the job that finds the lead at EmailBison, or creates it there."""
    job, _ = enqueue_about(IDENTIFY, situation.lead, "lead_id", key=str(situation.message.pk))
    return {"job": str(job.pk)}


def stop_future(situation: Situation, _deadline: Deadline) -> dict[str, Any]:
    """Enqueues the job that stops this campaign's emails to the lead, once. EmailBison cannot restart them, so the
    table skips this step if a machine may have written the reply. Raises NotNow without a campaign.
    """
    if situation.campaign is None:
        raise NotNow("It doesn’t belong to a campaign.")
    created = enqueue_many(STOP_EMAILS, [stop_emails(situation.lead, situation.campaign.pk)])
    return {"first": bool(created)}


def import_sent(situation: Situation, deadline: Deadline) -> dict[str, int]:
    """Stores the latest 12 emails to the lead, for the context of the reply. Raises NotNow if they cannot be read."""
    events = _sent(situation, deadline, "drafted")
    return _store(situation, events, sorted(events, key=lambda event: event.occurred_at)[-SENT_LIMIT:])


def import_texts(situation: Situation, deadline: Deadline) -> dict[str, int]:
    """Stores the SMS before this reply, so that "yes" can be understood. Raises NotNow if they cannot be read."""
    events = _sent(situation, deadline, "read")
    earlier = [event for event in events if event.occurred_at < situation.message.received_at]
    return _store(situation, events, sorted(earlier, key=lambda event: event.occurred_at))


def _sent(situation: Situation, deadline: Deadline, done: str) -> list[MessageEvent]:
    integration, person = _account(situation), identity.person_of(situation.lead)
    drop_connection()
    try:
        return stated(situation.spec.history).read(integration, person, deadline)
    except (ProviderError, ProviderMisconfigured) as error:
        raise NotNow(f"{error}: {done} without it.") from error


def _store(situation: Situation, listed: list[MessageEvent], chosen: list[MessageEvent]) -> dict[str, int]:
    return {"listed": len(listed), "stored": store_events(_account(situation), chosen)}


def _account(situation: Situation) -> Integration:
    if situation.account is None:
        raise NotNow(f"{situation.spec.label} isn’t connected.")
    return situation.account


def store_events(integration: Integration, events: Iterable[MessageEvent]) -> int:
    """Stores the missing ones of `events` as context without a job, each in a separate transaction. Returns their
    number. Our own message joins its send, and is not counted.
    """
    return sum(_store_event(integration, event) for event in events)


def _store_event(integration: Integration, event: MessageEvent) -> bool:
    received = Received(
        source="import",
        body=b"",
        sha256="",
        headers={},
        received_at=timezone.now(),
        started=time.perf_counter(),
        integration=integration,
        workspace=integration.workspace,
    )
    judged = judge(texts.with_question(integration.workspace, event))
    with transaction.atomic():
        return settled(lambda: _store_once(integration, received, event, judged))


def _too_old(integration: Integration, event: MessageEvent) -> bool:
    """Whether the workspace's retention period excludes messages of that age, so that this one may be deleted."""
    days = integration.workspace.keep_messages_days
    return days is not None and event.occurred_at < timezone.now() - timedelta(days=days)


def _store_once(integration: Integration, received: Received, event: MessageEvent, judged: Arrival) -> bool:
    if messages.gone(received, event) or _too_old(integration, event):
        return False
    outbound = event.direction == Message.Direction.OUTBOUND
    stored = (own_messages.find, own_messages.by_another_id)
    if outbound and any(find(integration.workspace, event) for find in stored):
        return False
    message, created = messages.store(received, event, judged)
    if created:
        messages.mark_processed(message.pk)
    return created
