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
from integrations import health, probes, registry
from integrations.events import AccountStatusEvent, ConnectionEvent
from integrations.health import Kind, Signal
from integrations.models import Integration, WorkspaceIntegrationHealth
from integrations.registry import UnknownProvider
from integrations.spec import AccountWords

MAILBOX_LIMIT = 150
"""Characters of an address that the ledger's reason has room for."""


def status(received: Received, event: AccountStatusEvent) -> Outcome:
    """Keep the status in the ledger; the account's health follows it."""
    locks.hold("account", received.integration.pk)
    said = f"{event.mailbox[:MAILBOX_LIMIT]}: {event.status}" if event.mailbox else event.status
    repeated = not event.event_key and _repeats(received, event, said)
    if not repeated:
        _follow(received, event)
    words = _words(received)
    if event.status in words.well and not (repeated and _is_well(received.integration)):
        watch.enqueue_probe(received.integration)
    return Outcome(Verdict.DUPLICATE if repeated else Verdict.ACCEPTED, event.event_type, said)


def _follow(received: Received, event: AccountStatusEvent) -> None:
    kind = _meaning(received, event.status)
    if kind is not None and event.mailbox:
        health.lose_mailbox(received.integration, event.mailbox, at=received.received_at)
    elif kind is not None:
        signal = Signal(kind, f"{registry.spec_of(received.provider).company} says {event.status}.")
        health.record(received.integration, signal, at=received.received_at)


def _words(received: Received) -> AccountWords:
    words = registry.spec_of(received.provider).account_words
    if not words:
        raise UnknownProvider(
            f"{received.provider} tells of an account’s state and declares no words for it."
        )
    return words


def _meaning(received: Received, word: str) -> Kind | None:
    """What is the matter with an account or a mailbox; None for a word that is good, or that says nothing."""
    words = _words(received)
    return Kind.REFUSED if word in words.refused else Kind.DOWN if word in words.down else None


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
    return _meaning(received, event.status) is None or not well_since.exists()


def connected(received: Received, event: ConnectionEvent) -> Outcome:
    """The lead accepted our invitation: from now on a direct message reaches them."""
    lead = identity.find_or_create(received.workspace, event.person, received.provider).lead
    lead.linkedin_connected_at = min(filter(None, (lead.linkedin_connected_at, received.received_at)))
    lead.save(update_fields=["linkedin_connected_at", "updated_at"])
    return Outcome(Verdict.ACCEPTED, event.event_type, lead=lead)
