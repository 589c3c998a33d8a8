"""A message on its way out, as a provider sees it: what to say, to whom, in answer to what."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from integrations.events import Person
from jobs.deadline import Deadline

if TYPE_CHECKING:
    from integrations.models import Integration


class CannotSend(Exception):
    """Something that the call needs is missing, and nothing was sent; the text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Recipient:
    address: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The message that is answered, by the provider's own ids.

    `account_address`: our mailbox that got it. `campaign_id`: its campaign at the carrying provider, "" for none.
    """

    external_id: str
    thread_id: str
    account_address: str
    subject: str
    campaign_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """`html`: the text with a mark that names the send. `account_id`: the sender it goes by, "" where none is chosen.

    `since`: nothing that the provider lists from before then is this message. `follow_up`: it may be the first that the
    person gets. `contact(deadline)`: the provider's id of the person's contact, found or made; "" where that cannot be;
    `known_contact(deadline)` makes none.
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
    """The provider took the message. `message_id` is "" where it does not say which one it made."""

    message_id: str = ""
    thread_id: str = ""
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One message in the provider's own list of what was sent."""

    message_id: str
    sent_at: datetime | None
    body: str


Post = Callable[[Deadline], Accepted]


class Carrier(Protocol):
    """How a provider is spoken to. The call itself is made once, by `inbox.replying.sending`."""

    def prepare(self, message: Outgoing, account: "Integration", deadline: Deadline) -> Post:
        """The call that sends `message`. May read from the provider; raises CannotSend, and what the reads raise."""

    def listed(self, message: Outgoing, account: "Integration", deadline: Deadline) -> Iterable[Listed]:
        """What the provider lists as sent to this person, newest first: where an unknown end is looked for."""
