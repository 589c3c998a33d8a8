"""Builds the timeline of a conversation: messages in the order of the provider's times, notes, and open sends."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db.models import Q, QuerySet

from inbox.leads import notes, rollup
from inbox.models import Draft, Lead, Message, Note, OutboundSend
from inbox.models.lead import Channel
from inbox.models.message import OWN
from inbox.pages.conversation.files import FileLine, file_lines, untold
from inbox.pages.team import SOMEBODY
from inbox.replying import send_claims
from inbox.understanding.html import html_text
from inbox.understanding.text import newest_text
from inbox.workspaces.accounts import with_accounts
from integrations import registry

LIMIT = 50
NEWEST = ("-sent_at", "-received_at", "-pk")
TEXT_LIMIT = 20_000
State = OutboundSend.State
OPEN_STATES = (State.LATER, State.INTENT, State.UNKNOWN, State.FAILED)
LEFT_OPEN = Q(state__in=(State.LATER, State.INTENT, State.UNKNOWN)) | (
    Q(state=OutboundSend.State.TAKEN_BACK) & ~Q(text="")
)
"""Sends that have not ended or whose outcome is unclear, and sends that were taken back and still have their text."""
BY_ITSELF = "Holdfast"
"""The author of an answer that went out automatically."""


@dataclass(frozen=True)
class Entry:
    """One entry of a timeline: a stored message, a note, or a send that is planned, on its way, failed or unclear.

    `sent_as` is the send whose outcome was the stored `message`.
    """

    at: datetime
    message: Message | None = None
    send: OutboundSend | None = None
    sent_as: OutboundSend | None = None
    note: Note | None = None

    @property
    def _row(self) -> Message | OutboundSend:
        row = self.message or self.send
        assert row is not None  # an entry has a message or a send
        return row

    @property
    def outbound(self) -> bool:
        return self.message is None or self.message.direction == Message.Direction.OUTBOUND

    @property
    def is_step(self) -> bool:
        """Whether this is a step of a campaign, which does not answer the lead."""
        return self.message is not None and self.outbound and not rollup.is_answer(self.message)

    @property
    def author(self) -> str:
        """The person who wrote or approved the message; BY_ITSELF for an automatic answer; or else the account."""
        if send := self.send or self.sent_as:
            if send.author:
                return send.author
            return SOMEBODY if send.origin == OutboundSend.Origin.PERSON else BY_ITSELF
        message = self.message
        assert message is not None  # an entry has a message or a send
        if not self.outbound:
            return message.from_name or message.from_address
        return message.account_address or message.from_address or message.from_name or "Us"

    @property
    def answered_in(self) -> str:
        """The provider on whose site the message must be answered; "" if it can be answered here."""
        if self.outbound or self.channel != Channel.ELSEWHERE:
            return ""
        assert self.message is not None  # an entry that is not outbound has a message
        return registry.spec_of(registry.provider_of(self.message.source)).label

    @property
    def account(self) -> str:
        """Our address or number that sent or received the message; "" if it is unknown."""
        return self.message.account_address if self.message else ""

    @property
    def channel(self) -> str:
        return self._row.channel

    @property
    def text(self) -> str:
        return self._row.text[:TEXT_LIMIT]

    @property
    def cut(self) -> bool:
        """Whether `text` is only the beginning of the message."""
        return len(self._row.text) > TEXT_LIMIT

    @cached_property
    def quoted(self) -> str:
        """The folded part of a mail, such as the mails that it quotes; "" if nothing is folded.

        If the mail has no words of the lead's own, all of it is folded.
        """
        message = self.message
        if message is not None and not message.text:
            return (message.raw_text.strip() or html_text(message.raw_html))[:TEXT_LIMIT]
        if message is None or (not message.raw_html and message.raw_text.strip() == message.text.strip()):
            return ""
        sender = f"{message.from_name} <{message.from_address}>"
        parts = newest_text(message.raw_text, message.raw_html, channel=message.channel, sender=sender)
        return parts.quoted[:TEXT_LIMIT]

    @cached_property
    def files(self) -> list[FileLine]:
        return file_lines(self.message) if self.message else []

    @property
    def untold_files(self) -> str:
        """Says where to find files that the message's provider does not report; "" if it reports them."""
        return untold(self.message) if self.message else ""

    @property
    def quoted_lines(self) -> int:
        return len(self.quoted.splitlines())


@dataclass(frozen=True)
class Timeline:
    """The newest messages of a conversation and the notes since the first of them, oldest first.

    `earlier`: whether there are older messages. `sends` are the open sends and the sends of the messages. `read` holds
    the messages, and also older ones to which an answer could reply.
    """

    everything: list[Entry]
    earlier: bool
    sends: list[OutboundSend]
    read: list[Message]

    @property
    def entries(self) -> list[Entry]:
        """The entries without the notes."""
        return [entry for entry in self.everything if entry.note is None]

    @property
    def newest(self) -> Entry | None:
        return next(reversed(self.entries), None)


def timeline(lead: Lead, draft: Draft | None, *, everything: bool = False) -> Timeline:
    """Returns the newest 50 messages with `lead`, or 1000 with `everything`, and the notes since the first of them.

    It includes sends that are planned, on their way, failed or unclear. It also reads the message that `draft` answers.
    """
    limit = LIMIT * 20 if everything else LIMIT
    read = _read(lead, draft, limit + 1)
    messages, earlier = read[:limit][::-1], len(read) > limit
    since = messages[0].sent_at if earlier else None
    failed, written = Q(state=OutboundSend.State.FAILED), notes.of(lead)
    if since:
        failed &= Q(created_at__gte=since)
        written = written.filter(created_at__gte=since)
    send_ids = {message.pk: key for message in messages if (key := send_id_of(message))}
    rows = lead.sends.filter(LEFT_OPEN | failed | Q(pk__in=send_ids.values())).select_related(
        "approved_by", "program"
    )
    sends = {send.pk: send for send in rows}
    by = {key: sends.get(send) for key, send in send_ids.items()}
    entries = [Entry(message.sent_at, message=message, sent_as=by.get(message.pk)) for message in messages]
    entries += [
        Entry(send.created_at, send=send)
        for send in sends.values()
        if send.state in OPEN_STATES and not (since and send.created_at < since)
    ]
    entries += [Entry(note.created_at, note=note) for note in written[:limit]]
    # If a provider reports whole seconds or minutes, a reply may have the time of our mail, which then comes first.
    entries.sort(key=lambda entry: (entry.at, not entry.outbound))
    return Timeline(entries, earlier, list(sends.values()), read)


def _read(lead: Lead, draft: Draft | None, count: int) -> list[Message]:
    """Returns the newest `count` messages, followed by older ones to which an answer could reply. Makes one query.

    The older ones are the lead's newest message on each channel, and the message that `draft` answers.
    """
    newest = lead.messages.order_by(*NEWEST).values("pk")[:count]
    wanted = Q(pk__in=newest) | send_claims.are_newest(lead)
    if draft:
        wanted |= Q(pk=draft.trigger_message_id)
    read = list(with_accounts(lead.messages.filter(wanted)).order_by(*NEWEST))
    for message in read:
        if draft and message.pk == draft.trigger_message_id:
            draft.trigger_message = message
    return read


def open_sends(lead: Lead) -> QuerySet[OutboundSend]:
    """Returns the sends to `lead` that have not ended or are unclear, or were taken back and still have their text."""
    return lead.sends.filter(LEFT_OPEN)


def send_id_of(message: Message) -> UUID | None:
    """Returns the id of the send whose outcome was the stored `message`; None if the message was not sent from here."""
    try:
        return UUID(message.external_id) if message.source == OWN else None
    except ValueError:
        return None
