"""Converts a send to the form that its carrier needs, and finds a send among the messages that a provider lists."""

import html
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from inbox.leads import crm, identity
from inbox.models import Message, OutboundSend
from inbox.understanding.html import html_lines
from inbox.understanding.quoting import QuotedLine, mark_quoted, plain_lines
from inbox.workspaces.accounts import NotAnswerable, answering, connected
from integrations import registry
from integrations.carriers import Answered, CannotSend, Carrier, Listed, Outgoing, Recipient
from integrations.models import Integration
from integrations.payload import HASHED
from integrations.spec import NONE
from jobs.db import drop_connection
from jobs.deadline import Deadline

EARLIER, LATER = timedelta(minutes=2), timedelta(minutes=30)
"""The time before and after our call in which a listed message with the same text counts as our send."""


ELSEWHERE = "answered outside Holdfast"
"""A part of the reason why a message waits: somebody answered, or may have answered, at the provider."""
MARKER = re.compile(r"ref:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
TAG = re.compile(r"<\w+[^>]*>")


def way_of(send: OutboundSend, accounts: list[Integration] | None = None) -> tuple[Carrier, Integration]:
    """Returns the carrier and the account for `send`. Only the account that received the lead's message may answer it.
    `accounts` are the workspace's accounts, if the caller has loaded them. Raises CannotSend if no account can send.
    """
    provider = send.provider or provider_of(send.workspace_id, send.channel, send.reply_to)
    spec = registry.spec_of(provider)
    if isinstance(spec.carrier, NONE):
        raise CannotSend(f"{spec.label} can’t send messages: {spec.carrier.why}")
    try:
        integration = (
            answering(send.reply_to, provider, accounts)
            if send.reply_to
            else connected(send.workspace_id, provider, accounts)
        )
    except NotAnswerable as why:
        raise CannotSend(str(why)) from why
    if integration is None:
        raise CannotSend(f"{spec.label} isn’t connected.")
    return spec.carrier, integration


def of(send: OutboundSend, integration: Integration) -> Outgoing:
    """Returns `send` in the form that carriers need. The provider's contact is looked up only if the carrier asks."""
    return Outgoing(
        person=identity.person_of(send.lead),
        text=send.text,
        html=as_html(send),
        subject=send.subject,
        to=people(send, "to"),
        cc=people(send, "cc"),
        answers=_answered(send.reply_to, integration.provider) if send.reply_to else None,
        account_id=send.account_id,
        since=_from(send),
        follow_up=send.origin == OutboundSend.Origin.FOLLOWUP,
        contact=partial(_contact, send, integration),
        known_contact=partial(_known_contact, send, integration),
    )


def _answered(message: Message, provider: str) -> Answered:
    campaign = message.campaign
    hashed = message.external_id.startswith(HASHED)  # the provider's id is longer than our column
    return Answered(
        external_id="" if message.has_own_id or hashed else message.external_id.partition("#")[0],
        thread_id=message.thread_id,
        account_address=message.account_address,
        subject=message.subject,
        body=message.raw_html or message.raw_text,
        sent_at=message.sent_at,
        campaign_id=campaign.external_id if campaign and campaign.provider == provider else "",
    )


def people(send: OutboundSend, kind: str) -> tuple[Recipient, ...]:
    people = send.recipients.get(kind) or []
    return tuple(Recipient(row["address"], row.get("name") or "") for row in people if row.get("address"))


def _contact(send: OutboundSend, integration: Integration, deadline: Deadline) -> str:
    contacts = registry.spec_of(integration.provider).contacts
    joined = crm.join(contacts(integration), send.lead, deadline) if contacts else None
    drop_connection()
    return joined.contact_id if joined else ""


def _known_contact(send: OutboundSend, integration: Integration, deadline: Deadline) -> str:
    contacts = registry.spec_of(integration.provider).contacts
    contact = crm.find(contacts(integration), send.lead, deadline) if contacts else None
    return contact.id if contact else ""


def _from(send: OutboundSend) -> datetime:
    return min(filter(None, (send.lost_from, send.called_at or send.created_at))) - EARLIER


def marker(send: OutboundSend) -> str:
    """Returns the marker of `send`: the text of an HTML comment by which its message is recognised later."""
    return f"ref:{send.pk}"


def as_html(send: OutboundSend) -> str:
    """Returns the text of `send` as HTML, with its marker. Each block between blank lines becomes an HTML paragraph."""
    paragraphs = [
        f"<p>{html.escape(part.strip()).replace(chr(10), '<br>')}</p>"
        for part in re.split(r"\n\s*\n", send.text)
        if part.strip()
    ]
    return "".join(paragraphs) + f"<!-- {marker(send)} -->"


def same_words(body: str, text: str) -> bool:
    """Whether `body`, the text or HTML of a listed message, has the words of our `text`, perhaps above quoted mails."""
    wanted, lines = _words(text), _lines(body)
    readings = {_words(body), _joined(lines), _joined(line for line in lines if not line.depth)}
    return bool(wanted) and wanted in readings


def quotes(body: str, text: str) -> bool:
    """Whether `body` contains our `text` only as a quote, so that `body` is a later message than ours."""
    lines, wanted = _lines(body), _words(text)
    quoted = _joined(line for line in lines if line.depth)
    return wanted in quoted and wanted not in _joined(line for line in lines if not line.depth)


def marked_send_id(body: str) -> str:
    """Returns the id of the send whose marker is in the HTML `body`; "" without a marker."""
    match = MARKER.search(body)
    return match[1] if match else ""


def _lines(body: str) -> list[QuotedLine]:
    lines = html_lines(body) if TAG.search(body) else plain_lines(body)
    mark_quoted(lines)
    return lines


def _joined(lines: Iterable[QuotedLine]) -> str:
    return _words("\n".join(line.text for line in lines))


def _words(text: str) -> str:
    return " ".join(text.split())


def match(send: OutboundSend, listed: Iterable[Listed]) -> Listed | None:
    """Returns the entry of `listed` that is the message of `send`; None without one.

    An entry with the marker of `send` matches. An entry without a marker matches if it has the same words, was sent
    from 2 minutes before to 30 minutes after our call, and is no other message of ours. If a restore lost the time of
    the call (`lost_from`), any later entry may match, even one with the marker of a send that the restore lost.
    """
    entries: list[Listed] = []
    for entry in listed:
        name = marked_send_id(entry.body)
        if name == str(send.pk) and not quotes(entry.body, send.text):
            return entry
        # An entry with another send's marker belongs to that send, even if the words are the same.
        if not name or (send.lost_from and not OutboundSend.objects.filter(pk=UUID(name)).exists()):
            entries.append(entry)
    if send.called_at is None:
        return None
    for entry in entries:
        if (
            is_near(send, entry.sent_at)
            and same_words(entry.body, send.text)
            and not _taken(send, entry.message_id)
        ):
            return entry
    return None


def answer_elsewhere(send: OutboundSend, integration: Integration, deadline: Deadline) -> str:
    """Asks the provider whether somebody has answered the lead in the provider's own inbox. Returns a sentence about
    that answer; "" without one, or if a person has approved `send`. For a follow-up, only answers since the follow-up
    started or resumed count. Raises the provider's errors.
    """
    newer = registry.spec_of(integration.provider).newer
    if isinstance(newer, NONE) or send.approved_by_id or send.part or send.reply_to is None:
        return ""
    task = getattr(send, "followup_task", None)
    since = max(send.reply_to.sent_at, task.instance.quiet_since) if task else send.reply_to.sent_at
    ours = Message.objects.outbound(workspace_id=send.workspace_id, lead_id=send.lead_id)
    stored = list(ours.filter(sent_at__gte=since - EARLIER))
    drop_connection()
    for entry in newer(replace(of(send, integration), since=since), integration, deadline):
        if (entry.sent_at is None or entry.sent_at > since) and not _is_stored(entry, stored):
            return f"Someone has {ELSEWHERE}, directly in {integration.label}."
    return ""


def _is_stored(entry: Listed, stored: list[Message]) -> bool:
    name = marked_send_id(entry.body)
    return any(
        (bool(entry.message_id) and message.external_id == entry.message_id)
        or (name == message.external_id and not quotes(entry.body, message.text))
        or any(same_words(entry.body, text) for text in (message.text, message.raw_text))
        for message in stored
    )


def is_near(send: OutboundSend, moment: datetime | None) -> bool:
    """Whether a message that was sent at `moment` (None if unknown) may come from our call for `send`."""
    if moment is None or send.called_at is None:
        return True
    return _from(send) <= moment and (send.lost_from is not None or moment <= send.called_at + LATER)


def _taken(send: OutboundSend, message_id: str) -> bool:
    if not message_id:
        return False
    other_sends = OutboundSend.objects.filter(
        workspace_id=send.workspace_id, provider=send.provider, provider_message_id=message_id
    )
    messages = Message.objects.filter(
        workspace_id=send.workspace_id, lead_id=send.lead_id, external_id=message_id
    )
    return other_sends.exclude(pk=send.pk).exists() or messages.exists()


def provider_of(
    workspace_id: UUID, channel: str, reply_to: Message | None, accounts: list[Integration] | None = None
) -> str:
    """Returns the provider that carries an answer to `reply_to`. If `reply_to` is None, returns the first connected
    provider that can begin a conversation on `channel`; if none is connected, the first such provider. `accounts` are
    the workspace's accounts, if loaded. Raises UnknownSource.
    """
    if reply_to is not None:
        return registry.provider_of(reply_to.source)
    opening = [
        name for name in registry.stating("opens_channel") if registry.spec_of(name).channel == channel
    ]
    if len(opening) == 1:
        return opening[0]
    return next((name for name in opening if connected(workspace_id, name, accounts)), opening[0])
