"""What a provider says about a connected account, and about who accepted an invitation.

An account status has no id and no time of its own. It says something new where it differs from the last one that had
come by then, of the account or of the one mailbox it is about; so a redelivery changes nothing, and an account that
flaps is seen to flap. A bad word is news, too, where a look has found the account well since the last one.
"""

from inbox import locks
from inbox.health import watch
from inbox.intake import Outcome, Received, Verdict
from inbox.leads import identity
from inbox.models import WebhookDelivery
from integrations import health, probes
from integrations.events import AccountStatusEvent, ConnectionEvent
from integrations.health import Kind, Signal
from integrations.models import Integration, Provider, WorkspaceIntegrationHealth

SIGNALS = {
    "CREDENTIALS": Kind.REFUSED,
    "PERMISSIONS": Kind.REFUSED,
    "DELETED": Kind.REFUSED,
    "ERROR": Kind.DOWN,
    "STOPPED": Kind.DOWN,
    "DISCONNECTED": Kind.REFUSED,
    "ACCOUNT_ERROR": Kind.REFUSED,
}
"""Unipile's words (docs/reference/unipile.md, Webhooks), and what EmailBison and Instantly say of a mailbox.
CONNECTING says nothing yet, and neither does a word we do not know."""
NAMES = {Provider.UNIPILE: "Unipile", Provider.EMAILBISON: "EmailBison", Provider.INSTANTLY: "Instantly"}

MAILBOX_LIMIT = 150
"""Characters of an address that the ledger's reason has room for."""
WELL = {"OK", "RECONNECTED", "SYNC_SUCCESS", "CREATION_SUCCESS"}
"""Words that are worth a look at once. Only a call that works is proof."""


def status(received: Received, event: AccountStatusEvent) -> Outcome:
    """Keep the status in the ledger; the account's health follows it."""
    locks.hold("account", received.integration.pk)
    said = f"{event.mailbox[:MAILBOX_LIMIT]}: {event.status}" if event.mailbox else event.status
    repeated = not event.event_key and _repeats(received, event, said)
    if not repeated:
        _follow(received, event)
    if event.status in WELL and not (repeated and _is_well(received.integration)):
        watch.enqueue_probe(received.integration)
    return Outcome(Verdict.DUPLICATE if repeated else Verdict.ACCEPTED, event.event_type, said)


def _follow(received: Received, event: AccountStatusEvent) -> None:
    kind = SIGNALS.get(event.status)
    if kind is not None and event.mailbox:
        health.lose_mailbox(received.integration, event.mailbox, at=received.received_at)
    elif kind is not None:
        signal = Signal(kind, f"{NAMES[received.provider]} says {event.status}.")
        health.record(received.integration, signal, at=received.received_at)


def _is_well(integration: Integration) -> bool:
    """A good word that is repeated is news where our own calls have found trouble since it was first said."""
    return health.row(integration).state not in probes.BROKEN


def _repeats(received: Received, event: AccountStatusEvent, said: str) -> bool:
    """Whether the last word that had come by then was the same, and still held."""
    told = WebhookDelivery.objects.filter(
        integration=received.integration,
        event_type__in=event.told_by or (event.event_type,),
        verdict=Verdict.ACCEPTED,
        received_at__lte=received.received_at,
    )
    if event.mailbox:
        told = told.filter(reason__startswith=said.removesuffix(event.status))
    last = told.order_by("-received_at", "-id").values_list("reason", "received_at").first()
    if last is None or last[0] != said:
        return False
    well_since = WorkspaceIntegrationHealth.objects.filter(
        integration=received.integration, recovered_at__range=(last[1], received.received_at)
    )
    return event.status not in SIGNALS or not well_since.exists()


def connected(received: Received, event: ConnectionEvent) -> Outcome:
    """The lead accepted our invitation: from now on a direct message reaches them."""
    lead = identity.find_or_create(received.workspace, event.person, received.provider).lead
    lead.linkedin_connected_at = min(filter(None, (lead.linkedin_connected_at, received.received_at)))
    lead.save(update_fields=["linkedin_connected_at", "updated_at"])
    return Outcome(Verdict.ACCEPTED, event.event_type, lead=lead)
