"""What people see of a delivery, on a workspace's pages and in the admin: its body in three forms, without secrets."""

import json
from dataclasses import asdict

from django.core.serializers.json import DjangoJSONEncoder

from inbox.health import backfill
from inbox.models import WebhookDelivery
from inbox.webhooks.scrub import without_secrets
from integrations import registry
from integrations.events import Event, PayloadInvalid

VIEWS = ("pretty", "raw", "parsed")
SHOWN_BYTES = 200_000


def shown_as(value: str | None) -> str:
    """One of VIEWS."""
    return value if value in VIEWS else VIEWS[0]


def text(delivery: WebhookDelivery, show: str) -> str:
    """The body as `show` wants it, cut at SHOWN_BYTES; "" where it is no longer kept."""
    if delivery.body is None:
        return ""
    return _text(delivery, show)[:SHOWN_BYTES]


def is_cut(delivery: WebhookDelivery) -> bool:
    """Whether `text` leaves something out."""
    return delivery.body is not None and len(delivery.body) > SHOWN_BYTES


def _text(delivery: WebhookDelivery, show: str) -> str:
    body, source = without_secrets(bytes(delivery.body), ()), registry.webhook_sources().get(delivery.source)
    if show == "raw" or source is None:
        return body[:SHOWN_BYTES].decode(errors="replace")
    try:
        value = source.decode(body)
        if show == "parsed":
            event = _event(delivery, body, value)
            value = {"event": type(event).__name__} | {
                name: part for name, part in asdict(event).items() if part not in ("", None, [], {})
            }
    except PayloadInvalid as error:
        return "\n".join(f"{name}: {text}" for name, text in error.fields.items())
    return json.dumps(value, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)


def _event(delivery: WebhookDelivery, body: bytes, value: object) -> Event:
    if delivery.event_type == backfill.EVENT:
        return backfill.event_of(body)
    return registry.webhook_source(delivery.source).parse(value, delivery.received_at)
