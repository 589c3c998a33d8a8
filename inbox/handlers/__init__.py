"""What each kind of event does to a workspace, inside intake's transaction."""

from inbox import buttons
from inbox.handlers import accounts, bookings, bounces, enrichments, messages, optouts, words
from inbox.intake import Outcome, Received, Verdict
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


def ignore(_received: Received, event: IgnoredEvent) -> Outcome:
    """Nothing but the ledger row."""
    return Outcome(Verdict.IGNORED, event.event_type, event.reason)


HANDLERS = {
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


def handle(received: Received, event: Event) -> Outcome:
    """The outcome of `event`, by its kind."""
    return HANDLERS[type(event)](received, event)
