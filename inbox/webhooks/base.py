"""The one request cycle of every webhook: size, key, payload, tenant check, intake, answer.

What is answered to what: docs/reference/addresses.md, Answers.

Nothing on this path calls another machine. What each status makes a provider do next is in `DeliveryRules`.
"""

import hashlib
import logging
import time
from datetime import timedelta
from uuid import UUID

from django.db import Error
from django.db.models import Q
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import Counter, Histogram
from rest_framework.response import Response
from rest_framework.views import APIView

from inbox import handlers
from inbox.intake import Outcome, Received, Verdict, failed, receive, record, rejected
from inbox.kept import Kept
from inbox.models import Workspace
from inbox.webhooks.request import (
    CLIENT_ID,
    BodyBrokenOff,
    PayloadTooLarge,
    candidate_key,
    read_body,
    safe_headers,
    secrets_in_headers,
)
from inbox.webhooks.schema import get_schema, post_schema
from inbox.webhooks.scrub import headers_without_secrets, without_secrets
from inbox.webhooks.tenants import Tenant, Unauthorized, named_in
from integrations.events import Event, PayloadInvalid
from integrations.fields import DecryptionError
from integrations.models import Integration, WebhookKey, hash_key
from integrations.spec import WebhookSource
from jobs.db import Fault, db_fault, drop_connection

logger = logging.getLogger(__name__)

SLOW_MS = 1_000
RETRY_AFTER_S = 30
KEY_USE_EVERY = timedelta(minutes=1)
KEYS = Kept(
    lambda key_hash: (
        WebhookKey.objects.select_related("integration__workspace")
        .only(
            "expires_at",
            "last_used_at",
            "integration__provider",
            "integration__external_account_id",
            "integration__config",
            "integration__enabled",
            "integration__workspace__phone_region",
        )
        .filter(key_hash=key_hash)
    )
)
"""What a delivery needs to know of its tenant; the secrets of the key and of the account are not read."""

deliveries_total = Counter("holdfast_webhook_deliveries", "Webhook deliveries", ["source", "verdict"])
unauthorized_total = Counter("holdfast_webhook_unauthorized", "Webhooks without a valid key", ["source"])
delivery_seconds = Histogram("holdfast_webhook_seconds", "Time to answer a webhook", ["source"])


class WrongWorkspace(Exception):
    """The body names another account than the key's integration has, or the address another workspace."""


@method_decorator(csrf_exempt, name="dispatch")
class WebhookView(APIView):
    """POST a provider's event; GET with a valid key tests the address."""

    http_method_names = ["get", "post", "options"]
    login_required = False
    authentication_classes = ()
    source: WebhookSource | None = None
    key_in_path = True

    @post_schema
    def post(self, request, key: str = "") -> Response:
        """One delivery, answered whatever happens."""
        started = time.perf_counter()
        source = self.source
        try:
            with delivery_seconds.labels(source.name).time():
                return self._deliver(request, source, key, started)
        except PayloadTooLarge:
            return failure(413, "payload_too_large")
        except BodyBrokenOff:
            return failure(400, "invalid_payload", fields={"body": "must be sent to its end"})
        except Unauthorized:
            unauthorized_total.labels(source.name).inc()
            return failure(401, "unauthorized")
        except DecryptionError:
            logger.warning(
                "delivery not stored: its signature cannot be checked", extra={"source": source.name}
            )
            return unavailable(source.rules.unavailable_status)
        except Error as error:
            if db_fault(error) is Fault.BUG:
                raise
            logger.warning("delivery not stored: no database", extra={"source": source.name})
            return unavailable(source.rules.unavailable_status)

    @get_schema
    def get(self, request, key: str = "") -> Response:
        """Which events this address takes: 401 without a valid key."""
        try:
            integration = self.authenticate(request, key, b"")
        except Unauthorized:
            return failure(401, "unauthorized")
        except Error as error:
            if db_fault(error) is Fault.BUG:
                raise
            return unavailable(503)
        return Response(
            {
                "success": True,
                "source": self.source.name,
                "provider": integration.provider,
                "events": self.source.events,
            }
        )

    def _deliver(self, request, source: WebhookSource, key: str, started: float) -> Response:
        came = read_body(request)
        tenant = self.tenant(request, key, came)
        given = [key] * bool(key and self.key_in_path) + secrets_in_headers(request, source)
        secrets = given or [candidate_key(request, source, came)]
        body = without_secrets(came, secrets)
        received = Received(
            source=source.name,
            body=body,
            sha256=hashlib.sha256(body).hexdigest(),
            headers=headers_without_secrets(safe_headers(request), secrets),
            received_at=timezone.now(),
            started=started,
            integration=tenant.integration,
            workspace=tenant.workspace,
        )
        outcome = process(source, received)
        _finish(source, received, outcome)
        return self.answered(outcome)

    def answered(self, outcome: Outcome) -> Response:
        """The answer to an outcome, in the words that this sender expects."""
        return answer(self.source, outcome)

    def tenant(self, request, key: str, body: bytes) -> Tenant:
        """Whose delivery it is, from what proves it.

        Raises Unauthorized, and DecryptionError where the secret that would prove it cannot be read: the provider
        tries again."""
        source = self.source
        if source.signature and not key and source.signature.valid(body, request.headers, timezone.now()):
            return named_in(source.name, body)
        integration = self.authenticate(request, key, body)
        accepts = source.accepts
        if accepts and not accepts(integration.credentials, body, request.headers, timezone.now()):
            raise Unauthorized
        return Tenant(integration.workspace, integration)

    def authenticate(self, request, key: str, body: bytes) -> Integration:
        """The integration whose key the request carries, by one indexed look-up. Raises Unauthorized."""
        secret = key or candidate_key(request, self.source, body)
        if not self.source.keyed or not secret or len(secret) > 200:
            raise Unauthorized
        for found in KEYS.find(key_hash=hash_key(secret)):
            if found.is_usable and found.integration.provider == self.source.provider:
                _note_use(found)
                return found.integration
        raise Unauthorized


def process(source: WebhookSource, received: Received) -> Outcome:
    """Make of a received body what today's code makes of it, ledger row included. Replay runs this too.

    Raises django.db.Error where the database is out of reach.
    """
    try:
        event = parse(source, received)
    except PayloadInvalid as error:
        outcome = rejected(error)
        record(received, outcome)
        return outcome
    except WrongWorkspace:
        outcome = Outcome(Verdict.MISMATCH, reason="it names another workspace")
        record(received, outcome)
        return outcome
    except Exception as error:  # a defect of a parser: a replay after its fix completes the delivery
        outcome = failed(received, "", error)
        record(received, outcome)
        return outcome
    if received.workspace is None:
        outcome = Outcome(Verdict.IGNORED, event.event_type, "no workspace here has this account")
        record(received, outcome)
        return outcome
    if received.integration is not None and not received.integration.enabled:
        outcome = Outcome(Verdict.IGNORED, event.event_type, "integration switched off")
        record(received, outcome)
        return outcome
    return receive(received, event, handlers.handle)


def parse(source: WebhookSource, received: Received) -> Event:
    """The event of a body. Raises PayloadInvalid, or WrongWorkspace where it names another account than the key's."""
    body = source.decode(received.body)
    if received.integration is not None:
        named, own = source.account_of(body), received.integration.external_account_id
        if (own and named and named != own) or _names_another_workspace(received):
            raise WrongWorkspace
    return source.parse(body, received.received_at)


def _names_another_workspace(received: Received) -> bool:
    """Whether the address's clientId is another workspace of ours; an id from before is nobody's and not checked."""
    try:
        named = UUID(received.headers[CLIENT_ID])
    except (KeyError, ValueError):
        return False
    return named != received.workspace.pk and Workspace.objects.filter(pk=named).exists()


def answer(source: WebhookSource, outcome: Outcome) -> Response:
    """The answer to an outcome (docs/reference/addresses.md, Answers)."""
    delivery = str(outcome.delivery_id)
    if outcome.verdict == Verdict.REJECTED:
        unusable = source.rules.unusable_status
        extra = {"quarantined": True} if unusable == 200 else {"fields": outcome.fields}
        return failure(unusable, "invalid_payload", deliveryId=delivery, **extra)
    if outcome.verdict == Verdict.MISMATCH:
        return failure(403, "workspace_mismatch", deliveryId=delivery)
    if outcome.verdict == Verdict.FAILED:
        return Response({"success": True, "stored": True, "deliveryId": delivery})
    if outcome.verdict == Verdict.IGNORED:
        return Response(
            {
                "success": True,
                "ignored": True,
                "eventType": outcome.event_type,
                "reason": outcome.reason,
                "deliveryId": delivery,
            }
        )
    body = {
        "success": True,
        "deduped": outcome.verdict == Verdict.DUPLICATE,
        "eventType": outcome.event_type,
        "deliveryId": delivery,
        "messageId": str(outcome.message.pk) if outcome.message else None,
        "leadId": str(outcome.lead.pk) if outcome.lead else None,
        "postProcessEnqueued": outcome.enqueued,
    }
    if outcome.updated_existing:
        body["updatedExisting"] = True
    return Response(body)


def failure(status: int, error: str, **extra) -> Response:
    """An answer that says no."""
    return Response({"success": False, "error": error, **extra}, status=status)


def unavailable(status: int) -> Response:
    """The answer while the database is out of reach; the next request gets a connection of its own."""
    drop_connection()
    response = failure(status, "unavailable")
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _note_use(key: WebhookKey) -> None:
    """Keep the key's last use to the minute: a burst must not queue up on the row of the key it shares."""
    now = timezone.now()
    if key.last_used_at is None or key.last_used_at < now - KEY_USE_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - KEY_USE_EVERY)
        WebhookKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def _finish(source: WebhookSource, received: Received, outcome: Outcome) -> None:
    deliveries_total.labels(source.name, outcome.verdict).inc()
    ms = round((time.perf_counter() - received.started) * 1000, 1)
    extra = {
        "source": source.name,
        "event_type": outcome.event_type,
        "workspace_id": str(received.workspace.pk) if received.workspace else None,
        "delivery_id": str(outcome.delivery_id),
        "verdict": str(outcome.verdict),
        "ms": ms,
    }
    if outcome.verdict == Verdict.DUPLICATE and outcome.message is not None:
        extra |= {"key": outcome.message.source, "key_value": outcome.message.external_id, "deduped": True}
    if ms > SLOW_MS:
        logger.warning("webhook delivery over its budget", extra=extra | {"budget_ms": SLOW_MS})
    else:
        logger.info("webhook delivery", extra=extra)
