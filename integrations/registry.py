"""One line per webhook source: what it is called, who parses it, and what its provider does with our answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.emailbison import payloads as emailbison
from integrations.events import Event
from integrations.models import Provider


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """How a provider treats our answers, and therefore which status an unlucky delivery gets (contract, Webhooks).

    `unusable_status` answers an authenticated body that we cannot use; `unavailable_status` answers while we cannot
    store anything. `why` is the provider's rule.
    """

    unusable_status: int = 400
    unavailable_status: int = 503
    why: str = "retries what is not answered with 2xx"


@dataclass(frozen=True, slots=True)
class WebhookSource:
    """A source of webhooks. `secret_headers` and `secret_field` are the provider's own places for the shared secret."""

    name: str
    provider: str
    parse: Callable[[Any, datetime], Event]
    account_of: Callable[[Any], str]
    events: tuple[str, ...]
    secret_headers: tuple[str, ...] = ()
    secret_field: str = ""
    rules: DeliveryRules = DeliveryRules()


SOURCES = {
    source.name: source
    for source in (
        WebhookSource(
            "email", Provider.EMAILBISON, emailbison.parse, emailbison.account_of, emailbison.EVENTS
        ),
    )
}
