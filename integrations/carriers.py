"""The types for sending a message through a provider: the message, its recipient, and what the provider answers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from integrations.events import Person
from jobs.deadline import Deadline

if TYPE_CHECKING:
    from integrations.models import Integration


class CannotSend(Exception):
    """Something is missing that sending needs, and nothing was sent. The text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Recipient:
    address: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The lead's message that a message of ours answers, with the provider's ids or "".

    `account_address`: our mailbox that received it. `campaign_id`: its campaign at this provider. `body`: its HTML,
    else its text. `sent_at` is aware.
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
    """A message that is to be sent through a provider.

    `html` is the text with a marker that identifies the send. `account_id` is the sender to use, "" if none was chosen.
    `since`: the provider's messages from before then are not this one. `follow_up`: the message may be the first that
    the person gets. `contact(deadline)` finds or makes the person's contact at the provider and returns its id, "" if
    that is impossible. `known_contact(deadline)` only finds it.
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
    """A provider took our message for sending. An id that it does not return is ""."""

    message_id: str = ""
    thread_id: str = ""
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One message from a provider's list of what was sent to a person. `message_id` may be "", `sent_at` None."""

    message_id: str
    sent_at: datetime | None
    body: str


Post = Callable[[Deadline], Accepted]


class Carrier(Protocol):
    """How messages are sent through one provider. `inbox.replying.sending` makes the call itself, once."""

    def prepare(self, message: Outgoing, account: "Integration", deadline: Deadline) -> Post:
        """A function that sends `message`. Preparing may read, and raises CannotSend. Nothing is sent before."""

    def listed(self, message: Outgoing, account: "Integration", deadline: Deadline) -> Iterable[Listed]:
        """Messages that the provider says were sent to the recipient, perhaps also before `message.since`."""
