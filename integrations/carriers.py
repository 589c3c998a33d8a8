"""The types for sending a message through a provider: the message, its recipient, and the provider's response."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from integrations.events import Person
from jobs.deadline import Deadline

if TYPE_CHECKING:
    from integrations.models import Integration


class CannotSend(Exception):
    """Nothing was sent, because something that the send needs is missing. The message is a sentence for users."""


@dataclass(frozen=True, slots=True)
class Recipient:
    address: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The lead's message that we answer. An id that the provider does not have is "".

    `account_address` is our mailbox that received it, and `campaign_id` its campaign at this provider. `body` is its
    HTML, or else its text. `sent_at` is an aware datetime.
    """

    external_id: str
    thread_id: str
    account_address: str
    subject: str
    body: str
    sent_at: datetime
    campaign_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to send through a provider.

    `html` is the text with a marker that identifies the send. `account_id` is the sender to use, or "". A message in
    the provider's list with a time before `since` cannot be this message. `follow_up` is true if the message may be the
    first one that the person gets. `contact(deadline)` finds or creates the person's contact at the provider and
    returns its id, or "" if that is impossible. `known_contact(deadline)` finds a contact but never creates one.
    """

    person: Person
    text: str
    html: str
    subject: str
    to: tuple[Recipient, ...]
    cc: tuple[Recipient, ...]
    answers: Answered | None
    account_id: str
    since: datetime
    follow_up: bool
    contact: Callable[[Deadline], str]
    known_contact: Callable[[Deadline], str]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider accepted our message for sending. An id that the provider does not return is ""."""

    message_id: str = ""
    thread_id: str = ""
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A message in a provider's list of messages that were sent to a person. `message_id` may be "", `sent_at` None."""

    message_id: str
    sent_at: datetime | None
    body: str


Post = Callable[[Deadline], Accepted]


class Carrier(Protocol):
    """The interface for sending messages through one provider. `inbox.replying.sending` makes the call itself, once."""

    def prepare(self, message: Outgoing, account: "Integration", deadline: Deadline) -> Post:
        """Returns a function that sends `message`, and until then only reads. Raises CannotSend."""

    def listed(self, message: Outgoing, account: "Integration", deadline: Deadline) -> Iterable[Listed]:
        """Yields messages that the provider sent to the recipient. Some may be older than `message.since`."""
