"""A send as its provider sees it, and as it is found again among what the provider lists."""

import html
import re
from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from inbox import crm
from inbox.accounts import NotAnswerable, answering, connected
from inbox.leads import identity
from inbox.models import Message, OutboundSend
from inbox.replying.ways import provider_of
from inbox.understanding.html import html_lines
from inbox.understanding.quoting import Line, mark_quoted, plain_lines
from integrations import registry
from integrations.models import Integration
from integrations.outgoing import Answered, CannotSend, Carrier, Listed, Outgoing, Recipient
from jobs.db import drop_connection
from jobs.deadline import Deadline

EARLIER, LATER = timedelta(minutes=2), timedelta(minutes=30)
"""How far the provider's clock and queue may be from our call for equal texts to be one message."""


MARKER = re.compile(r"ref:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
TAG = re.compile(r"<\w+[^>]*>")


def way_of(send: OutboundSend) -> tuple[Carrier, Integration]:
    """The carrier of `send` and the account it goes by: the one that the reply came to, and no other.

    Raises CannotSend where none is connected, and where the provider of the reply carries nothing.
    """
    provider = send.provider or provider_of(send.workspace_id, send.channel, send.reply_to)
    spec = registry.spec_of(provider)
    if not spec.carrier:
        raise CannotSend(f"{spec.label} sends nothing: {spec.carrier.why}")
    try:
        integration = (
            answering(send.reply_to, provider) if send.reply_to else connected(send.workspace_id, provider)
        )
    except NotAnswerable as why:
        raise CannotSend(str(why)) from why
    if integration is None:
        raise CannotSend(f"{spec.label} is not connected.")
    return spec.carrier, integration


def of(send: OutboundSend, integration: Integration) -> Outgoing:
    """`send` as its provider sees it."""
    return Outgoing(
        person=identity.person_of(send.lead),
        text=send.text,
        html=as_html(send),
        subject=send.subject,
        to=_people(send, "to"),
        cc=_people(send, "cc"),
        answers=_answered(send.reply_to, integration.provider) if send.reply_to else None,
        account_id=send.account_id,
        since=(send.called_at or send.created_at) - EARLIER,
        follow_up=send.origin == OutboundSend.Origin.FOLLOWUP,
        contact=partial(_contact, send, integration),
        known_contact=partial(_known_contact, send, integration),
    )


def _answered(message: Message, provider: str) -> Answered:
    campaign = message.campaign
    return Answered(
        external_id=message.external_id,
        thread_id=message.thread_id,
        account_address=message.account_address,
        subject=message.subject,
        campaign_id=campaign.external_id if campaign and campaign.provider == provider else "",
    )


def _people(send: OutboundSend, kind: str) -> tuple[Recipient, ...]:
    people = send.recipients.get(kind) or []
    return tuple(Recipient(one["address"], one.get("name") or "") for one in people if one.get("address"))


def _contact(send: OutboundSend, integration: Integration, deadline: Deadline) -> str:
    contacts = registry.spec_of(integration.provider).contacts
    joined = crm.join(contacts(integration), send.lead, deadline) if contacts else None
    drop_connection()
    return joined.contact_id if joined else ""


def _known_contact(send: OutboundSend, integration: Integration, deadline: Deadline) -> str:
    contacts = registry.spec_of(integration.provider).contacts
    found = crm.find(contacts(integration), send.lead, deadline) if contacts else None
    return found.id if found else ""


def marker(send: OutboundSend) -> str:
    """What names a send inside its HTML: a comment that nobody sees."""
    return f"ref:{send.pk}"


def as_html(send: OutboundSend) -> str:
    """The text as HTML, one paragraph per blank line, with the marker."""
    paragraphs = [
        f"<p>{html.escape(part.strip()).replace(chr(10), '<br>')}</p>"
        for part in re.split(r"\n\s*\n", send.text)
        if part.strip()
    ]
    return "".join(paragraphs) + f"<!-- {marker(send)} -->"


def same_words(body: str, text: str) -> bool:
    """Whether `body` (text or HTML, perhaps with a quoted thread) is our `text`, but for white space and markup."""
    wanted, lines = _words(text), _lines(body)
    readings = {_words(body), _joined(lines), _joined(line for line in lines if not line.depth)}
    return bool(wanted) and wanted in readings


def quotes(body: str, text: str) -> bool:
    """Whether `body` holds our `text` as a quote only: then it is another message, which answers or follows ours."""
    lines, wanted = _lines(body), _words(text)
    quoted = _joined(line for line in lines if line.depth)
    return wanted in quoted and wanted not in _joined(line for line in lines if not line.depth)


def named(body: str) -> str:
    """The id of the send whose marker stands in `body`; "" without one."""
    found = MARKER.search(body)
    return found[1] if found else ""


def _lines(body: str) -> list[Line]:
    """What is read, line by line, with the depth of its quote."""
    lines = html_lines(body) if TAG.search(body) else plain_lines(body)
    mark_quoted(lines)
    return lines


def _joined(lines: Iterable[Line]) -> str:
    return _words("\n".join(line.text for line in lines))


def _words(text: str) -> str:
    return " ".join(text.split())


def match(send: OutboundSend, listed: Iterable[Listed]) -> Listed | None:
    """The entry that is `send`: by its marker, else the same words at the time of the call, if no other message of
    ours has that entry already."""
    entries: list[Listed] = []
    for entry in listed:
        name = named(entry.body)
        if name == str(send.pk) and not quotes(entry.body, send.text):
            return entry
        if not name:  # the same words under another send's marker are that send
            entries.append(entry)
    for entry in entries if send.called_at else ():
        near = entry.sent_at is None or send.called_at - EARLIER <= entry.sent_at <= send.called_at + LATER
        if near and same_words(entry.body, send.text) and not _taken(send, entry.message_id):
            return entry
    return None


def _taken(send: OutboundSend, message_id: str) -> bool:
    """Whether another send, or a campaign's mail, is already known under the provider's id."""
    if not message_id:
        return False
    others = OutboundSend.objects.filter(
        workspace_id=send.workspace_id, provider=send.provider, provider_message_id=message_id
    )
    messages = Message.objects.filter(
        workspace_id=send.workspace_id, lead_id=send.lead_id, external_id=message_id
    )
    return others.exclude(pk=send.pk).exists() or messages.exists()
