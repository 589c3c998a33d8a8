"""The types by which a provider declares what it can do. What it cannot do is declared as NONE with the reason.

Each `integrations/<provider>/spec.py` makes one `ProviderSpec`, and `integrations.registry` lists its package.
Everything that the product knows about a provider is derived from this declaration. No field has a default, so a
forgotten capability is an error at start and never a guess
(docs/adr/0038-one-declaration-per-provider.md). The functions in it use only the plain
dataclasses of `integrations`: a provider knows nothing about leads and messages of the inbox.
"""

import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from django.core.exceptions import ImproperlyConfigured

from integrations.attachments import Attachment
from integrations.carriers import Carrier, Listed, Outgoing
from integrations.events import Event, MessageEvent, Person
from integrations.meetings import Meeting
from jobs.deadline import Deadline

if TYPE_CHECKING:
    from integrations.health.checks import Test
    from integrations.models import Integration

CHANNELS = ("email", "sms", "linkedin")


class NONE:
    """States, in a provider's declaration, that the provider does not have a capability.

    `why` is the reason, as a sentence for readers. It counts as false.
    """

    def __init__(self, why: str) -> None:
        if not why.strip():
            raise ImproperlyConfigured("NONE needs a reason: say in a sentence why there is none.")
        self.why = why

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return f"NONE({self.why!r})"


Value = TypeVar("Value")


def stated(declared: Value | NONE) -> Value:
    """The value of a capability that the provider must have: `declared` itself. Raises LookupError with the reason if
    the provider declares that it has none.
    """
    if isinstance(declared, NONE):
        raise LookupError(declared.why)
    return declared


class Incomplete(ImproperlyConfigured):
    """The declaration of a provider leaves something out. The message names provider, file,
    line and what is missing.
    """


Declared = TypeVar("Declared")


def complete(cls: type[Declared]) -> type[Declared]:
    """Class decorator for the parts of a provider's declaration: making an instance without all fields raises
    Incomplete.

    The error says which fields are missing and where the declaration is.
    """
    names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    plain_init = cls.__init__

    def __init__(self: Declared, **stated: object) -> None:
        missing, unknown = [name for name in names if name not in stated], sorted(set(stated) - set(names))
        if missing or unknown:
            caller = sys._getframe(1)
            where = f"{caller.f_code.co_filename}, line {caller.f_lineno}"
            whose = f"the {cls.__name__} of “{stated.get('name', caller.f_globals.get('__name__'))}”"
            faults = [f"{whose} does not state {', '.join(missing)}"] if missing else []
            faults += [f"{whose} states {', '.join(unknown)}, which nothing asks for"] if unknown else []
            raise Incomplete(
                f"{where}: {'; '.join(faults)}. Give a value, or NONE with the reason why there is none."
            )
        plain_init(self, **stated)

    cls.__init__ = __init__  # type: ignore[method-assign,assignment]
    return cls


@complete
@dataclass(frozen=True, kw_only=True)
class Setting:
    """One value that a person gives to connect a provider account, such as an API key.

    If it is `required`, the account does not work without it.
    """

    name: str
    label: str
    help: str
    required: bool


@complete
@dataclass(frozen=True, kw_only=True)
class DeliveryRules:
    """Which HTTP status we answer to a provider's webhook that we cannot use or store.

    It depends on how the provider treats our answers.

    `unusable_status` is for an authenticated body that we cannot use, `unavailable_status` for times when we cannot
    store anything. `why` is the provider's rule. All answers are in docs/reference/addresses.md, Answers.
    """

    unusable_status: int
    unavailable_status: int
    why: str


@dataclass(frozen=True, slots=True)
class NamedTenant:
    """What the signed body of a webhook names, by which its workspace is found: one of these fields, or none of them.

    `account_id` is the provider's id of the account.
    """

    account_id: str = ""
    workspace_id: str = ""
    lead_id: str = ""


@complete
@dataclass(frozen=True, kw_only=True)
class Signature:
    """How requests to a webhook address are authenticated that all workspaces share.

    `valid(raw, headers, now)` checks the signature. `names(value, now)` says what the decoded body names; it is called
    only for a body whose signature is valid.
    """

    valid: Callable[[bytes, Mapping[str, str], datetime], bool]
    names: Callable[[Any, datetime], NamedTenant]


@dataclass(frozen=True, slots=True)
class SampleReply:
    """The invented reply that the button "Send a test event" brings in, for a provider to put into its own form.

    `id` is another one at every press. `account_id` is the provider's id of our account, or "". `at` is aware.
    """

    id: str
    person: Person
    subject: str
    text: str
    account_id: str
    at: datetime


@complete
@dataclass(frozen=True, kw_only=True)
class WebhookSource:
    """The declaration of a webhook address to which a provider posts events. Its `name` is a part of the address.

    `keyed`: the address contains a workspace's own key. `signature`: how the requests of all workspaces
    are authenticated otherwise. `accepts(credentials, raw, headers, now)`: whether the signature is right
    that the account's credentials demand besides the key. `secret_headers` and `secret_field`: where the
    provider puts the shared secret. `parse(value, now)` makes an event from a decoded body. `account_of`
    is the account that the body names, or "". `sample(reply)` makes the body by which the provider would
    bring an invented reply. It names no campaign, and nothing by which the provider could know the person.
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
    accepts: Callable[[dict[str, Any], bytes, Mapping[str, str], datetime], bool] | NONE
    sample: Callable[[SampleReply], dict[str, Any]] | NONE
    rules: DeliveryRules


class Counts(StrEnum):
    """What a message of ours counts as by the source that it comes from: an answer to the lead, a campaign's step, or a
    bounce.
    """

    ANSWER = "answer"  # a person or this product wrote it to this lead
    STEP = "step"  # a campaign sent it, so it answers nothing
    BOUNCE = "bounce"  # a report that our mail came back, which no person wrote


@complete
@dataclass(frozen=True, kw_only=True)
class MessageSource:
    """One list of messages at the provider, within which `MessageEvent.external_id` is unique.

    `bounces`: the source for bounce reports that come as ordinary replies of this source. `flags_interest`: a reply's
    events say whether the provider's people marked it as interested. `names_account`: `MessageEvent.account_id` is the
    provider's id of the account; for other sources it is a mailbox of the account.
    """

    name: str
    counts: Counts
    bounces: str | NONE
    flags_interest: bool
    names_account: bool


@complete
@dataclass(frozen=True, kw_only=True)
class AccountWords:
    """The provider's words for the state of an account or mailbox, by meaning: `refused` (a person must act), `down`
    (the provider cannot reach it), `well`. Any other word says nothing.
    """

    refused: frozenset[str]
    down: frozenset[str]
    well: frozenset[str]


@complete
@dataclass(frozen=True, kw_only=True)
class StopCampaign:
    """How a provider's campaign is stopped for one person.

    `known_by`: the field of Person by which the provider knows a lead. `stop(account, campaign id, person, deadline)`
    stops the campaign's mails to the person and returns what it did, as text. It may be called again for the same
    person.
    """

    known_by: str
    stop: "Callable[[Integration, str, Person, Deadline], str]"


@complete
@dataclass(frozen=True, kw_only=True)
class History:
    """How to read from a provider what was sent to a person before.

    `known_by`: the field of Person that the provider needs. `read(account, person, deadline)` returns outbound events
    with `listed` set, in any order.
    """

    known_by: str
    read: "Callable[[Integration, Person, Deadline], list[MessageEvent]]"


@complete
@dataclass(frozen=True, kw_only=True)
class Files:
    """How a file that came with a message is fetched from a provider.

    `needs`: the field of Attachment without which it cannot be. `fetch(account, message id, attachment, deadline)`
    returns the file's bytes, at most attachments.LARGEST, and raises the errors of calls.
    """

    needs: Literal["id", "url"]
    fetch: "Callable[[Integration, str, Attachment, Deadline], bytes]"


@complete
@dataclass(frozen=True, kw_only=True)
class Calendar:
    """How to read meetings and free times from a provider's calendar.

    `choice`: the setting that names the calendar or kind of meeting to offer. `free_times(account, choice, start, end,
    deadline)` returns aware times. `meetings(account, person, booked, deadline)` returns a person's meetings; `booked`
    has the ids of meetings that webhooks reported, each with its event's address.
    """

    choice: str
    free_times: "Callable[[Integration, str, datetime, datetime, Deadline], list[datetime]]"
    meetings: "Callable[[Integration, Person, Mapping[str, str], Deadline], list[Meeting]]"


@complete
@dataclass(frozen=True, kw_only=True)
class Probe:
    """The cheap read call (`read`) that proves that a provider account works. `applies`
    says whether it can be made for an account.
    """

    read: "Callable[[Integration, Deadline], object]"
    applies: "Callable[[Integration], bool]"


@complete
@dataclass(frozen=True, kw_only=True)
class CallLimit:
    """The most calls to a provider with one account in any `window_s` seconds, over all processes."""

    calls: int
    window_s: float


@complete
@dataclass(frozen=True, kw_only=True)
class ProviderSpec:
    """Everything that a provider can do. Each field is a value or a function, or NONE with the reason."""

    # Its names
    name: str
    """Our name of the provider in the database and in logs. At most 20 small letters."""
    label: str
    """Its name on pages and in sentences about connecting it."""
    known_as: str
    """Its name in the banner: what people call the account ("LinkedIn")."""
    company: str
    """Its name in sentences about what it reports ("Unipile says DELETED")."""
    aliases: tuple[str, ...]
    """Other names that the command `connect_integration` accepts."""

    # Where its calls go
    hosts: tuple[str, ...]
    """The hosts, with their subdomains, at which an account may be."""
    ports: Collection[int] | NONE
    """Ports besides 443 that these hosts may be called at."""
    base_url: Callable[[], str] | NONE
    """The address of calls if an account has none of its own. It returns "" if the operator has set none."""
    operator_urls: Callable[[], Collection[str]] | NONE
    """Addresses that the operator has set. Calls may go there too."""
    call_limit: CallLimit | NONE

    # What an account is connected with
    account_id: Setting | NONE
    """The provider's id of the account, stored in `external_account_id`.

    If it is NONE, a workspace has only one account.
    """
    secrets: tuple[Setting, ...]
    settings: tuple[Setting, ...]
    key: str | NONE
    """The secret that every call to the base URL carries. Other secrets are not sent."""
    installation_key: Callable[[], str] | NONE
    """The operator's own key, for accounts without one. It opens the accounts of every workspace."""
    key_made_at: str | NONE
    """Where a person makes a new key ("SmartLead under Settings, API Key")."""
    usable: "Callable[[Integration], bool]"
    """Whether an account has everything that its calls need."""
    lacks: "Callable[[Integration], tuple[str, str] | None] | NONE"
    """The setting that is missing, with a sentence. For conditions that `required` of one setting cannot express."""

    # What comes from it
    webhooks: tuple[WebhookSource, ...] | NONE
    sources: tuple[MessageSource, ...] | NONE
    account_words: AccountWords | NONE

    # What goes out by it
    channel: str | NONE
    """The channel of its messages: one of CHANNELS."""
    opens_channel: bool
    """Whether it can carry the first message to somebody who has not written through it yet."""
    carrier: Carrier | NONE
    newer: "Callable[[Outgoing, Integration, Deadline], Iterable[Listed]] | NONE"
    """Lists what went out to the person, at least all since they wrote what the message answers.

    It is read right before a message that no person pressed goes out (docs/adr/0024-gates-give-reasons.md).
    """
    sends: frozenset[str] | NONE
    """The client's operations that send a message.

    If an account refuses to send, only these prove that it works again.
    """
    contacts: "Callable[[Integration], Any] | NONE"
    """Makes a client for the provider's contacts (inbox.leads.crm)."""

    # Its campaigns
    stop_campaign: StopCampaign | NONE
    start_campaign: NONE
    """A stopped campaign is started again by a person on the provider's pages. The reason says where."""

    # What was missed
    history: History | NONE
    backfill: "Callable[[Integration, datetime, Deadline], Iterator[MessageEvent]] | NONE"
    """All messages that the provider has since a moment, as the events that its webhooks would have brought."""
    poll_every: timedelta | NONE
    """How often `backfill` is called even if nothing is known to be missing."""

    # What came with its messages
    files: Files | NONE
    """The reason why there is none stands beside a file, and says where people find it."""

    # What people book
    calendar: Calendar | NONE

    # How its accounts are
    probe: Probe | NONE
    checks: "tuple[tuple[str, Callable[[Test], str]], ...]"
    """The test behind the button on an account's card: labels and checks, each building on the one before.

    A check returns what it found, as text for people, and raises `health.checks.Wrong` or a ProviderError if something
    is wrong.
    """
    reconnect: "Callable[[Integration, datetime, str, Deadline], str] | NONE"
    """Makes a page of the provider on which the owner logs in again, given its expiry and the address to return to."""
    forget_owner: "Callable[[Integration], None] | NONE"
    """Forgets what is known about the account's owner, because the account's id has changed. It does not save."""
    no_proof: frozenset[str] | NONE
    """Operations that succeed even if the account does not work."""
    still_broken: "Callable[[Integration, str, str], bool] | NONE"
    """Whether an account that is broken for a reason stays broken although an operation succeeded."""
    refusals: Mapping[str, str] | NONE
    """The provider's own error codes in words for people."""
    stopped: str | NONE
    """What does not work while the account is disconnected, as a sentence. If it has a channel, the channel says it."""
    pauses_follow_ups: str | NONE
    """What follow-ups wait for while it is disconnected, as a reason for people ("EmailBison is disconnected")."""

    @property
    def is_connected_here(self) -> bool:
        """Whether workspaces connect accounts of this provider themselves, which means that
        there is something to set.
        """
        return bool(self.all_settings)

    @property
    def all_settings(self) -> tuple[Setting, ...]:
        """All settings of an account of this provider, in the order of its form."""
        return (*([self.account_id] if self.account_id else []), *self.secrets, *self.settings)


API_KEY = Setting(name="api_key", label="API key", help="", required=True)
STOP_LABELS = Setting(
    name="stop_labels",
    label="Labels that mean “do not contact”",
    help="Their names, with commas between them. “Do not contact” always does.",
    required=False,
)


def label_words(label: str) -> str:
    """The words of a provider's label without capitals and punctuation: "Do-Not_Contact!" is "do not contact"."""
    return " ".join(re.sub(r"[\W_]+", " ", label).split()).casefold()


BASE_URL = Setting(
    name="base_url",
    label="Address of the API",
    help="Leave empty for the provider’s own. Another address needs the key again.",
    required=False,
)
"""Settings that many providers have."""
