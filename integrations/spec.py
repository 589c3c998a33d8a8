"""The types with which a provider declares its capabilities. A missing capability is declared as NONE with the reason.

Each `integrations/<provider>/spec.py` creates one `Declaration`, and `integrations.registry` lists its package. The
product reads it as one flat `ProviderSpec`. No field has a default, so a forgotten capability is an error at start
(docs/adr/0038-one-declaration-per-provider.md). The functions in a declaration use only the plain dataclasses of
`integrations`, because a provider knows nothing about the inbox's leads and messages.
"""

import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, dataclass_transform

from django.core.exceptions import ImproperlyConfigured

from integrations import rawjson
from integrations.attachments import Attachment
from integrations.carriers import Carrier, Listed, Outgoing
from integrations.contract import Contract
from integrations.contract import contract_of as contract_of
from integrations.events import Event, Meeting, MessageEvent, MessageNotice, Person, Unusable
from jobs.deadline import Deadline

if TYPE_CHECKING:
    from integrations.health.checks import Test
    from integrations.models import Integration

    Listing = Callable[[Integration, datetime, Deadline], Iterator[Event | Unusable]]

CHANNELS = ("email", "sms", "linkedin")


class NONE:
    """Declares that the provider lacks a capability, and `why`. NONE is falsy."""

    def __init__(self, why: str) -> None:
        if not why.strip():
            raise ImproperlyConfigured("NONE needs a reason, in one sentence.")
        self.why = why

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return f"NONE({self.why!r})"


Value = TypeVar("Value")


def stated(declared: Value | NONE) -> Value:
    """Returns `declared`. Raises LookupError with the reason if the provider declares NONE for this part."""
    if isinstance(declared, NONE):
        raise LookupError(declared.why)
    return declared


class Incomplete(ImproperlyConfigured):
    """A declaration is incomplete. The message names provider, file, line and the missing fields."""


Declared = TypeVar("Declared")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def declared(cls: type[Declared]) -> type[Declared]:
    """Turns a class into a part of a declaration: a frozen dataclass whose constructor raises Incomplete if a field is
    missing.
    """
    cls = dataclass(frozen=True, kw_only=True)(cls)
    names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    plain_init = cls.__init__

    def __init__(self: Declared, **stated: object) -> None:
        missing, unknown = [name for name in names if name not in stated], sorted(set(stated) - set(names))
        if missing or unknown:
            caller = _caller()
            owner = stated.get("name") or caller.f_globals.get("NAME") or caller.f_globals.get("__name__")
            part = f"the {cls.__name__} of “{owner}”"
            faults = [f"{part} does not state {', '.join(missing)}"] if missing else []
            faults += [f"{part} states unknown fields: {', '.join(unknown)}"] if unknown else []
            raise Incomplete(
                f"{caller.f_code.co_filename}, line {caller.f_lineno}: {'; '.join(faults)}."
                " Give a value, or NONE with a reason."
            )
        plain_init(self, **stated)

    cls.__init__ = __init__  # type: ignore[method-assign,assignment]
    return cls


def _caller() -> FrameType:
    """Returns the frame of the declaration: the nearest one outside this module."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__ and frame.f_code.co_name != "<module>" and frame.f_back:
        frame = frame.f_back
    return frame


@declared
class Setting:
    """A value that a user enters to connect an account, such as an API key."""

    name: str
    label: str
    help: str
    required: bool


@declared
class DeliveryRules:
    """Our responses to unusable webhooks, and to all while we can store nothing (docs/reference/addresses.md)."""

    unusable_status: int
    unavailable_status: int
    why: str


@dataclass(frozen=True, slots=True)
class NamedTenant:
    """The ids in a webhook's signed body that identify its workspace. One of them is set, or none."""

    account_id: str = ""
    workspace_id: str = ""
    lead_id: str = ""


@declared
class Signature:
    """The authentication of requests to a webhook address that all workspaces share.

    `valid(raw, headers, now)` checks the signature. `names(body, now)` reads the workspace from a verified body.
    """

    valid: Callable[[bytes, Mapping[str, str], datetime], bool]
    names: Callable[[Any, datetime], NamedTenant]


@dataclass(frozen=True, slots=True)
class SampleReply:
    """The sample reply of the button "Send a test event". `id` is new for every press; `at` is aware."""

    id: str
    person: Person
    subject: str
    text: str
    account_id: str
    at: datetime


@declared
class WebhookSource:
    """The declaration of a webhook address to which a provider posts events. The source's `name` is part of the
    webhook's URL.

    - `keyed`: the URL contains a workspace's own key.
    - `signature`: how requests are authenticated if all workspaces share the address.
    - `accepts(credentials, raw, headers, now)`: whether the signature is valid that the account's credentials require
      in addition to the key.
    - `secret_headers`, `secret_field`: where the provider puts the shared secret.
    - `parse(body, now)`: creates the event. `account_of(body)`: the account that the body names, or "".
    - `sample(reply)`: creates the body of a sample reply. The sample names no campaign, and no id that could
      exist at the provider.
    - `contract`: the known contents of requests to the address, from `contract.toml` beside the payloads.
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
    """The interface of a provider's module `payloads`."""

    @property
    def EVENTS(self) -> tuple[str, ...]: ...

    def parse(self, body: Any, now: datetime, /) -> Event: ...

    def account_of(self, body: Any, /) -> str: ...


def json_webhook(provider: str, name: str, payloads: Payloads, **stated: Any) -> WebhookSource:
    """Returns a webhook address to which the provider posts JSON that `payloads` parses. `stated` are the other fields
    of WebhookSource. Unless they say otherwise, the address has a workspace's own key.
    """
    shared: dict[str, Any] = {
        "keyed": True,
        "signature": NONE("The address contains a key instead."),
        "decode": rawjson.parse,
        "parse": payloads.parse,
        "account_of": payloads.account_of,
        "events": payloads.EVENTS,
        "contract": contract_of(payloads, name),
    }
    return WebhookSource(name=name, provider=provider, **shared | stated)


class Counts(StrEnum):
    ANSWER = "answer"  # a person or this product wrote it to this lead
    STEP = "step"  # a campaign sent it, so it answers nobody
    BOUNCE = "bounce"  # a report that our mail bounced, which no person wrote


@declared
class MessageSource:
    """A list of messages at the provider. `MessageEvent.external_id` is unique within the list.

    `bounces` is the source of bounce reports that arrive as ordinary replies of this source. `flags_interest`: whether
    a reply's events say that the provider's users marked it as interested. `names_account`: whether
    `MessageEvent.account_id` is the provider's id of the account; in other sources it is a mailbox of the account.
    """

    name: str
    counts: Counts
    bounces: str | NONE
    flags_interest: bool
    names_account: bool


def campaign_mail(provider: str, **stated: bool) -> tuple[MessageSource, ...]:
    """Returns the sources of a provider that mails campaigns: <provider>_reply, <provider>_sent and <provider>_bounce.
    `stated` is `flags_interest` of the replies. Raises Incomplete if `flags_interest` is missing.
    """
    reply, sent, bounce = (f"{provider}_{kind}" for kind in ("reply", "sent", "bounce"))
    plain: dict[str, Any] = {"bounces": NONE("Its messages aren’t replies."), "flags_interest": False}
    return (
        MessageSource(name=reply, counts=Counts.ANSWER, bounces=bounce, names_account=False, **stated),
        MessageSource(name=sent, counts=Counts.STEP, names_account=False, **plain),
        MessageSource(name=bounce, counts=Counts.BOUNCE, names_account=False, **plain),
    )


@declared
class AccountWords:
    """The provider's words for the state of an account or mailbox. Words in none of the groups say nothing."""

    refused: tuple[str, ...]
    down: tuple[str, ...]
    well: tuple[str, ...]


@declared
class StopCampaign:
    """Stops a provider's campaign for one person. Only a user can start the campaign again, at the provider.

    `known_by` is the field of Person by which the provider knows a lead. `stop(account, campaign id, person, deadline)`
    stops the campaign's mails to the person and returns what it did, as text. Stopping a campaign is safe to repeat.
    """

    known_by: str
    stop: "Callable[[Integration, str, Person, Deadline], str]"


@declared
class History:
    """Reads the earlier messages to a person from a provider.

    `known_by` is the field of Person that the provider needs. `read(account, person, deadline)` returns outbound events
    that are `listed`, in any order.
    """

    known_by: str
    read: "Callable[[Integration, Person, Deadline], list[MessageEvent]]"


@declared
class Files:
    """Fetches a file that came with a message from a provider.

    `needs` is the field of Attachment that is required. `fetch(account, message id, attachment, deadline)` returns the
    file's bytes, at most attachments.LARGEST, and raises the errors of calls.
    """

    needs: Literal["id", "url"]
    fetch: "Callable[[Integration, str, Attachment, Deadline], bytes]"


@declared
class Calendar:
    """Reads meetings and free times from a provider's calendar.

    `choice` is the setting that names the calendar or kind of meeting to offer. `free_times(account, choice, start,
    end, deadline)` returns aware times. `meetings(account, person, booked, deadline)` returns a person's meetings.
    `booked` maps the ids of meetings that webhooks reported to the URLs of their events.
    """

    choice: str
    free_times: "Callable[[Integration, str, datetime, datetime, Deadline], list[datetime]]"
    meetings: "Callable[[Integration, Person, Mapping[str, str], Deadline], list[Meeting]]"


@declared
class Probe:
    """The cheap read call that proves that an account works. `applies` is whether an account can make the call."""

    read: "Callable[[Integration, Deadline], object]"
    applies: "Callable[[Integration], bool]"


@declared
class CallLimit:
    """The maximum number of calls with one account of a provider in any `window_s` seconds, across all processes."""

    calls: int
    window_s: float


@declared
class Names:
    name: str
    """The name in the database and in logs: at most 20 lower-case letters."""
    label: str
    """The name on pages and in sentences about connecting the provider."""
    known_as: str
    """The name in the banner: what people call accounts of the provider ("LinkedIn")."""
    company: str
    """The name in sentences about the provider's reports ("Unipile says DELETED")."""
    aliases: tuple[str, ...]
    """Other names that the command `connect_integration` accepts."""


@declared
class Calls:
    hosts: tuple[str, ...]
    """The hosts, including their subdomains, that an account may use."""
    ports: Collection[int]
    """Ports besides 443 that may be called at these hosts."""
    base_url: Callable[[], str] | NONE
    """The base URL of accounts that have none of their own; "" if the operator has set none."""
    operator_urls: Callable[[], Collection[str]] | NONE
    """Further URLs that the operator has set and that may be called."""
    call_limit: CallLimit | NONE


@declared
class Connecting:
    account_id: Setting | NONE
    """The provider's id of the account (`external_account_id`). With NONE, a workspace has only one account."""
    secrets: tuple[Setting, ...]
    settings: tuple[Setting, ...]
    key: str | NONE
    """The secret that every call to the base URL sends. Other secrets are not sent."""
    installation_key: Callable[[], str] | NONE
    """The operator's key, for accounts without their own. This key opens the accounts of every workspace."""
    key_made_at: str | NONE
    """The place where a user creates a new key ("SmartLead under Settings, API Key")."""
    usable: "Callable[[Integration], bool]"
    """Whether an account has everything that its calls need."""
    lacks: "Callable[[Integration], tuple[str, str] | None] | NONE"
    """Returns the missing setting with a sentence, for conditions that a setting's `required` cannot express."""


@declared
class Messages:
    sources: tuple[MessageSource, ...] | NONE
    channel: str | NONE
    """The channel of the provider's messages, one of CHANNELS."""
    opens_channel: bool | NONE
    """Whether the provider can carry the first message to a person who has not written through it yet."""
    carrier: Carrier | NONE
    newer: "Callable[[Outgoing, Integration, Deadline], Iterable[Listed]] | NONE"
    """Lists what was sent since the person wrote (docs/adr/0024-gates-give-reasons.md)."""
    sends: frozenset[str] | NONE
    """The client's operations that send. After a refusal to send, only these prove that the account works again."""
    contacts: "Callable[[Integration], Any] | NONE"
    """Creates a client for the provider's contacts (inbox.leads.crm)."""
    stop_campaign: StopCampaign | NONE
    history: History | NONE
    read_message: "Callable[[Integration, MessageNotice, Deadline], MessageEvent | None] | NONE"
    """Reads, as an event, a message that a webhook named only by its ids. Returns None if no person wrote it."""
    files: Files | NONE
    """Fetches the files of messages. With NONE, its reason is shown beside a file, and says where the file is."""
    pauses_follow_ups: str | NONE
    """The reason why follow-ups wait while the account is disconnected ("EmailBison is disconnected")."""


@declared
class Lists:
    """The provider's lists, by the kinds that a receipt counts (DayReceipt.Kind), or why they cannot be compared.

    A function yields everything since an aware time, as the events that webhooks would have delivered. Entries that
    cannot become events are Unusable. One function may read the lists of several kinds. The function raises an error if
    the list breaks off.
    """

    poll_every: timedelta | NONE
    """The interval at which the lists are compared even if nothing is known to be missing."""
    replies: "Listing | NONE"
    sent: "Listing | NONE"
    opt_outs: "Listing | NONE"
    bounces: "Listing | NONE"
    appointments: "Listing | NONE"


@declared
class Login:
    """A page of the provider on which the owner of an account logs in again."""

    reconnect: "Callable[[Integration, datetime, str, Deadline], str] | NONE"
    """Creates the page, given its expiry and the URL to return to."""
    forget_owner: "Callable[[Integration], None] | NONE"
    """Removes the facts about the owner from an account whose id has changed, without saving the account."""
    former_ids: "Callable[[Integration], frozenset[str]] | NONE"
    """The account's earlier ids with the same owner. The owner may answer messages that came to these ids."""


@declared
class Health:
    """The ways to find out whether an account works, and the texts that users read about it."""

    probe: Probe | NONE
    checks: "tuple[tuple[str, Callable[[Test], str]], ...]"
    """Labels and checks, each based on the previous one. A check returns a text or raises `health.checks.Wrong`."""
    account_words: AccountWords | NONE
    no_proof: frozenset[str] | NONE
    """Operations that succeed even if the account does not work."""
    still_broken: "Callable[[Integration, str, str], bool] | NONE"
    """Decides whether an account that is broken for a reason stays broken although an operation succeeded."""
    refusals: Mapping[str, str]
    """Texts for the provider's own error codes."""
    stopped: str | NONE
    """A sentence about what does not work while the account is disconnected. A provider with a channel needs none."""


GROUPS = (Names, Calls, Connecting, Messages, Lists, Login, Health)
"""The groups of capabilities. For each, Declaration has a field with the group's name in lower case."""


@dataclass(frozen=True, kw_only=True)
class ProviderSpec(Names, Calls, Connecting, Messages, Lists, Login, Health):
    webhooks: tuple[WebhookSource, ...] | NONE
    calendar: Calendar | NONE

    @property
    def is_connected_here(self) -> bool:
        """Whether the provider has settings or secrets to enter here."""
        return bool(self.all_settings)

    @property
    def all_settings(self) -> tuple[Setting, ...]:
        return (*([self.account_id] if self.account_id else []), *self.secrets, *self.settings)


@declared
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
        capabilities: dict[str, Any] = {"webhooks": self.webhooks, "calendar": self.calendar}
        for kind in GROUPS:
            group = getattr(self, kind.__name__.lower())
            for field in fields(kind):
                capabilities[field.name] = group if isinstance(group, NONE) else getattr(group, field.name)
        return ProviderSpec(**capabilities)


def optional(name: str, label: str, help: str) -> Setting:
    return Setting(name=name, label=label, help=help, required=False)


# Settings and reasons that many providers share.
API_KEY = Setting(name="api_key", label="API key", help="", required=True)
BASE_URL = optional(
    "base_url",
    "API URL",
    "Leave empty for the provider’s default. If you change it, enter the key again.",
)
STOP_LABELS = optional(
    "stop_labels",
    "Labels that mean “do not contact”",
    "Comma-separated names. “Do not contact” always counts.",
)
BASE_URL_ALONE = NONE("The operator sets only the base URL.")
WAITS_AT_429 = NONE("Calls aren’t counted. A call refused with 429 is retried later.")
KEY_PER_ACCOUNT = NONE("Each account has a key of its own.")
KEY_IS_ENOUGH = NONE("It needs only the required settings.")
SIGNS_NOTHING = NONE("It doesn’t sign anything.")
NO_MESSAGES = NONE("It carries no messages.")
WHOLE_MESSAGES = NONE("Webhooks contain the message itself.")
NO_LISTS = NONE("It has no lists to compare.")
NO_CALENDAR = NONE("It has no calendar.")
NO_CONTACTS = NONE("It has no contacts.")
NEW_KEY = NONE("Enter a new key in the account’s settings.")
KEY_PROVES_ALL = NONE("Any successful call proves that the key works.")
CHANNEL_STOPS = NONE("The channel implies what stops.")
PLAIN_CALLS: dict[str, Any] = {"ports": (), "operator_urls": BASE_URL_ALONE, "call_limit": WAITS_AT_429}
"""Fields of a declaration, for a provider that is called at one address and without a limit of our own."""
NO_SECRET: dict[str, Any] = {"secret_headers": (), "secret_field": ""}
"""Fields of a declaration, for a webhook address to which the provider sends no shared secret."""
SHARED_WEBHOOK: dict[str, Any] = {
    **NO_SECRET,
    "keyed": False,
    "accepts": NONE("It checks the signature and needs no key."),
}
"""Fields of a declaration, for a webhook address that all workspaces share."""


def any_account(_account: "Integration") -> Literal[True]:
    """Returns True, for providers at which every account can make the probe's call."""
    return True


def has_secrets(account: "Integration") -> bool:
    """Whether the account has its own credentials, even if they cannot be decrypted. Decrypts nothing."""
    return account.has_secrets


KEY_HEALTH: dict[str, Any] = {
    "no_proof": KEY_PROVES_ALL,
    "still_broken": KEY_PROVES_ALL,
    "refusals": {},
    "stopped": CHANNEL_STOPS,
}
"""Fields of a declaration, for accounts that work as long as their key does."""
MAIL_ANSWERS: dict[str, Any] = {
    "channel": "email",
    "sends": frozenset({"reply"}),
    "contacts": NO_CONTACTS,
    "read_message": WHOLE_MESSAGES,
}
"""Fields of a declaration, for a provider that mails campaigns and sends our answers to the replies."""
ONE_KEY: dict[str, Any] = {
    "key": "api_key",
    "installation_key": KEY_PER_ACCOUNT,
    "usable": has_secrets,
    "lacks": KEY_IS_ENOUGH,
}
"""Fields of a declaration, for accounts that need their own key and nothing else."""


def label_words(label: str) -> str:
    """Normalises a provider's label to lower case without punctuation: "Do-Not_Contact!" is "do not contact"."""
    return " ".join(re.sub(r"[\W_]+", " ", label).split()).casefold()
