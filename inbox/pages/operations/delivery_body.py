"""The body of a delivery in three forms, without secrets, for a workspace's pages and the admin."""

import json
from dataclasses import asdict

from django.core.serializers.json import DjangoJSONEncoder

from inbox.health import backfill
from inbox.models import WebhookDelivery
from inbox.webhooks.scrub import without_secrets
from integrations import registry
from integrations.events import Event, PayloadInvalid

VIEWS = ("pretty", "raw", "parsed")
MOST_SHOWN = 200_000
"""The most characters of a body on a page."""


def shown_as(name: str | None) -> str:
    """`name` if it is one of VIEWS, else the first of them."""
    return name if name in VIEWS else VIEWS[0]


def excerpt(delivery: WebhookDelivery, show: str) -> tuple[str, bool]:
    """The body without secrets, cut at MOST_SHOWN characters, and whether it is cut; "" if it is no longer stored. If
    the source cannot read it, the text says what is wrong.
    """
    if delivery.body is None:
        return "", False
    text = _text(delivery, show)
    return text[:MOST_SHOWN], len(text) > MOST_SHOWN


def _text(delivery: WebhookDelivery, show: str) -> str:
    body, source = (
        without_secrets(bytes(delivery.body or b""), ()),
        registry.webhook_sources().get(delivery.source),
    )
    if show == "raw" or source is None:
        return body.decode(errors="replace")
    try:
        content = source.decode(body)
        if show == "parsed":
            event = _event(delivery, body, content)
            content = {"event": type(event).__name__} | {
                name: part for name, part in asdict(event).items() if part not in ("", None, [], {})
            }
    except PayloadInvalid as error:
        return "\n".join(f"{name}: {text}" for name, text in error.fields.items())
    return json.dumps(content, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)


def _event(delivery: WebhookDelivery, body: bytes, content: object) -> Event:
    if delivery.event_type == backfill.EVENT:
        return backfill.event_of(body)
    return registry.webhook_source(delivery.source).parse(content, delivery.received_at)
