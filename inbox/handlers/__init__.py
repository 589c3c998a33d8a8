"""What each kind of event does to a workspace, inside intake's savepoint."""

from inbox.handlers import bounces, messages, optouts
from inbox.intake import Outcome, Received, Verdict
from integrations.events import BounceEvent, Event, IgnoredEvent, MessageEvent, UnsubscribeEvent


def ignore(_received: Received, event: IgnoredEvent) -> Outcome:
    """Nothing but the ledger row."""
    return Outcome(Verdict.IGNORED, event.event_type, event.reason)


HANDLERS = {
    MessageEvent: messages.handle,
    BounceEvent: bounces.handle,
    UnsubscribeEvent: optouts.handle,
    IgnoredEvent: ignore,
}


def handle(received: Received, event: Event) -> Outcome:
    """The outcome of `event`, by its kind."""
    return HANDLERS[type(event)](received, event)
