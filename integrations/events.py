"""The meaning of a provider's webhook in our own types. Intake sees only these, never the provider's JSON.

Each provider's `payloads.py` creates these events from webhooks. Values are the provider's, stripped and typed. The
inbox normalises addresses and phone numbers later.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

BACKFILL, IMPORT = "BACKFILL", "import"
"""Event types for messages that were read from a provider's list instead of a webhook.

A BACKFILL fetches messages that webhooks did not bring, for example during an outage. An IMPORT fetches messages from
before a lead's first reply.
"""


@dataclass(frozen=True, slots=True)
class Person:
    """The facts about a lead in a provider's webhook or list. Unknown fields of a person are ""."""

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
    external_id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The base class of all events. `event_key` is the idempotency key of an event that is not a message."""

    event_type: str
    event_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageNotice(Event):
    """A message that a webhook names only by its ids, so a job reads it from the provider.

    `edited` is true if the text has changed since the message was first reported.
    """

    account_id: str
    thread_id: str
    message_id: str
    edited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEvent(Event):
    """A message to or from a lead. `external_id` is the provider's message id, which identifies repeated messages.

    A provider may send a message without its id. Then `content_key` is a hash of what identifies the message ("" if
    sender and text are enough): equal messages within `window_s` seconds are one message, and later ones are new.
    `stamp` is the local time that the text states (ISO without a zone). Texts with different stamps are different
    messages, in the order of their stamps.

    - `headers`: the headers of an email that say how it was sent (integrations.mailheaders).
    - `listed`: the message was read from the provider's list. Its text may differ from the webhook's, so only the id
      identifies it.
    - `by_hand`: a person wrote this outbound message at the provider. It answers the lead, unlike a campaign's step.
    - `sent_html`, `sent_text`: the body of our mail that this message answers, if the provider includes it.
    - `attachments`: the files of the message, as integrations.attachments.as_stored returns them.
    - `unnamed`: the message's ids, if the webhook does not say who wrote it. A job then asks the provider.
    - `edited`: the text has changed since the message was first reported, so its id alone does not identify it.
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
    recipients: dict[str, Any] = field(default_factory=dict)
    account_id: str = ""
    account_address: str = ""
    thread_id: str = ""
    attachments: list[Any] = field(default_factory=list)
    automated_reply: bool | None = None
    headers: dict[str, str] = field(default_factory=dict)
    interested: bool = False
    tracked: bool = True
    listed: bool = False
    by_hand: bool = False
    sent_html: str = ""
    sent_text: str = ""
    unnamed: MessageNotice | None = None
    edited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceEvent(MessageEvent):
    """A mail of ours to `person` bounced. `text` is the text of the bounce notice, if there is one.

    `mail_id` is the provider's id of the bounced mail, if `external_id` is another id. The mail's id identifies a
    bounce that is reported again under another id. `notice` is true if `external_id` is the notice's id.
    """

    mail_id: str = ""
    notice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadEvent(Event):
    """Something happened to a lead. `occurred_at` is the provider's time of the change, if the webhook states one."""

    person: Person
    campaign: CampaignRef | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeEvent(LeadEvent):
    """The lead wants no more messages: through the provider's unsubscribe link, or as `by` says.

    If nothing distinguishes such an event from a later one, `event_key` is "" and the handler decides. `channels` are
    the channels concerned; empty means all.
    """

    by: str = "unsubscribe link"
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelEvent(LeadEvent):
    """Somebody at the provider put a label on a lead. STOP_LABELS and the workspace's own labels say what it means."""

    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagEvent(LeadEvent):
    """The provider's users or its model tagged a lead. `tag` is our name of the tag, such as "Not Interested".

    The tag applies to the newest reply that the lead had written by `occurred_at`, which defaults to the time of
    receipt.
    """

    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEvent(Event):
    person: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatusEvent(Event):
    """The state of a connected account, in the provider's own word.

    `mailbox` is the address that the report concerns; "" for the whole account. `told_by` lists the event types that
    report this state, if there are several.
    """

    account_id: str
    status: str
    mailbox: str = ""
    told_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrichmentEvent(Event):
    """A callback of Clay about a lead. `kind` is linkedin or phone. `status` is found, not_found or error."""

    lead_id: str
    kind: str
    status: str
    linkedin_url: str = ""
    linkedin_member_id: str = ""
    phone: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingEvent(Event):
    """A meeting was booked or cancelled, or the lead did not come. All times of a booking are aware datetimes.

    `status` is booked, cancelled, no_show, or came (a no-show was taken back). Calendly reports a reschedule as a
    cancellation and a booking, in either order. The booking names the invitee that it replaces (`replaces_uri`). The
    cancellation has `rescheduled` set and, if Calendly names it, the new invitee (`replaced_by_uri`). A cancelled
    booking may also have a `replaces_uri`. GHL reports the whole state of an appointment each time, and `as_of` is the
    time of that state. The newest state counts, whatever the order of arrival.
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
    occurred_at: datetime
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting as the calendar lists it. The times of a meeting are aware datetimes. `state` is booked, cancelled or
    no_show.

    `as_of` is when the state was reached. If the calendar does not say, `read_at`, the time when we began to read,
    decides: a later webhook is newer. `moved` says whether another booking replaced it; None if unknown.
    """

    provider: str
    external_id: str
    state: str
    event_uri: str = ""
    event_type_uri: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    booked_at: datetime | None = None
    as_of: datetime | None = None
    read_at: datetime | None = None
    moved: bool | None = None
    replaces_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonEvent(Event):
    """Somebody pressed a button in one of our Slack messages. `value` holds the ids that we put into the button."""

    action: str
    value: dict[str, Any]
    user_id: str
    user_name: str = ""
    channel_id: str = ""
    message_ts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoredEvent(Event):
    """An event that we do not use, for `reason`. The event is acknowledged and stored, and has no other effect."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """An entry of a provider's list that cannot become an event. A webhook may already have reported an entry with the
    same id.

    `kind` is the receipt that counts the entry (DayReceipt.Kind). `at` is None if the entry has no time.
    """

    kind: str
    at: datetime | None
    source: str
    external_id: str

    @property
    def reason(self) -> str:
        if self.at is None:
            return "No time."
        return "No sender, recipient or direction." if self.external_id else "No ID."


class PayloadInvalid(ValueError):
    """The body is invalid. `fields` maps each invalid field to a description of valid values."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields
