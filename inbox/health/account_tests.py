"""Runs the test that a button on an account's card starts: the provider's checks, then a check of its webhooks."""

from django.utils import timezone

from inbox.health import account_cards
from inbox.health.sentences import age
from inbox.models import WebhookDelivery
from integrations import registry
from integrations.health import checks
from integrations.health.checks import BAD, OK, WARN, Check
from integrations.models import Integration, WebhookKey

Verdict = WebhookDelivery.Verdict
EVENT = "Webhook events"


def run(integration: Integration) -> list[Check]:
    """Runs the provider's checks, within TEST_MS and without a database connection, and the check of the webhooks."""
    lines = checks.run(integration)
    if registry.address_of(integration.provider):
        lines.append(webhooks(integration))
    return lines


def webhooks(integration: Integration) -> Check:
    address = registry.address_of(integration.provider)
    assert address is not None  # `run` calls this function only for providers that post webhooks
    events = ", ".join(address.events)
    last = account_cards.last_delivery(integration)
    if last is None:
        fix = f"Paste this card’s webhook URL into the provider and select these events: {events}."
        return Check(EVENT, WARN, "No events have arrived yet.", fix)
    arrival = f"The last event arrived {age((timezone.now() - last.received_at).total_seconds())}."
    if last.verdict == Verdict.MISMATCH:
        return Check(
            EVENT, BAD, f"{arrival} It was for another account.", "Check the ID in the account’s settings."
        )
    if last.verdict in (Verdict.REJECTED, Verdict.FAILED):
        return Check(EVENT, BAD, f"{arrival} Processing it failed.", "Open it under Deliveries to see why.")
    if _by_an_old_key(integration):
        fix = "Paste the new URL into the provider’s settings."
        return Check(EVENT, WARN, f"{arrival} It was sent to an old URL.", fix)
    return Check(EVENT, OK, arrival)


def _by_an_old_key(integration: Integration) -> bool:
    used = WebhookKey.objects.usable().filter(integration=integration, last_used_at__isnull=False)
    latest = used.order_by("-last_used_at").first()
    return latest is not None and latest.expires_at is not None
