"""Handles the requests of all webhooks: checks size, key, payload and workspace, runs the intake, and answers.

docs/reference/addresses.md, Answers, lists the answers. Nothing here calls another machine.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from uuid import UUID

from django.db import Error
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import Counter, Histogram
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inbox.intake import handlers
from inbox.intake.receipt import (
    DeliveryVerdict,
    IntakeResult,
    WebhookRequest,
    failed,
    receive,
    record,
    rejected,
)
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
from integrations import registry
from integrations.events import AccountStatusEvent, ButtonEvent, Event, PayloadInvalid
from integrations.fields import DecryptionError
from integrations.models import Integration, WebhookKey, hash_key, note_use
from integrations.spec import WebhookSource
from jobs import stalls
from jobs.db import Fault, db_fault, drop_connection
from jobs.failures import facts_of

logger = logging.getLogger(__name__)

SLOW_MS = 1_000
STATEMENT_S = 3.0
"""The time limit of a SQL statement of a delivery, in seconds. Providers wait only a few seconds for the answer."""
RETRY_AFTER_S = 30
UNUSED_WHILE_OFF = (AccountStatusEvent, ButtonEvent)
"""The events that are ignored while their account is switched off. Messages and actions of leads are always processed:
no provider reports them again, and an opt-out must be respected. Only the account's outgoing messages stop.
"""
TENANT = (
    "expires_at",
    "last_used_at",
    "integration__provider",
    "integration__external_account_id",
    "integration__config",
    "integration__enabled",
    "integration__workspace__phone_region",
    "integration__workspace__erasure_key",
)
"""The columns of a key's workspace and account that a delivery needs. Secrets are read only to check a signature."""
KEYS = WebhookKey.objects.select_related("integration__workspace").only(*TENANT)
SIGNING_KEYS = KEYS.only(*TENANT, "integration__credentials")

deliveries_total = Counter("holdfast_webhook_deliveries", "Webhook deliveries", ["source", "verdict"])
unauthorized_total = Counter("holdfast_webhook_unauthorized", "Webhooks without a valid key", ["source"])
delivery_seconds = Histogram("holdfast_webhook_seconds", "Time to answer a webhook", ["source"])

for _source in registry.webhook_sources():  # each label starts at 0, so an alert sees its first event
    unauthorized_total.labels(_source)
    delivery_seconds.labels(_source)
    for _verdict in DeliveryVerdict:
        deliveries_total.labels(_source, _verdict)


class WrongWorkspace(Exception):
    """A webhook request names another account than the account of its key, or its address names another workspace."""


@method_decorator(csrf_exempt, name="dispatch")
class WebhookView(APIView):
    """The view of a webhook address. A POST delivers a provider's event; a GET with a valid key tests the address."""

    http_method_names = ["get", "post", "options"]
    login_required = False
    authentication_classes = ()
    permission_classes = ()
    source: WebhookSource = None  # type: ignore[assignment]  # as_view() sets this
    key_in_path = True
    sample = False
    """Whether the request is our own (inbox.webhooks.samples). No address leads to a view with sample=True."""

    @post_schema
    def post(self, request: Request, key: str = "") -> Response:
        """Takes in one webhook request of a provider. It is answered whatever happens."""
        started = time.perf_counter()
        source = self.source
        try:
            timed = nullcontext() if self.sample else delivery_seconds.labels(source.name).time()
            with timed, stalls.request_limit(STATEMENT_S):
                return self._deliver(request, source, key, started)
        except PayloadTooLarge:
            return failure(413, "payload_too_large")
        except BodyBrokenOff:
            return failure(400, "invalid_payload", fields={"body": "must be sent in full"})
        except Unauthorized:
            unauthorized_total.labels(source.name).inc()
            return failure(401, "unauthorized")
        except (DecryptionError, Error) as error:  # the signature's secret or the database cannot be read
            if isinstance(error, Error) and db_fault(error) is Fault.BUG:
                raise
            logger.warning("delivery not stored", extra={"source": source.name, **facts_of(error)})
            return unavailable(source.rules.unavailable_status)

    @get_schema
    def get(self, request: Request, key: str = "") -> Response:
        """Says which events this webhook address accepts. Answers 401 without a valid key."""
        try:
            with stalls.request_limit(STATEMENT_S):
                integration = self.authenticate(request, key, bytes)
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

    def _deliver(self, request: Request, source: WebhookSource, key: str, started: float) -> Response:
        read = cache(lambda: read_body(request))
        tenant = self.tenant(request, key, read)  # first, so that no body is read for a request without a key
        came = read()
        sent_keys = [key] * bool(key and self.key_in_path) + secrets_in_headers(request, source)
        secrets = sent_keys or [candidate_key(request, source, read)]
        body = without_secrets(came, secrets)
        received = WebhookRequest(
            source=source.name,
            body=body,
            sha256=hashlib.sha256(body).hexdigest(),
            headers=headers_without_secrets(safe_headers(request), secrets),
            started=started,
            integration=tenant.integration,
            workspace=tenant.workspace,
            sample=self.sample,
        )
        outcome = process(source, received)
        _finish(source, received, outcome)
        return self.answered(outcome)

    def answered(self, outcome: IntakeResult) -> Response:
        """Returns the HTTP answer for the outcome of a webhook request, in the form that this sender expects."""
        return answer(self.source, outcome)

    def tenant(self, request: Request, key: str, body: Callable[[], bytes]) -> Tenant:
        """Returns the workspace and account of a request, proven by its key or signature. `body` reads the body, if the
        proof is there.

        Raises Unauthorized. Raises DecryptionError if the secret cannot be read, so that the provider retries.
        """
        source = self.source
        if source.signature and not key and source.signature.valid(body(), request.headers, timezone.now()):
            return named_in(source.name, body())
        integration = self.authenticate(request, key, body)
        accepts = not self.sample and source.accepts
        if accepts and not accepts(integration.credentials, body(), request.headers, timezone.now()):
            raise Unauthorized
        return Tenant(integration.workspace, integration)

    def authenticate(self, request: Request, key: str, body: Callable[[], bytes]) -> Integration:
        """Returns the account whose webhook key the request carries, by one indexed query. `body` reads the body if the
        key may be in the body. A POST counts as a use of the key.

        Raises Unauthorized if the key is missing, unknown, revoked, expired or belongs to another provider.
        """
        secret = key or candidate_key(request, self.source, body)
        if not self.source.keyed or not secret or len(secret) > 200:
            raise Unauthorized
        try:
            row = (SIGNING_KEYS if self.source.accepts else KEYS).get(key_hash=hash_key(secret))
        except WebhookKey.DoesNotExist:
            raise Unauthorized from None
        if not row.is_usable or row.integration.provider != self.source.provider:
            raise Unauthorized
        if not self.sample and request.method == "POST":  # opening the address in a browser is not a use
            note_use(row, row.last_used_at)
        return row.integration


def process(source: WebhookSource, received: WebhookRequest) -> IntakeResult:
    """Reads the event from a request's body, applies it, and records the request. A replay of a delivery also uses this
    function.

    An unusable body, or a defect of ours, results in an outcome and not in an error. Raises django.db.Error if the
    database cannot be reached.
    """
    try:
        event = parse(source, received)
    except PayloadInvalid as error:
        return record(received, rejected(error))
    except WrongWorkspace:
        mismatch = IntakeResult(DeliveryVerdict.MISMATCH, reason="it’s for another workspace")
        return record(received, mismatch)
    except Exception as error:  # the parser has a defect; a replay after the fix completes the delivery
        if isinstance(error, Error) and db_fault(error) is not Fault.BUG:
            raise
        return record(received, failed(received, "", error))
    if received.workspace is None:
        return record(received, _ignored(event, "no workspace has this account"))
    off = received.integration is not None and not received.integration.enabled
    if off and isinstance(event, UNUSED_WHILE_OFF):
        return record(received, _ignored(event, "account turned off"))
    return receive(received.of(received.workspace), event, handlers.handle)


def _ignored(event: Event, reason: str) -> IntakeResult:
    return IntakeResult(DeliveryVerdict.IGNORED, reason, event.event_type)


def parse(source: WebhookSource, received: WebhookRequest) -> Event:
    """Reads the event from a request's body. Raises PayloadInvalid, or WrongWorkspace if it names another account."""
    body = source.decode(received.body)
    if received.integration is not None:
        account_id, stored_id = source.account_of(body), received.integration.external_account_id
        if (stored_id and account_id and account_id != stored_id) or _names_another_workspace(received):
            raise WrongWorkspace
    return source.parse(body, received.received_at)


def _names_another_workspace(received: WebhookRequest) -> bool:
    """Whether the `clientId` of an older address is the id of another workspace here."""
    try:
        client_id = UUID(received.headers[CLIENT_ID])
    except (KeyError, ValueError):
        return False
    ours = received.workspace
    return ours is not None and client_id != ours.pk and Workspace.objects.filter(pk=client_id).exists()


def answer(source: WebhookSource, outcome: IntakeResult) -> Response:
    """Returns the HTTP answer for the outcome of a webhook request (docs/reference/addresses.md, Answers)."""
    delivery = str(outcome.delivery_id)
    if outcome.verdict == DeliveryVerdict.REJECTED:
        unusable = source.rules.unusable_status
        extra = {"quarantined": True} if unusable == 200 else {"fields": outcome.fields}
        return failure(unusable, "invalid_payload", deliveryId=delivery, **extra)
    if outcome.verdict == DeliveryVerdict.MISMATCH:
        return failure(403, "workspace_mismatch", deliveryId=delivery)
    if outcome.verdict == DeliveryVerdict.FAILED:
        return Response({"success": True, "stored": True, "deliveryId": delivery})
    if outcome.verdict == DeliveryVerdict.IGNORED:
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
        "deduped": outcome.verdict == DeliveryVerdict.DUPLICATE,
        "eventType": outcome.event_type,
        "deliveryId": delivery,
        "messageId": str(outcome.message.pk) if outcome.message else None,
        "leadId": str(outcome.lead.pk) if outcome.lead else None,
        "postProcessEnqueued": outcome.enqueued,
    }
    if outcome.updated_existing:
        body["updatedExisting"] = True
    return Response(body)


def failure(status: int, error: str, **extra: object) -> Response:
    """Returns an error response with the code `error`, and `extra` fields in the JSON body."""
    return Response({"success": False, "error": error, **extra}, status=status)


def unavailable(status: int) -> Response:
    """Returns the response while no database can be reached, with Retry-After. Drops this thread's connection."""
    drop_connection()
    response = failure(status, "unavailable")
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _finish(source: WebhookSource, received: WebhookRequest, outcome: IntakeResult) -> None:
    if not received.sample:
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
    if outcome.verdict == DeliveryVerdict.DUPLICATE and outcome.message is not None:
        extra |= {"key": outcome.message.source, "key_value": outcome.message.external_id, "deduped": True}
    if ms > SLOW_MS:
        logger.warning("webhook delivery over its budget", extra=extra | {"budget_ms": SLOW_MS})
    else:
        logger.info("webhook delivery", extra=extra)
