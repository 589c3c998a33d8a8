"""Removes secrets from deliveries that an older release stored with them.

This part of retention runs beside traffic and beside the older release, whose rows have `scrubbed` False by default.
"""

import hashlib
import logging
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from inbox.models import WebhookDelivery
from inbox.webhooks.scrub import headers_without_secrets, without_secrets
from integrations.fields import DecryptionError
from integrations.models import Integration, WebhookKey
from jobs.deadline import Deadline

logger = logging.getLogger(__name__)
SLICE = 200


class SecretUnreadable(Exception):
    """A secret of the account was encrypted with a key that the installation no longer has."""


def clean_all(deadline: Deadline) -> int:
    """Cleans stored requests, oldest first, until `deadline`. Returns the number of cleaned requests.

    A request whose account has an unreadable secret is left to a run that can read the secret.
    """
    cache: dict[UUID | None, list[str] | None] = {}
    done = 0
    rows = _waiting(None)
    while rows and not deadline.expired:
        same = []
        for row in rows:
            try:
                body, headers = cleaned(row, cache)
            except SecretUnreadable:
                continue
            if (body, headers) == (bytes(row.body or b""), row.headers):
                same.append(row.pk)
            else:
                done += _store(row, body, headers)
        done += WebhookDelivery.objects.filter(pk__in=same).update(scrubbed=True)
        rows = _waiting(rows[-1])
    return done


def cleaned(
    delivery: WebhookDelivery, cache: dict[UUID | None, list[str] | None] | None = None
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a stored request without secrets. The row is not changed.

    `cache` holds the accounts' secrets by id, and this function fills it. Raises SecretUnreadable.
    """
    cache = {} if cache is None else cache
    account = delivery.integration_id
    if account not in cache:
        cache[account] = _secrets(account)
    secrets = cache[account]
    if secrets is None:
        raise SecretUnreadable
    return without_secrets(bytes(delivery.body or b""), secrets), headers_without_secrets(
        delivery.headers, secrets
    )


def _waiting(last: WebhookDelivery | None) -> list[WebhookDelivery]:
    rows = WebhookDelivery.objects.filter(scrubbed=False, body__isnull=False)
    if last is not None:
        later = Q(received_at__gt=last.received_at) | Q(pk__gt=last.pk)
        rows = rows.filter(later, received_at__gte=last.received_at)
    columns = ("received_at", "integration_id", "body", "headers")
    return list(rows.order_by("received_at", "pk").only(*columns)[:SLICE])


def _store(row: WebhookDelivery, body: bytes, headers: dict[str, str]) -> int:
    return WebhookDelivery.objects.filter(pk=row.pk, body__isnull=False).update(
        body=body,
        body_bytes=len(body),
        body_sha256=hashlib.sha256(body).hexdigest(),
        headers=headers,
        scrubbed=True,
    )


def _secrets(account: UUID | None) -> list[str] | None:
    """All keys that the account has ever had, and its senders' other secrets; None if one cannot be read."""
    secrets = [settings.CLAY_CALLBACK_SECRET]
    try:
        secrets += [str(key.secret) for key in WebhookKey.objects.filter(integration=account)]
        for integration in Integration.objects.filter(pk__in=[account]):
            secrets.append(str(integration.credentials.get("callback_secret") or ""))
    except DecryptionError:
        logger.warning(
            "deliveries not cleaned: a secret is unreadable", extra={"integration_id": str(account)}
        )
        return None
    return secrets
