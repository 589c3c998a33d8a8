"""Intake: one delivery, one transaction, one ledger row.

The event becomes lead, message, job and ledger row, all or nothing; where a defect of ours rolls them back, the ledger
row is written alone, with the raw bytes, so that a replay can repair it. Nothing here calls another machine.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import Error, IntegrityError, transaction

from inbox.kept import insert
from inbox.models import Lead, Message, WebhookDelivery, Workspace
from inbox.races import ROUNDS
from integrations import registry
from integrations.events import Event, PayloadInvalid
from integrations.models import Integration
from jobs.db import Fault, db_fault
from jobs.ids import uuid7

logger = logging.getLogger(__name__)
Verdict = WebhookDelivery.Verdict


@dataclass(slots=True)
class Received:
    """A request of an authenticated provider, before anything is made of it.

    `body` and `headers` are without the sender's secrets, unless `scrubbed` is False.
    """

    source: str
    body: bytes
    sha256: str
    headers: dict
    received_at: datetime
    started: float
    integration: Integration | None
    workspace: Workspace | None
    replay_of: WebhookDelivery | None = None
    attempt: int = 0
    scrubbed: bool = True

    @property
    def provider(self) -> str:
        """Who sent it."""
        return (
            self.integration.provider if self.integration else registry.webhook_source(self.source).provider
        )


@dataclass(slots=True)
class Outcome:
    """What a delivery came to. `enqueued`: its message has a job, or had one and is processed."""

    verdict: str
    event_type: str = ""
    reason: str = ""
    fields: dict = field(default_factory=dict)
    message: Message | None = None
    lead: Lead | None = None
    job_id: UUID | None = None
    enqueued: bool = False
    updated_existing: bool = False
    delivery_id: UUID | None = None


Handler = Callable[[Received, Event], Outcome]


def receive(received: Received, event: Event, handler: Handler) -> Outcome:
    """Run `handler(received, event)` and write the ledger row, in one transaction.

    A deadlock, a lost race or a vanished row is settled by running the transaction again, in ROUNDS at most.
    A defect of ours ends as verdict `failed`: what was made is rolled back, and the row is written alone. Raises
    django.db.Error where the database is out of reach: then nothing is stored, and the provider must be told to come
    again.
    """
    for last in (False,) * (ROUNDS - 1) + (True,):
        received.attempt += 1
        try:
            with transaction.atomic():
                outcome = _duplicate_event(received, event) or handler(received, event)
                record(received, _named(outcome, event), event.event_key)
            return outcome
        except PayloadInvalid as error:
            outcome = rejected(error)
        except Error as error:
            fault = db_fault(error)
            if not last and (fault is Fault.RETRY or isinstance(error, IntegrityError)):
                continue
            if fault is not Fault.BUG:
                raise
            outcome = failed(received, event.event_type, error)
        except Exception as error:  # ours, whatever it is: the provider did nothing wrong
            outcome = failed(received, event.event_type, error)
        break
    record(received, _named(outcome, event))
    return outcome


def _named(outcome: Outcome, event: Event) -> Outcome:
    outcome.event_type = outcome.event_type or event.event_type
    return outcome


def _duplicate_event(received: Received, event: Event) -> Outcome | None:
    """An event that makes no message is known by its own key, kept on the delivery that was accepted."""
    if not event.event_key:
        return None
    first = (
        WebhookDelivery.objects.filter(
            workspace=received.workspace, source=received.source, event_key=event.event_key
        )
        .select_related("lead", "message")
        .only("lead__id", "message__source", "message__external_id")
        .first()
    )
    if first is None:
        return None
    return Outcome(Verdict.DUPLICATE, event.event_type, lead=first.lead, message=first.message)


def rejected(error: PayloadInvalid) -> Outcome:
    """The outcome of a body that cannot be used; it names each wrong field."""
    return Outcome(Verdict.REJECTED, reason="invalid payload", fields=error.fields)


def failed(received: Received, event_type: str, error: Exception) -> Outcome:
    """The outcome of a defect of ours, told to an operator by the log."""
    # Where it happened is logged, not the error's text, which may quote a person.
    where = _origin(error)
    logger.error(
        "delivery failed on our side",
        extra={
            "source": received.source,
            "event_type": event_type,
            "workspace_id": str(received.workspace.pk) if received.workspace else None,
            "error_class": type(error).__name__,
            "where": where,
        },
    )
    return Outcome(Verdict.FAILED, event_type, f"{type(error).__name__} at {where}"[:200])


def _origin(error: Exception) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return f"{last.tb_frame.f_globals.get('__name__')}:{last.tb_lineno}" if last else "unknown"


def record(received: Received, outcome: Outcome, event_key: str = "") -> WebhookDelivery:
    """Write the ledger row of a delivery and put its id into `outcome`.

    Only an accepted delivery carries the event's key: a failed one must not make its own retry a duplicate.
    """
    delivery = WebhookDelivery(
        id=uuid7(),
        workspace=received.workspace,
        integration=received.integration,
        source=received.source,
        event_type=outcome.event_type[:64],
        event_key=event_key if event_key and outcome.verdict == Verdict.ACCEPTED else None,
        verdict=outcome.verdict,
        reason=outcome.reason[:200],
        error_fields=outcome.fields,
        body=received.body,
        body_bytes=len(received.body),
        body_sha256=received.sha256,
        headers=received.headers,
        scrubbed=received.scrubbed,
        received_at=received.received_at,
        duration_ms=round((time.perf_counter() - received.started) * 1000, 2),
        message=outcome.message,
        lead=outcome.lead,
        job_id=outcome.job_id,
        replay_of=received.replay_of,
    )
    insert(delivery)
    outcome.delivery_id = delivery.pk
    return delivery
