"""One line per webhook source: what it is called, who parses it, and what its provider does with our answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations import rawjson
from integrations.calendly import payloads as calendly
from integrations.calendly import signature as calendly_signature
from integrations.clay import payloads as clay
from integrations.clay import signature as clay_signature
from integrations.emailbison import payloads as emailbison
from integrations.events import Event
from integrations.ghl import payloads as ghl
from integrations.instantly import payloads as instantly
from integrations.models import Provider
from integrations.slack import payloads as slack
from integrations.smartlead import payloads as smartlead
from integrations.unipile import payloads as unipile


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """How a provider treats our answers, and therefore which status an unlucky delivery gets.

    `unusable_status` answers an authenticated body that we cannot use; `unavailable_status` answers while we cannot
    store anything. `why` is the provider's rule. All answers: docs/reference/addresses.md, Answers.
    """

    unusable_status: int = 400
    unavailable_status: int = 503
    why: str = "retries what is not answered with 2xx"


EMAILBISON_RULES = DeliveryRules(why="waits 15 s, tries several times, and keeps its events for 10 days")
WORKFLOW_RULES = DeliveryRules(
    why="workflow webhooks: users report retries after 5xx and network errors, GHL documents none"
)
APP_RULES = DeliveryRules(
    unavailable_status=429,
    why="tries again after 429 alone: 6 times, 10 min apart; any other status is final",
)
UNIPILE_RULES = DeliveryRules(
    unusable_status=200,
    why="wants a 200 within 30 s, else sends the same five times more and may stop the webhook",
)
SMARTLEAD_RULES = DeliveryRules(why="documents no retries; what is lost is found again by the reply poll")
INSTANTLY_RULES = DeliveryRules(
    unusable_status=200, why="switches a webhook off after repeated failures; it must then be resumed by hand"
)
CLAY_RULES = DeliveryRules(why="shows the status in the table's row, where a person runs it again")
CALENDLY_RULES = DeliveryRules(
    unusable_status=200, why="retries for 24 h with growing pauses, then disables the webhook"
)
SLACK_RULES = DeliveryRules(why="wants an answer within 3 s, else sends it three times more")


@dataclass(frozen=True, slots=True)
class WebhookSource:
    """A source of webhooks. `secret_headers` and `secret_field` are the provider's own places for the shared secret.

    `accepts(credentials, raw, headers, now)` says whether the signature is right that the integration's credentials
    ask for on top of the key; None where the provider signs nothing.
    """

    name: str
    provider: str
    parse: Callable[[Any, datetime], Event]
    account_of: Callable[[Any], str]
    events: tuple[str, ...]
    secret_headers: tuple[str, ...] = ()
    secret_field: str = ""
    rules: DeliveryRules = DeliveryRules()
    decode: Callable[[bytes], Any] = rawjson.parse
    accepts: Callable[[dict, bytes, Mapping[str, str], datetime], bool] | None = None


SOURCES = {
    source.name: source
    for source in (
        WebhookSource(
            "email",
            Provider.EMAILBISON,
            emailbison.parse,
            emailbison.account_of,
            emailbison.EVENTS,
            rules=EMAILBISON_RULES,
        ),
        WebhookSource("ghl/sms", Provider.GHL, ghl.parse, ghl.account_of, ghl.EVENTS, rules=WORKFLOW_RULES),
        WebhookSource(
            "linkedin",
            Provider.UNIPILE,
            unipile.parse,
            unipile.account_of,
            unipile.EVENTS,
            secret_headers=("X-Unipile-Secret",),
            rules=UNIPILE_RULES,
        ),
        WebhookSource(
            "smartlead",
            Provider.SMARTLEAD,
            smartlead.parse,
            smartlead.account_of,
            smartlead.EVENTS,
            secret_headers=("X-Smartlead-Secret",),
            secret_field="secret_key",
            rules=SMARTLEAD_RULES,
        ),
        WebhookSource(
            "instantly",
            Provider.INSTANTLY,
            instantly.parse,
            instantly.account_of,
            instantly.EVENTS,
            secret_headers=("X-Instantly-Secret",),
            rules=INSTANTLY_RULES,
        ),
        WebhookSource(
            "clay",
            Provider.CLAY,
            clay.parse,
            clay.account_of,
            clay.EVENTS,
            secret_headers=clay_signature.HEADERS,
            rules=CLAY_RULES,
            accepts=clay_signature.accepts,
        ),
        WebhookSource(
            "calendly",
            Provider.CALENDLY,
            calendly.parse,
            calendly.account_of,
            calendly.EVENTS,
            rules=CALENDLY_RULES,
            accepts=calendly_signature.accepts,
        ),
    )
}
"""The sources that a key opens."""

GHL_APP = WebhookSource("ghl/app", Provider.GHL, ghl.parse, ghl.account_of, ghl.APP_EVENTS, rules=APP_RULES)
SLACK = WebhookSource(
    "slack/interactions",
    Provider.SLACK,
    slack.parse,
    slack.account_of,
    slack.EVENTS,
    rules=SLACK_RULES,
    decode=slack.decode,
)
"""Signed senders with one address for all tenants."""

ALL_SOURCES = SOURCES | {source.name: source for source in (GHL_APP, SLACK)}
"""Every source a ledger row may name, as replay looks it up."""
