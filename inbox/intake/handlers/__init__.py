"""Maps each kind of event to the function that applies it to a workspace in the transaction of the intake."""

from collections.abc import Callable
from typing import Any

from inbox.intake.handlers import accounts, bookings, buttons, enrichments, messages, optouts
from inbox.intake.messages import gone
from inbox.intake.receipt import DeliveryVerdict, IntakeResult, Received
from integrations.events import (
    AccountStatusEvent,
    BookingEvent,
    BounceEvent,
    ButtonEvent,
    ConnectionEvent,
    EnrichmentEvent,
    Event,
    IgnoredEvent,
    LabelEvent,
    MessageEvent,
    MessageNotice,
    TagEvent,
    UnsubscribeEvent,
)


def ignore(_received: Received, event: IgnoredEvent) -> IntakeResult:
    return IntakeResult(DeliveryVerdict.IGNORED, event.reason)


HANDLERS: dict[type[Event], Callable[[Received, Any], IntakeResult]] = {
    MessageEvent: messages.handle,
    MessageNotice: messages.notice,
    BounceEvent: messages.handle_bounce,
    UnsubscribeEvent: optouts.handle,
    LabelEvent: optouts.labelled,
    TagEvent: optouts.tagged,
    AccountStatusEvent: accounts.status,
    ConnectionEvent: accounts.connected,
    EnrichmentEvent: enrichments.handle,
    BookingEvent: bookings.handle,
    ButtonEvent: buttons.press,
    IgnoredEvent: ignore,
}


def handle(received: Received, event: Event) -> IntakeResult:
    """Applies `event` with the handler for its type. Must run in a transaction.

    A message that was erased with its person is not stored again, not even in part.
    """
    if isinstance(event, MessageEvent) and gone(received, event):
        received.body, received.headers = b"", {}
        return IntakeResult(DeliveryVerdict.IGNORED, "erased together with the lead")
    return HANDLERS[type(event)](received, event)
