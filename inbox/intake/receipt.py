"""Processes one delivery in one transaction and writes its ledger row.

Lead, message, job and ledger row are stored together or not at all. If a defect of ours rolls them back, the ledger row
is written alone with the raw bytes, so that a replay can repair the delivery. No function here calls another machine.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import Error, IntegrityError, transaction
from django.utils import timezone

from inbox.models import Lead, Message, WebhookDelivery, Workspace
from inbox.models.races import ROUNDS
from integrations import registry
from integrations.events import Event, PayloadInvalid
from integrations.models import Integration
from jobs import failures
from jobs.db import Fault, db_fault
from jobs.ids import uuid7

logger = logging.getLogger(__name__)
DeliveryVerdict = WebhookDelivery.Verdict


@dataclass(slots=True)
class WebhookRequest:
    """A provider's webhook request that passed authentication.

    `body` and `headers` are free of the sender's secrets. `started`: `time.perf_counter()` at its arrival, in seconds.
    `sample`: whether the product itself created the request, for a person. `workspace`: None if no workspace has the
    account.
    """

    source: str
    body: bytes
    sha256: str
    headers: dict[str, Any]
    integration: Integration | None
    workspace: Workspace | None
    received_at: datetime = field(default_factory=timezone.now)
    started: float = field(default_factory=time.perf_counter)
    replay_of: WebhookDelivery | None = None
    attempt: int = 0
    sample: bool = False

    @property
    def provider(self) -> str:
        """The name of the provider that sent the webhook request."""
        return (
            self.integration.provider if self.integration else registry.webhook_source(self.source).provider
        )

    def of(self, workspace: Workspace) -> "Received":
        """Returns the same request with `workspace`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return Received(**values | {"workspace": workspace})


@dataclass(slots=True)
class Received(WebhookRequest):
    """A webhook request whose workspace is known. `integration`: None if the account is deleted or not named."""

    workspace: Workspace


@dataclass(slots=True)
class IntakeResult:
    """The outcome of a webhook request. `fields` names the invalid fields of a rejected body. `enqueued`: whether the
    message has a job, or had one that is finished.
    """

    verdict: str
    reason: str = ""
    event_type: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    message: Message | None = None
    lead: Lead | None = None
    job_id: UUID | None = None
    enqueued: bool = False
    updated_existing: bool = False
    delivery_id: UUID | None = None


Handler = Callable[[Received, Event], IntakeResult]


def receive(received: Received, event: Event, handler: Handler) -> IntakeResult:
    """Runs `handler(received, event)` and writes the delivery's row, in one transaction.

    Repeats both after a deadlock, a lost race or a vanished row, at most ROUNDS times. A defect of ours results in the
    verdict `failed`: everything is rolled back, and the row is written alone. Raises django.db.Error if the database
    cannot be reached: nothing is stored, and the provider must resend the request.
    """
    for last in (False,) * (ROUNDS - 1) + (True,):
        received.attempt += 1
        try:
            with transaction.atomic():
                outcome = _duplicate_event(received, event) or handler(received, event)
                return record(received, _named(outcome, event), event.event_key)
        except PayloadInvalid as error:
            outcome = rejected(error)
        except Error as error:
            fault = db_fault(error)
            if not last and (fault is Fault.RETRY or isinstance(error, IntegrityError)):
                continue
            if fault is not Fault.BUG:
                raise
            outcome = failed(received, event.event_type, error)
        except Exception as error:  # any such error is our own defect, not the provider's
            outcome = failed(received, event.event_type, error)
        break
    return record(received, _named(outcome, event))


def _named(outcome: IntakeResult, event: Event) -> IntakeResult:
    outcome.event_type = outcome.event_type or event.event_type
    return outcome


def _duplicate_event(received: Received, event: Event) -> IntakeResult | None:
    """Returns the result for an event, without a message, whose key was already accepted; None if the event is new."""
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
    return IntakeResult(DeliveryVerdict.DUPLICATE, lead=first.lead, message=first.message)


def rejected(error: PayloadInvalid) -> IntakeResult:
    """Returns the result for a webhook request with an unusable body. The rejection names each invalid field."""
    return IntakeResult(DeliveryVerdict.REJECTED, reason="invalid payload", fields=error.fields)


def failed(received: WebhookRequest, event_type: str, error: Exception) -> IntakeResult:
    """Returns the result for a request on which our own code failed with `error`. Logs the error for the operator."""
    # The log contains the place of the error and the names from the database, but not the error's text, which may quote
    # a person.
    where, facts = failures.where(error), failures.database_facts(error)
    logger.error(
        "delivery failed on our side",
        extra={
            "source": received.source,
            "event_type": event_type,
            "workspace_id": str(received.workspace.pk) if received.workspace else None,
            "error_class": type(error).__name__,
            "where": where,
            **facts,
        },
    )
    names = "".join(f", {name} {facts[name]}" for name in ("constraint", "column") if name in facts)
    reason = f"{type(error).__name__} at {where}{names}"[:200]
    return IntakeResult(DeliveryVerdict.FAILED, reason, event_type)


def record(received: WebhookRequest, outcome: IntakeResult, event_key: str = "") -> IntakeResult:
    """Stores the request and its outcome as a WebhookDelivery. Returns `outcome` with the id of the stored delivery.

    `event_key` is stored only for an accepted request: a retry after a failure is not a duplicate.
    """
    delivery = WebhookDelivery.objects.create(
        id=uuid7(),
        workspace=received.workspace,
        integration=None if received.sample else received.integration,
        source=received.source,
        event_type=outcome.event_type[:64],
        event_key=event_key if event_key and outcome.verdict == DeliveryVerdict.ACCEPTED else None,
        verdict=outcome.verdict,
        reason=outcome.reason[:200],
        error_fields=outcome.fields,
        body=received.body,
        body_bytes=len(received.body),
        body_sha256=received.sha256,
        headers=received.headers,
        scrubbed=True,
        sample=received.sample,
        received_at=received.received_at,
        duration_ms=round((time.perf_counter() - received.started) * 1000, 2),
        message=outcome.message,
        lead=outcome.lead,
        job_id=outcome.job_id,
        replay_of=received.replay_of,
    )
    outcome.delivery_id = delivery.pk
    return outcome
