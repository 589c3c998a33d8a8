"""The types by which a provider declares what it can do. What it cannot do is declared as NONE with the reason.

Each `integrations/<provider>/spec.py` makes one `Declaration`, and `integrations.registry` lists its package. The
product reads it as one flat `ProviderSpec`. No field has a default, so a forgotten capability is an error at start
(docs/adr/0038-one-declaration-per-provider.md). The functions in it use only the plain dataclasses of `integrations`:
a provider knows nothing about leads and messages of the inbox.
"""

import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from django.core.exceptions import ImproperlyConfigured

from integrations import rawjson
from integrations.attachments import Attachment
from integrations.carriers import Carrier, Listed, Outgoing
from integrations.contract import Contract
from integrations.contract import contract_of as contract_of
from integrations.events import Event, MessageEvent, MessageNotice, Person, Unusable
from integrations.meetings import Meeting
from jobs.deadline import Deadline

if TYPE_CHECKING:
    from integrations.health.checks import Test
    from integrations.models import Integration

    Listing = Callable[[Integration, datetime, Deadline], Iterator[Event | Unusable]]

CHANNELS = ("email", "sms", "linkedin")


class NONE:
    """States that the provider does not have a capability, and `why`. It counts as false."""

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
    """`declared` itself. Raises LookupError with the reason if the provider declares that it has none."""
    if isinstance(declared, NONE):
        raise LookupError(declared.why)
    return declared


class Incomplete(ImproperlyConfigured):
    """A declaration leaves something out. The message names provider, file, line and what is missing."""


Declared = TypeVar("Declared")


def complete(cls: type[Declared]) -> type[Declared]:
    """Class decorator for the parts of a declaration: making an instance without all fields raises Incomplete."""
    names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    plain_init = cls.__init__

    def __init__(self: Declared, **stated: object) -> None:
        missing, unknown = [name for name in names if name not in stated], sorted(set(stated) - set(names))
        if missing or unknown:
            caller = _caller()
            owner = stated.get("name") or caller.f_globals.get("NAME") or caller.f_globals.get("__name__")
            part = f"the {cls.__name__} of “{owner}”"
            faults = [f"{part} does not state {', '.join(missing)}"] if missing else []
            faults += [f"{part} states {', '.join(unknown)}, which nothing asks for"] if unknown else []
            raise Incomplete(
                f"{caller.f_code.co_filename}, line {caller.f_lineno}: {'; '.join(faults)}."
                " Give a value, or NONE with the reason why there is none."
            )
        plain_init(self, **stated)

    cls.__init__ = __init__  # type: ignore[method-assign,assignment]
    return cls


def _caller() -> FrameType:
    """The line of the declaration: the nearest one that stands in no function of this module."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__ and frame.f_code.co_name != "<module>" and frame.f_back:
        frame = frame.f_back
    return frame


@complete
@dataclass(frozen=True, kw_only=True)
class Setting:
    """A value that a person gives to connect an account, such as an API key."""

    name: str
    label: str
    help: str
    required: bool


@complete
@dataclass(frozen=True, kw_only=True)
class DeliveryRules:
    """Our answers to a body that we cannot use, and while we can store nothing (docs/reference/addresses.md)."""

    unusable_status: int
    unavailable_status: int
    why: str


@dataclass(frozen=True, slots=True)
class NamedTenant:
    """The one field in a webhook's signed body by which its workspace is found, or none."""

    account_id: str = ""
    workspace_id: str = ""
    lead_id: str = ""


@complete
@dataclass(frozen=True, kw_only=True)
class Signature:
    """How requests to a webhook address are authenticated that all workspaces share.

    `valid(raw, headers, now)` checks the signature. `names(body, now)` reads the tenant from a body whose signature is
    valid.
    """

    valid: Callable[[bytes, Mapping[str, str], datetime], bool]
    names: Callable[[Any, datetime], NamedTenant]


@dataclass(frozen=True, slots=True)
class SampleReply:
    """The invented reply of the button "Send a test event". `id` is new at every press; `at` is aware."""

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

    `keyed`: the address contains a workspace's own key. `signature`: how the requests of all workspaces are
    authenticated otherwise. `accepts(credentials, raw, headers, now)`: whether the signature is right that the
    account's credentials demand besides the key. `secret_headers` and `secret_field`: where the provider puts the
    shared secret. `parse(body, now)` makes the event. `account_of(body)` is the account that the body names, or "".
    `sample(reply)` makes the body of an invented reply; it names no campaign, and no id by which the provider could
    know the person. `contract`: what the address is known to get, as `contract.toml` beside the payloads declares it.
    """

    name: str
    provider: str
    keyed: bool
    signature: Signature | NONE
    decode: Callable[[bytes], Any]
    parse: Callable[[Any, datetime], Event]
    account_of: Callable[[Any], str]
    events: tuple[str, ...]
    contract: Contract
    secret_headers: tuple[str, ...]
    secret_field: str
    accepts: Callable[[dict[str, Any], bytes, Mapping[str, str], datetime], bool] | NONE
    sample: Callable[[SampleReply], dict[str, Any]] | NONE
    rules: DeliveryRules


class Payloads(Protocol):
    """A provider's module `payloads`."""

    @property
    def EVENTS(self) -> tuple[str, ...]: ...

    def parse(self, body: Any, now: datetime, /) -> Event: ...

    def account_of(self, body: Any, /) -> str: ...


def json_webhook(provider: str, name: str, payloads: Payloads, **stated: Any) -> WebhookSource:
    """A webhook address with a workspace's own key, to which the provider posts the JSON that `payloads` reads.
    `stated` are the other fields of WebhookSource. Raises Incomplete without one of them.
    """
    return WebhookSource(
        name=name,
        provider=provider,
        keyed=True,
        signature=NONE("The key in the address opens it."),
        decode=rawjson.parse,
        parse=payloads.parse,
        account_of=payloads.account_of,
        events=payloads.EVENTS,
        contract=contract_of(payloads, name),
        **stated,
    )


class Counts(StrEnum):
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


def campaign_mail(provider: str, **stated: bool) -> tuple[MessageSource, ...]:
    """The sources of a provider that mails campaigns: <provider>_reply, <provider>_sent and <provider>_bounce.
    `stated` is `flags_interest` of the replies. Raises Incomplete without it.
    """
    reply, sent, bounce = (f"{provider}_{kind}" for kind in ("reply", "sent", "bounce"))
    no_bounce = NONE("Its messages are no replies.")
    return (
        MessageSource(name=reply, counts=Counts.ANSWER, bounces=bounce, names_account=False, **stated),
        MessageSource(
            name=sent, counts=Counts.STEP, bounces=no_bounce, flags_interest=False, names_account=False
        ),
        MessageSource(
            name=bounce, counts=Counts.BOUNCE, bounces=no_bounce, flags_interest=False, names_account=False
        ),
    )


@complete
@dataclass(frozen=True, kw_only=True)
class AccountWords:
    """The provider's words for an account's or mailbox's state. Any other word says nothing."""

    refused: frozenset[str]
    down: frozenset[str]
    well: frozenset[str]


@complete
@dataclass(frozen=True, kw_only=True)
class StopCampaign:
    """How a provider's campaign is stopped for one person. Only a person can start it again, on the provider's pages.

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
    """The cheap read call that proves that an account works. `applies` says whether an account can make it."""

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
class Names:
    name: str
    """In the database and in logs: at most 20 small letters."""
    label: str
    """On pages and in sentences about connecting it."""
    known_as: str
    """In the banner: what people call the account ("LinkedIn")."""
    company: str
    """In sentences about what it reports ("Unipile says DELETED")."""
    aliases: tuple[str, ...]
    """Other names that the command `connect_integration` accepts."""


@complete
@dataclass(frozen=True, kw_only=True)
class Calls:
    hosts: tuple[str, ...]
    """The hosts, with their subdomains, at which an account may be."""
    ports: Collection[int]
    """Ports besides 443 at which these hosts may be called."""
    base_url: Callable[[], str] | NONE
    """The address of calls if an account has none of its own. It returns "" if the operator has set none."""
    operator_urls: Callable[[], Collection[str]] | NONE
    """Further addresses that the operator has set. Calls may go there too."""
    call_limit: CallLimit | NONE


@complete
@dataclass(frozen=True, kw_only=True)
class Connecting:
    account_id: Setting | NONE
    """The provider's id of the account (`external_account_id`). If it is NONE, a workspace has only one account."""
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


@complete
@dataclass(frozen=True, kw_only=True)
class Messages:
    sources: tuple[MessageSource, ...] | NONE
    channel: str | NONE
    """The channel of its messages: one of CHANNELS."""
    opens_channel: bool | NONE
    """Whether it can carry the first message to somebody who has not written through it yet."""
    carrier: Carrier | NONE
    newer: "Callable[[Outgoing, Integration, Deadline], Iterable[Listed]] | NONE"
    """Lists what went out since the person wrote (docs/adr/0024-gates-give-reasons.md)."""
    sends: frozenset[str] | NONE
    """The client's operations that send. If an account refuses to send, only these prove that it works again."""
    contacts: "Callable[[Integration], Any] | NONE"
    """Makes a client for the provider's contacts (inbox.leads.crm)."""
    stop_campaign: StopCampaign | NONE
    history: History | NONE
    read_message: "Callable[[Integration, MessageNotice, Deadline], MessageEvent | None] | NONE"
    """The message that a webhook named by its ids alone, as `Lists.replies` reads it; None if no person wrote one."""
    files: Files | NONE
    """The reason of NONE stands beside a file, and says where people find it."""
    pauses_follow_ups: str | NONE
    """What follow-ups wait for while it is disconnected, as a reason for people ("EmailBison is disconnected")."""


@complete
@dataclass(frozen=True, kw_only=True)
class Lists:
    """What the provider lists, by the kinds that a receipt counts (DayReceipt.Kind), or why it cannot be compared.

    A function yields everything since a moment (aware) as the events that webhooks would have brought, and what is no
    event as Unusable. One function may serve several kinds. It raises if the list breaks off.
    """

    poll_every: timedelta | NONE
    """How often the lists are compared even if nothing is known to be missing."""
    replies: "Listing | NONE"
    sent: "Listing | NONE"
    opt_outs: "Listing | NONE"
    bounces: "Listing | NONE"
    appointments: "Listing | NONE"


@complete
@dataclass(frozen=True, kw_only=True)
class Login:
    """A page of the provider on which the owner of an account logs in again."""

    reconnect: "Callable[[Integration, datetime, str, Deadline], str] | NONE"
    """Makes the page, given its expiry and the address to return to."""
    forget_owner: "Callable[[Integration], None] | NONE"
    """Forgets what is known about the account's owner, because the account's id has changed. It does not save."""
    former_ids: "Callable[[Integration], frozenset[str]] | NONE"
    """The account's other ids of before, with the same owner, who may answer what came to them."""


@complete
@dataclass(frozen=True, kw_only=True)
class Health:
    """How the product knows whether an account works, and what people read about it."""

    probe: Probe | NONE
    checks: "tuple[tuple[str, Callable[[Test], str]], ...]"
    """Labels and checks, each building on the one before. A check returns a text, or raises `health.checks.Wrong`."""
    account_words: AccountWords | NONE
    no_proof: frozenset[str] | NONE
    """Operations that succeed even if the account does not work."""
    still_broken: "Callable[[Integration, str, str], bool] | NONE"
    """Whether an account that is broken for a reason stays broken although an operation succeeded."""
    refusals: Mapping[str, str]
    """The provider's own error codes in words for people."""
    stopped: str | NONE
    """What does not work while the account is disconnected, as a sentence. If it has a channel, the channel says it."""


@dataclass(frozen=True, kw_only=True)
class ProviderSpec(Names, Calls, Connecting, Messages, Lists, Login, Health):
    webhooks: tuple[WebhookSource, ...] | NONE
    calendar: Calendar | NONE

    @property
    def is_connected_here(self) -> bool:
        """Whether there is something to set."""
        return bool(self.all_settings)

    @property
    def all_settings(self) -> tuple[Setting, ...]:
        return (*([self.account_id] if self.account_id else []), *self.secrets, *self.settings)


@complete
@dataclass(frozen=True, kw_only=True)
class Declaration:
    """Everything that a provider can do, in groups. A group that is NONE makes each of its capabilities NONE."""

    names: Names
    calls: Calls
    connecting: Connecting
    webhooks: tuple[WebhookSource, ...] | NONE
    messages: Messages | NONE
    lists: Lists | NONE
    calendar: Calendar | NONE
    login: Login | NONE
    health: Health

    def spec(self) -> ProviderSpec:
        groups = {
            Names: self.names,
            Calls: self.calls,
            Connecting: self.connecting,
            Messages: self.messages,
            Lists: self.lists,
            Login: self.login,
            Health: self.health,
        }
        capabilities: dict[str, Any] = {
            field.name: group if isinstance(group, NONE) else getattr(group, field.name)
            for kind, group in groups.items()
            for field in fields(kind)
        }
        return ProviderSpec(webhooks=self.webhooks, calendar=self.calendar, **capabilities)


# Settings and reasons that many providers have.
API_KEY = Setting(name="api_key", label="API key", help="", required=True)
BASE_URL = Setting(
    name="base_url",
    label="Address of the API",
    help="Leave empty for the provider’s own. Another address needs the key again.",
    required=False,
)
STOP_LABELS = Setting(
    name="stop_labels",
    label="Labels that mean “do not contact”",
    help="Their names, with commas between them. “Do not contact” always does.",
    required=False,
)
BASE_URL_ALONE = NONE("The operator sets no address beside the base URL.")
WAITS_AT_429 = NONE("No calls are counted; one that it refuses with 429 is made again later.")
KEY_PER_ACCOUNT = NONE("Each account has a key of its own.")
KEY_IS_ENOUGH = NONE("The required settings are all that it needs.")
SIGNS_NOTHING = NONE("It signs nothing.")
NO_MESSAGES = NONE("It carries no messages.")
WHOLE_MESSAGES = NONE("Its webhooks hold the message itself.")
NO_LISTS = NONE("It lists nothing that is counted here.")
NO_CALENDAR = NONE("It has no calendar.")
NO_CONTACTS = NONE("It has no contacts.")
NEW_KEY = NONE("A new key is put in under Settings.")
KEY_PROVES_ALL = NONE("Whatever works proves that the key does.")
CHANNEL_STOPS = NONE("Its channel says it.")


def any_account(_account: "Integration") -> Literal[True]:
    """For a probe that every account can make."""
    return True


def has_secrets(account: "Integration") -> bool:
    """Whether the account has credentials of its own, even if they cannot be read. Decrypts nothing."""
    return account.has_secrets


def label_words(label: str) -> str:
    """The words of a provider's label without capitals and punctuation: "Do-Not_Contact!" is "do not contact"."""
    return " ".join(re.sub(r"[\W_]+", " ", label).split()).casefold()
