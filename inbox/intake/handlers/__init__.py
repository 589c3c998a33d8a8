"""Maps each kind of event to the function that applies it to a workspace, inside intake's transaction."""

from collections.abc import Callable
from typing import Any

from inbox.intake.handlers import accounts, bookings, bounces, buttons, enrichments, messages, optouts, words
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
    MessageEvent,
    TagEvent,
    UnsubscribeEvent,
)


def ignore(_received: Received, event: IgnoredEvent) -> IntakeResult:
    """Does nothing with an event that needs nothing done. Its webhook request is recorded as ignored."""
    return IntakeResult(DeliveryVerdict.IGNORED, event.event_type, event.reason)


HANDLERS: dict[type[Event], Callable[[Received, Any], IntakeResult]] = {
    MessageEvent: messages.handle,
    BounceEvent: bounces.handle,
    UnsubscribeEvent: optouts.handle,
    TagEvent: words.handle,
    AccountStatusEvent: accounts.status,
    ConnectionEvent: accounts.connected,
    EnrichmentEvent: enrichments.handle,
    BookingEvent: bookings.handle,
    ButtonEvent: buttons.press,
    IgnoredEvent: ignore,
}


def handle(received: Received, event: Event) -> IntakeResult:
    """Applies `event`, which a webhook request brought, by the handler of its type, and returns the result."""
    return HANDLERS[type(event)](received, event)
