"""Sends events to endpoints as Standard Webhooks 1.0 specifies: each event at least once, and in order for each lead.

Each second, a cluster calls `feed`, which enqueues jobs for endpoints with due attempts. A job claims (reserves, for
the time of a lease) one due attempt at a time, the first of its stream. A stream has the events of one lead, or of one
account or endpoint. While an attempt waits for its next try, the later events of its stream wait too. If a worker dies
after an endpoint's answer but before it records the answer, the event is sent again with the same `webhook-id`.
"""

import base64
import hmac
import json
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from itertools import chain
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest, Now

from inbox.events import endpoints
from inbox.events.bodies import body_of
from integrations.errors import (
    CircuitOpen,
    ProviderError,
    ProviderMisconfigured,
    ProviderRateLimited,
    ProviderTimeout,
)
from integrations.fields import DecryptionError
from integrations.http.hosts import RECEIVER, HostRefused
from integrations.http.session import ProviderSession
from integrations.models import WebhookAttempt, WebhookEndpoint
from jobs import lanes
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.errors import Cancelled, ShutdownRequested
from jobs.kinds import kind_name
from jobs.models import BackgroundJob

DELIVER = kind_name("events.deliver", __name__)
TRY_MS = 15_000
LEASE = timedelta(seconds=30)
"""How long a worker's claim of an attempt lasts, which is longer than an attempt may take. If the worker dies, the
event is sent again after this time.
"""
WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 72_000)
)
"""The waits between the attempts of an event, together three days."""
LONGEST_WAIT = timedelta(days=1)
"""The longest wait that a receiver can demand with Retry-After. Longer demands are cut to this time."""
PARALLEL = 4
"""The maximum number of simultaneous attempts at one endpoint. An endpoint that fails gets only one."""
BLOCKED_SLICE = 1_000
"""The maximum number of attempts that one claim postpones because an earlier event of the same stream still waits."""
WITHOUT_STATUS = {
    "answer": "The connection was closed without a response",
    "half_answer": "The response was cut off",
    "answer_too_large": "The response is too large",
}
"""The error text of an attempt that got no HTTP status, by the `code` of its ProviderError."""
Outcome, Status = WebhookAttempt.Outcome, BackgroundJob.Status


def feed() -> int:
    """Enqueues a job for each endpoint with due attempts, unless it has enough open jobs. Returns the number added."""
    due = _open(OuterRef("pk")).filter(due_at__lte=Now())
    waiting = list(_ready().filter(Exists(due)).values_list("pk", "workspace_id", "failing_since"))
    if not waiting:
        return 0
    deliveries = BackgroundJob.objects.filter(kind=DELIVER)
    jobs = (
        deliveries.filter(status=Status.QUEUED, lane=lanes.EVENTS),
        deliveries.filter(status=Status.RUNNING),
    )
    busy = Counter(chain(*(rows.values_list("payload__endpoint_id", flat=True) for rows in jobs)))
    added = 0
    for pk, workspace_id, failing_since in waiting:
        if busy[str(pk)] < (1 if failing_since else PARALLEL):
            key = f"{DELIVER}:{pk}:{int(time.time())}"
            payload = {"endpoint_id": pk}
            added += enqueue(DELIVER, workspace_id=workspace_id, dedupe_key=key, payload=payload)[1]
    return added


def _open(endpoint_id: Any) -> QuerySet[WebhookAttempt]:
    return WebhookAttempt.objects.filter(endpoint=endpoint_id, finished_at=None)


def _ready() -> QuerySet[WebhookEndpoint]:
    return WebhookEndpoint.objects.filter(Q(held_until=None) | Q(held_until__lte=Now()), disabled_at=None)


def run(ctx: JobContext) -> dict[str, int]:
    """Runs the job `events.deliver`, which sends an endpoint's due events. Returns counts of attempts by outcome."""
    counts: Counter[str] = Counter()
    rows = _ready().filter(workspace_id=ctx.workspace_id, pk=ctx.payload["endpoint_id"])
    while ctx.deadline.remaining_ms() > TRY_MS and (endpoint := rows.first()):
        if (attempt := claim(endpoint)) is None:
            break
        counts[_deliver(endpoint, attempt, ctx.deadline)] += 1
    return dict(counts)


def claim(endpoint: WebhookEndpoint) -> WebhookAttempt | None:
    """Reserves a due attempt, the first of its stream, until a lease ends. Returns None if no such attempt is due."""
    waiting = _open(endpoint.pk)
    due = waiting.filter(due_at__lte=Now()).order_by("due_at", "event_id")
    of_stream = waiting.filter(stream=OuterRef("stream"))
    with transaction.atomic():
        heads = due.filter(~Exists(of_stream.filter(event_id__lt=OuterRef("event_id"))))
        attempt = heads.select_related("event").select_for_update(skip_locked=True, of=("self",)).first()
        if attempt is not None:
            attempt.token = uuid4()
            waiting.filter(pk=attempt.pk).update(token=attempt.token, started_at=Now(), due_at=Now() + LEASE)
            return attempt
        # No attempt may go out before the first attempt of its stream, so the later ones are postponed to that time or
        # longer. When an event has been delivered or given up, `_free_next` makes its stream's next attempt due.
        first = Subquery(of_stream.order_by("event_id").values("due_at")[:1])
        blocked = due.select_for_update(skip_locked=True).values("pk")[:BLOCKED_SLICE]
        waiting.filter(pk__in=blocked).update(due_at=Greatest(first, Now() + timedelta(seconds=1)))
    return None


def _deliver(endpoint: WebhookEndpoint, attempt: WebhookAttempt, deadline: Deadline) -> str:
    began = time.monotonic()
    facts: dict[str, Any]
    try:
        status = _post(endpoint, attempt, deadline)
        facts = {"outcome": Outcome.DELIVERED, "status": status}
        wait = None
    except (Cancelled, ShutdownRequested):
        _give_back(attempt)
        raise
    except CircuitOpen as refusal:
        return _hold(endpoint, attempt, refusal)
    except ProviderRateLimited as refusal:
        if refusal.status is None:
            return _hold(endpoint, attempt, refusal)
        facts, wait = _failure(refusal)
    except (ProviderError, ProviderMisconfigured, DecryptionError) as error:
        facts, wait = _failure(error)
    facts["took_ms"] = round((time.monotonic() - began) * 1000)
    return record(endpoint, attempt, facts, wait)


def _post(endpoint: WebhookEndpoint, attempt: WebhookAttempt, deadline: Deadline) -> int:
    event_id = str(attempt.event_id)
    body = json.dumps(body_of(attempt.event, with_text=endpoint.include_text), ensure_ascii=False).encode()
    now, signers = int(time.time()), endpoint.signing_secrets
    session = ProviderSession(
        provider=RECEIVER,
        workspace_id=endpoint.workspace_id,
        breaker_id=endpoint.pk,
        timeout_ms=TRY_MS,
        max_retries=0,
    )
    drop_connection()
    answer = session.request(
        "POST",
        endpoint.url,
        operation="event",
        deadline=deadline,
        data=body,
        headers={
            "Content-Type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(signers, event_id, now, body),
        },
        idempotent=True,
        expect_json=False,
    )
    return answer.status


def signature(signers: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """Returns the header `webhook-signature` of Standard Webhooks 1.0, with a signature for each secret."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in signers]
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys)


def _failure(error: Exception) -> tuple[dict[str, Any], timedelta]:
    status = getattr(error, "status", None)
    if status is not None:
        phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
        words = f"{status} {phrase}".strip()
    elif isinstance(error, HostRefused):
        words = "Not a public https:// address"
    elif isinstance(error, DecryptionError):
        words = "The endpoint’s secret can’t be read"
    else:
        code = getattr(error, "code", "")
        late = code == "answer" and isinstance(error, ProviderTimeout)
        words = "No response within 15 s" if late else WITHOUT_STATUS.get(code, "Couldn’t connect")
    wait = timedelta(milliseconds=getattr(error, "retry_after_ms", None) or 0)
    return {"outcome": Outcome.FAILED, "status": status, "error": words}, min(wait, LONGEST_WAIT)


def _give_back(attempt: WebhookAttempt) -> None:
    held = WebhookAttempt.objects.filter(pk=attempt.pk, token=attempt.token, finished_at=None)
    held.update(token=None, started_at=None, due_at=Now())


def _hold(endpoint: WebhookEndpoint, attempt: WebhookAttempt, refusal: Any) -> str:
    """Postpones all events of the endpoint until its breaker permits a call. The attempt does not count as a try."""
    _give_back(attempt)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(held_until=refusal.run_at)
    return "held"


def record(
    endpoint: WebhookEndpoint, attempt: WebhookAttempt, facts: dict[str, Any], wait: timedelta | None
) -> str:
    """Records the outcome of a claimed attempt. If it failed and was not the last, plans the next one, after `wait` at
    the earliest. Returns the outcome, or "fenced" if the lease was lost; then nothing is recorded.
    """
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    with transaction.atomic():
        held = WebhookAttempt.objects.filter(pk=attempt.pk, token=attempt.token, finished_at=None)
        if not held.update(finished_at=Now(), token=None, **facts):
            return "fenced"
        if facts["outcome"] == Outcome.DELIVERED:
            rows.exclude(failing_since=None).update(failing_since=None, told_at=None, held_until=None)
            _free_next(attempt)
            return Outcome.DELIVERED.value
        rows.filter(failing_since=None).update(failing_since=Now())
        if attempt.number <= len(WAITS):
            _open(endpoint.pk).create(
                endpoint=endpoint,
                event_id=attempt.event_id,
                stream=attempt.stream,
                number=attempt.number + 1,
                due_at=Now() + max(WAITS[attempt.number - 1], wait or timedelta(0)),
            )
        else:
            _free_next(attempt)
        if facts["status"] == HTTPStatus.GONE:
            endpoints.disable(endpoint, WebhookEndpoint.Off.GONE)
    return Outcome.FAILED.value


def _free_next(attempt: WebhookAttempt) -> None:
    waiting = _open(attempt.endpoint_id).filter(stream=attempt.stream, event_id__gt=attempt.event_id)
    waiting.filter(pk__in=waiting.order_by("event_id").values("pk")[:1]).update(due_at=Now())
