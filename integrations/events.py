"""What a provider's webhook means, in our words: the only thing intake ever sees of a payload.

A provider's `payloads.py` turns its JSON into one of these. Values are as the provider gave them (stripped, typed);
normalising an address or a phone number is the domain's business, not the provider's.
"""

from dataclasses import dataclass, field
from datetime import datetime

BACKFILL, IMPORT = "BACKFILL", "import"
"""Types of events that no webhook told of: read from a provider's list to fill a gap, or for what was said before."""


@dataclass(frozen=True, slots=True)
class Person:
    """What an event says about who the lead is; "" where it says nothing."""

    email: str = ""
    phone: str = ""
    linkedin_member_id: str = ""
    linkedin_url: str = ""
    emailbison_lead_id: str = ""
    ghl_contact_id: str = ""
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class CampaignRef:
    """A provider's campaign by the provider's id."""

    external_id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`event_key` is the provider's own key of an event that makes no message: the same at every redelivery."""

    event_type: str
    event_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEvent(Event):
    """One message, to or from a lead. `external_id` is the provider's own message id, the idempotency key.

    Where the provider may send a text without its id, `content_key` holds a hash of what identifies the text: equal
    keys within `window_s` seconds are one message, later ones are another. `stamp` is the local time that the text
    itself states (ISO, without a zone, where it can be read): two texts with different stamps are two messages however
    close they come, and stamps tell which of two was first.

    `headers`: of an e-mail, those that say how it was sent (integrations.mailheaders). `listed`: read from the
    provider's own list and not told by a webhook, which may word the same message otherwise; the id alone tells it.
    `by_hand`: an outbound one that a person wrote on the provider's own pages: it answers the lead, as a campaign's
    steps do not. `sent_html`, `sent_text`: the body of our mail that it answers, where the provider tells it.
    """

    source: str
    direction: str
    channel: str
    person: Person
    occurred_at: datetime
    external_id: str = ""
    content_key: str = ""
    window_s: int = 0
    stamp: str = ""
    campaign: CampaignRef | None = None
    subject: str = ""
    text: str = ""
    html: str = ""
    from_address: str = ""
    from_name: str = ""
    recipients: dict = field(default_factory=dict)
    account_id: str = ""
    account_address: str = ""
    thread_id: str = ""
    attachments: list = field(default_factory=list)
    automated_reply: bool | None = None
    headers: dict[str, str] = field(default_factory=dict)
    interested: bool = False
    tracked: bool = True
    listed: bool = False
    by_hand: bool = False
    sent_html: str = ""
    sent_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceEvent(MessageEvent):
    """A message to `person` came back; `text` is the notice, where there is one.

    `mail_id`: the provider's id of the mail that came back, where `external_id` is not that already: it tells the same
    bounce under whatever id it is told. `notice`: `external_id` is that of the notice.
    """

    mail_id: str = ""
    notice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeEvent(Event):
    """The lead wants no more, by the provider's unsubscribe link or (`by`) otherwise; `occurred_at` is when, where the
    provider says so. Where nothing tells one such event from a later one there is no `event_key`, and the handler
    decides."""

    person: Person
    campaign: CampaignRef | None = None
    occurred_at: datetime | None = None
    by: str = "unsubscribe link"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagEvent(Event):
    """The provider's people, or its model, say what a lead means. `tag`: in our word for it ("Not Interested").

    It is said of the lead at `occurred_at`, and so of the reply that was their newest then; where the provider does not
    say when, it is when it came.
    """

    person: Person
    tag: str
    campaign: CampaignRef | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEvent(Event):
    """A LinkedIn invitation was accepted."""

    person: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatusEvent(Event):
    """The provider says how a connected account is doing, in the provider's own word.

    `mailbox`: the address it says it of, where the account sends from several; "" where it means the account.
    `told_by`: all event types that tell of the same, where they are several.
    """

    account_id: str
    status: str
    mailbox: str = ""
    told_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrichmentEvent(Event):
    """A Clay callback: what was found (or not) for one of our leads.

    `kind`: linkedin or phone. `status`: found, not_found or error.
    """

    lead_id: str
    kind: str
    status: str
    linkedin_url: str = ""
    linkedin_member_id: str = ""
    phone: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingEvent(Event):
    """A meeting was booked or cancelled, or the lead did not come (`status`: booked, cancelled, no_show; came: that
    they did not was taken back). Times are aware.

    Calendly's reschedule is a cancel and a booking, in either order: the booking names the invitee it replaces
    (`replaces_uri`), the cancel has `rescheduled` set and, where the provider says it, the new invitee
    (`replaced_by_uri`). A cancel may name the invitee that it replaced itself, too. GHL tells the whole state of one
    appointment each time, and `as_of` says when it was so: the newest state counts, in whatever order they come.
    """

    provider: str
    status: str
    person: Person
    invitee_uri: str = ""
    appointment_uri: str = ""
    event_type_uri: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    rescheduled: bool = False
    replaces_uri: str = ""
    replaced_by_uri: str = ""
    occurred_at: datetime | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonEvent(Event):
    """Somebody pressed a button of one of our Slack messages; `value` is what we put into the button (ids)."""

    action: str
    value: dict
    user_id: str
    user_name: str = ""
    team_id: str = ""
    channel_id: str = ""
    message_ts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoredEvent(Event):
    """Known but not used, or unknown: acknowledged, kept in the ledger, nothing else."""

    reason: str


class PayloadInvalid(ValueError):
    """Not the provider's shape. `fields` names each wrong field and says what was expected there."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields
