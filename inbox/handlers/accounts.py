"""What a provider says about a connected account, and about who accepted an invitation.

An account status has no id and no time of its own. It says something new where it differs from the last one that had
come by then; so a redelivery changes nothing, and an account that flaps is seen to flap.
"""

from inbox import locks
from inbox.health import watch
from inbox.intake import Outcome, Received, Verdict
from inbox.leads import identity
from inbox.models import WebhookDelivery
from integrations import health, probes
from integrations.events import AccountStatusEvent, ConnectionEvent
from integrations.health import Kind, Signal
from integrations.models import Integration

SIGNALS = {
    "CREDENTIALS": Kind.REFUSED,
    "PERMISSIONS": Kind.REFUSED,
    "DELETED": Kind.REFUSED,
    "ERROR": Kind.DOWN,
    "STOPPED": Kind.DOWN,
}
"""Unipile's words (predecessor 1.3). CONNECTING says nothing yet, and neither does a word we do not know."""

WELL = {"OK", "RECONNECTED", "SYNC_SUCCESS", "CREATION_SUCCESS"}
"""Words that are worth a look at once. Only a call that works is proof."""


def _signal(word: str) -> Signal | None:
    kind = SIGNALS.get(word)
    return Signal(kind, f"Unipile says {word}.") if kind else None


def _is_well(integration: Integration) -> bool:
    """A good word that is repeated is news where our own calls have found trouble since it was first said."""
    return health.row(integration).state not in probes.BROKEN


def status(received: Received, event: AccountStatusEvent) -> Outcome:
    """Keep the status in the ledger; the account's health follows it."""
    locks.hold("account", received.integration.pk)
    last = (
        WebhookDelivery.objects.filter(
            integration=received.integration,
            event_type=event.event_type,
            verdict=Verdict.ACCEPTED,
            received_at__lte=received.received_at,
        )
        .order_by("-received_at", "-id")
        .values_list("reason", flat=True)
        .first()
    )
    repeated = last == event.status
    if not repeated and (signal := _signal(event.status)):
        health.record(received.integration, signal, at=received.received_at)
    if event.status in WELL and not (repeated and _is_well(received.integration)):
        watch.enqueue_probe(received.integration)
    return Outcome(Verdict.DUPLICATE if repeated else Verdict.ACCEPTED, event.event_type, event.status)


def connected(received: Received, event: ConnectionEvent) -> Outcome:
    """The lead accepted our invitation: from now on a direct message reaches them."""
    lead = identity.find_or_create(received.workspace, event.person, received.provider).lead
    lead.linkedin_connected_at = min(filter(None, (lead.linkedin_connected_at, received.received_at)))
    lead.save(update_fields=["linkedin_connected_at", "updated_at"])
    return Outcome(Verdict.ACCEPTED, event.event_type, lead=lead)
