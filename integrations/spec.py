"""What a provider declares: everything it can do, or NONE with the reason why it cannot.

Each `integrations/<provider>/spec.py` makes one `ProviderSpec`, and `integrations.registry` has a line for it. All that
the product must know of a provider is derived from there. No field has a default value: a capability that somebody
forgot is an error at start, and never a guess (docs/adr/0042). Functions take and give the plain dataclasses of
`integrations`; what a lead or a message is, no provider knows.
"""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from integrations.events import Event, MessageEvent, Person
from integrations.meetings import Meeting
from integrations.outgoing import Carrier
from jobs.deadline import Deadline

if TYPE_CHECKING:
    from integrations.checks import Test
    from integrations.models import Integration

CHANNELS = ("email", "sms", "linkedin")


class NONE:
    """A capability that a provider does not have. `why`: a sentence for whoever reads the declaration. It is false."""

    def __init__(self, why: str) -> None:
        if not why.strip():
            raise ImproperlyConfigured("NONE needs a reason: say in a sentence why there is none.")
        self.why = why

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"NONE({self.why!r})"


class Incomplete(ImproperlyConfigured):
    """A declaration that leaves something out. The message names provider, file, line and what is missing."""


Declared = TypeVar("Declared")


def complete(cls: type[Declared]) -> type[Declared]:
    """Have a dataclass say which of its fields a declaration has left out, of which provider, and where it stands."""
    names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    made = cls.__init__

    def __init__(self: Declared, **given: object) -> None:
        missing, unknown = [name for name in names if name not in given], sorted(set(given) - set(names))
        if missing or unknown:
            caller = sys._getframe(1)
            where = f"{caller.f_code.co_filename}, line {caller.f_lineno}"
            whose = f"the {cls.__name__} of “{given.get('name', caller.f_globals.get('__name__'))}”"
            said = [f"{whose} does not state {', '.join(missing)}"] if missing else []
            said += [f"{whose} states {', '.join(unknown)}, which nothing asks for"] if unknown else []
            raise Incomplete(
                f"{where}: {'; '.join(said)}. Give a value, or NONE with the reason why there is none."
            )
        made(self, **given)

    cls.__init__ = __init__  # type: ignore[method-assign,assignment]
    return cls


@complete
@dataclass(frozen=True, kw_only=True)
class Setting:
    """One value that an account is connected with. `required`: the account does not work without it."""

    name: str
    label: str
    help: str
    required: bool


@complete
@dataclass(frozen=True, kw_only=True)
class DeliveryRules:
    """How a provider treats our answers, and therefore which status an unlucky delivery gets.

    `unusable_status` answers an authenticated body that we cannot use; `unavailable_status` answers while we cannot
    store anything. `why` is the provider's rule. All answers: docs/reference/addresses.md, Answers.
    """

    unusable_status: int
    unavailable_status: int
    why: str


@dataclass(frozen=True, slots=True)
class NamedTenant:
    """Whom a signed body means: one of these, else nobody. `account_id`: what the provider calls the account."""

    account_id: str = ""
    workspace_id: str = ""
    lead_id: str = ""


@complete
@dataclass(frozen=True, kw_only=True)
class Signature:
    """What opens an address that all workspaces share. `valid(raw, headers, now)`; `names(value, now)` says whom a
    decoded body means, and is asked of bytes alone whose signature was found good."""

    valid: Callable[[bytes, Mapping[str, str], datetime], bool]
    names: Callable[[Any, datetime], NamedTenant]


@complete
@dataclass(frozen=True, kw_only=True)
class WebhookSource:
    """One kind of webhook address. `name` stands in it.

    `secret_headers` and `secret_field` are the provider's own places for the shared secret. `parse(value, now)` makes
    an event of a decoded body, `account_of` names the account that it is about, "" where it names none. `keyed`: a
    workspace's own key opens it; `signature`: what opens it for all workspaces.
    `accepts(credentials, raw, headers, now)` says whether the signature is right that the integration's credentials ask
    for on top of the key.
    """

    name: str
    provider: str
    keyed: bool
    signature: Signature | NONE
    decode: Callable[[bytes], Any]
    parse: Callable[[Any, datetime], Event]
    account_of: Callable[[Any], str]
    events: tuple[str, ...]
    secret_headers: tuple[str, ...]
    secret_field: str
    accepts: Callable[[dict, bytes, Mapping[str, str], datetime], bool] | NONE
    rules: DeliveryRules


class Counts(StrEnum):
    """What a message of ours is, where it comes from this source."""

    ANSWER = "answer"  # somebody wrote it to this lead
    STEP = "step"  # a running campaign sent it: it answers nothing
    BOUNCE = "bounce"  # a report that our mail came back: nobody's words


@complete
@dataclass(frozen=True, kw_only=True)
class MessageSource:
    """One list of messages at the provider, within which `MessageEvent.external_id` is unique.

    `bounces`: the source under which a failure report is kept that came as an ordinary reply of this one.
    `flags_interest`: a reply's own events say that the provider's people marked it as interested. `names_account`:
    `MessageEvent.account_id` is what the provider calls the account; with others it is a mailbox within it.
    """

    name: str
    counts: Counts
    bounces: str | NONE
    flags_interest: bool
    names_account: bool


@complete
@dataclass(frozen=True, kw_only=True)
class AccountWords:
    """What the provider's words for the state of an account, or of a mailbox, mean; other words say nothing."""

    refused: frozenset[str]
    down: frozenset[str]
    well: frozenset[str]


@complete
@dataclass(frozen=True, kw_only=True)
class StopCampaign:
    """`known_by`: the field of Person by which the provider knows a lead. `stop(account, campaign id, person,
    deadline)` ends the campaign's mails to that person and says what it found; doing it again does no harm."""

    known_by: str
    stop: "Callable[[Integration, str, Person, Deadline], str]"


@complete
@dataclass(frozen=True, kw_only=True)
class History:
    """What went out to a person before. `known_by`: the field of Person that the provider is asked by.
    `read(account, person, deadline)` gives outbound events that are `listed`, in any order."""

    known_by: str
    read: "Callable[[Integration, Person, Deadline], list[MessageEvent]]"


@complete
@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Meetings and free times. `choice`: the setting that names the calendar or kind of meeting that is offered.

    `free_times(account, choice, start, end, deadline)`: aware times. `meetings(account, person, known, deadline)`: what
    it lists for a person; `known`: the ids of meetings that its webhooks told of, each with its event's address.
    """

    choice: str
    free_times: "Callable[[Integration, str, datetime, datetime, Deadline], list[datetime]]"
    meetings: "Callable[[Integration, Person, Mapping[str, str], Deadline], list[Meeting]]"


@complete
@dataclass(frozen=True, kw_only=True)
class Probe:
    """One cheap read that proves, by working, that the account works. `applies`: whether it can be made for it."""

    read: "Callable[[Integration, Deadline], object]"
    applies: "Callable[[Integration], bool]"


@complete
@dataclass(frozen=True, kw_only=True)
class CallLimit:
    """How many calls of one account we make at most in any `window_s` seconds, over all processes."""

    calls: int
    window_s: float


@complete
@dataclass(frozen=True, kw_only=True)
class ProviderSpec:
    """Everything that a provider can do. Each field is a value or a function, or NONE with the reason."""

    # Its names
    name: str
    """Ours, in the database and in logs; at most 20 small letters."""
    label: str
    """On pages and in sentences about connecting it."""
    known_as: str
    """In the banner: what people call the account ("LinkedIn")."""
    company: str
    """Who says something about an account ("Unipile says DELETED")."""
    aliases: tuple[str, ...]
    """Other names that `connect_integration` takes."""

    # Where its calls go
    hosts: tuple[str, ...]
    """Hosts, with their subdomains, that an account's address may name."""
    ports: Collection[int] | NONE
    """Ports of these hosts beside 443."""
    base_url: Callable[[], str] | NONE
    """Where calls go where an account names no address of its own; "" where the operator has set none."""
    operator_urls: Callable[[], Collection[str]] | NONE
    """Addresses that the operator has set: calls may go there, too."""
    call_limit: CallLimit | NONE

    # What an account is connected with
    account_id: Setting | NONE
    """What the provider calls the account; kept in `external_account_id`. Without it a workspace has one account."""
    secrets: tuple[Setting, ...]
    settings: tuple[Setting, ...]
    key: str | NONE
    """The secret that every call to the base URL carries; the other secrets stay here."""
    installation_key: Callable[[], str] | NONE
    """The operator's own key, for accounts without one: it opens the accounts of every workspace."""
    key_made_at: str | NONE
    """Where a person makes a new key ("SmartLead under Settings, API Key")."""
    usable: "Callable[[Integration], bool]"
    """Whether an account has what its calls need."""
    lacks: "Callable[[Integration], tuple[str, str] | None] | NONE"
    """The setting that is missing, and a sentence: what `required` of one setting cannot say."""

    # What comes from it
    webhooks: tuple[WebhookSource, ...] | NONE
    sources: tuple[MessageSource, ...] | NONE
    account_words: AccountWords | NONE

    # What goes out by it
    channel: str | NONE
    """One of CHANNELS."""
    opens_channel: bool
    """Whether it carries the first message to somebody who has not written by it yet."""
    carrier: Carrier | NONE
    sends: frozenset[str] | NONE
    """The client's operations that send a message: of an account that refuses to send, only they prove anything."""
    contacts: "Callable[[Integration], Any] | NONE"
    """A client for the contacts that people are there (inbox.crm)."""

    # Its campaigns
    stop_campaign: StopCampaign | NONE
    start_campaign: NONE
    """What was stopped is started again by a person, at the provider. The reason says where."""

    # What was missed
    history: History | NONE
    backfill: "Callable[[Integration, datetime, Deadline], Iterator[MessageEvent]] | NONE"
    """Every message that the provider holds since a moment, as the event that its webhook would have been."""
    poll_every: timedelta | NONE
    """How often `backfill` is asked although nothing is known to be missing."""

    # What people book
    calendar: Calendar | NONE

    # How its accounts are
    probe: Probe | NONE
    checks: "tuple[tuple[str, Callable[[Test], str]], ...]"
    """The test behind a card's button: labels and checks, each building on the one before."""
    reconnect: "Callable[[Integration, datetime, str, Deadline], str] | NONE"
    """A page of the provider's on which the owner logs in again: until when it is valid, and where it leads after."""
    forget_owner: "Callable[[Integration], None] | NONE"
    """Forget (unsaved) what is known of the account's owner: its id is another one now."""
    no_proof: frozenset[str] | NONE
    """Operations that succeed for an account that does not work."""
    still_broken: "Callable[[Integration, str, str], bool] | NONE"
    """Whether an account that is broken for a reason stays so although an operation worked."""
    refusals: Mapping[str, str] | NONE
    """The provider's own codes in our words, for people."""
    stopped: str | NONE
    """What does not happen while it is disconnected, as a sentence; the channel says it where there is one."""
    pauses_follow_ups: str | NONE
    """What follow-ups over it wait for while it is disconnected ("EmailBison is disconnected")."""

    @property
    def is_connected_here(self) -> bool:
        """Whether a workspace connects its accounts itself: it has something to set."""
        return bool(self.all_settings)

    @property
    def all_settings(self) -> tuple[Setting, ...]:
        """Everything that an account is connected with, in the order of its form."""
        return (*([self.account_id] if self.account_id else []), *self.secrets, *self.settings)


API_KEY = Setting(name="api_key", label="API key", help="", required=True)
BASE_URL = Setting(
    name="base_url",
    label="Address of the API",
    help="Leave empty for the provider’s own. Another address needs the key again.",
    required=False,
)
"""Settings that many providers have."""
