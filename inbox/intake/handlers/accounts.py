"""Applies a provider's status of a connected account, and records accepted LinkedIn invitations.

A status has no id and no time. A status is new if it differs from the last status of the account or mailbox, or if a
probe has since found the account healthy. So a repeated status changes nothing, and an account may break many times.
"""

from inbox.intake.receipt import DeliveryVerdict, IntakeResult, Received
from inbox.leads import identity
from inbox.models import WebhookDelivery, locks
from integrations import registry
from integrations.events import AccountStatusEvent, ConnectionEvent
from integrations.health import probes, writer
from integrations.health.writer import Signal, SignalKind
from integrations.models import Integration, WorkspaceIntegrationHealth
from integrations.registry import UnknownProvider
from integrations.spec import AccountWords

MAILBOX_LIMIT = 150
"""The maximum number of characters of an address in the delivery's reason."""


def status(received: Received, event: AccountStatusEvent) -> IntakeResult:
    """Records the status of an account, or of one of its mailboxes, in the account's health. A good status enqueues a
    probe; only a probe can mark the account as healthy.

    Raises UnknownProvider if the provider's spec declares no status words.
    """
    account = received.integration
    if account is None:
        return IntakeResult(DeliveryVerdict.IGNORED, "the account is no longer connected to this workspace")
    locks.hold("account", account.pk)
    reason = f"{event.mailbox[:MAILBOX_LIMIT]}: {event.status}" if event.mailbox else event.status
    repeated = not event.event_key and _repeats(received, event, reason)
    if not repeated:
        _follow(account, received, event)
    words = _words(received)
    if event.status in words.well and (not repeated or writer.row(account).state in probes.BROKEN):
        for loss in filter(None, (_loss_without_proof(received, account, word) for word in words.refused)):
            writer.take_back(account, loss)
        probes.enqueue_probe(account)
    return IntakeResult(DeliveryVerdict.DUPLICATE if repeated else DeliveryVerdict.ACCEPTED, reason)


def _follow(account: Integration, received: Received, event: AccountStatusEvent) -> None:
    kind = _meaning(received, event.status)
    if kind is not None and event.mailbox:
        writer.lose_mailbox(account, event.mailbox, at=received.received_at)
    elif kind is not None:
        writer.record(account, Signal(kind, _reason(received, event.status)), at=received.received_at)


def _loss_without_proof(received: Received, account: Integration, word: str) -> str:
    """Returns the reason of the loss that the status `word` reports, if only a good status can end this loss because no
    call can prove that it is over; otherwise "".
    """
    still_broken, reason = registry.spec_of(received.provider).still_broken, _reason(received, word)
    lasts = still_broken and still_broken(account, reason, "") and not still_broken(account, "", "")
    return reason if lasts else ""


def _reason(received: Received, word: str) -> str:
    return f"{registry.spec_of(received.provider).company} says {word}."


def _words(received: Received) -> AccountWords:
    words = registry.spec_of(received.provider).account_words
    if not words:
        raise UnknownProvider(f"{received.provider} reports an account’s state but declares no words for it.")
    return words


def _meaning(received: Received, word: str) -> SignalKind | None:
    words = _words(received)
    return SignalKind.REFUSED if word in words.refused else SignalKind.DOWN if word in words.down else None


def _repeats(received: Received, event: AccountStatusEvent, reason: str) -> bool:
    earlier = WebhookDelivery.objects.filter(
        integration=received.integration,
        event_type__in=event.told_by or (event.event_type,),
        verdict=DeliveryVerdict.ACCEPTED,
        received_at__lte=received.received_at,
    )
    if event.mailbox:
        earlier = earlier.filter(reason__startswith=reason.removesuffix(event.status))
    last = earlier.order_by("-received_at", "-id").values_list("reason", "received_at").first()
    if last is None or last[0] != reason:
        return False
    well_since = WorkspaceIntegrationHealth.objects.filter(
        integration=received.integration, recovered_at__range=(last[1], received.received_at)
    )
    return _meaning(received, event.status) is None or not well_since.exists()


def connected(received: Received, event: ConnectionEvent) -> IntakeResult:
    """Records when the lead first accepted our LinkedIn invitation. From then on, we may send messages to the lead."""
    lead = identity.find_or_create(received.workspace, event.person, received.provider).lead
    lead.linkedin_connected_at = min(filter(None, (lead.linkedin_connected_at, received.received_at)))
    lead.save(update_fields=["linkedin_connected_at", "updated_at"])
    return IntakeResult(DeliveryVerdict.ACCEPTED, lead=lead)
