"""Finds phone numbers and email addresses in a lead's replies, which a person can add to the lead with one click."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import phonenumbers
from django.utils import timezone
from django.utils.dateformat import format as format_date

from inbox.leads.identity import normal_email
from inbox.models import Lead, Message, Workspace
from inbox.models.lead import Channel
from inbox.pages.conversation.timeline import Timeline

REPLIES, CHARS, OFFERS = 10, 5_000, 3
"""How many of the newest replies are read, how many characters of each, and how many finds are offered."""
# A match begins at a word, because the sender controls how long a word is.
ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
WRITTEN = {
    Channel.EMAIL: "mail",
    Channel.SMS: "text",
    Channel.LINKEDIN: "message",
    Channel.ELSEWHERE: "message",
}


@dataclass(frozen=True)
class Find:
    """A contact in a reply: its column ("phone" or "email"), normal form, spelling, and source ("mail of 12 May")."""

    name: str
    value: str
    spelled: str
    where: str

    @property
    def label(self) -> str:
        return "phone" if self.name == "phone" else "address"


def finds(workspace: Workspace, lead: Lead, timeline: Timeline) -> list[Find]:
    """Returns numbers and addresses in the newest replies that the lead does not have yet, newest first.

    Quoted text and our own messages are ignored. Makes no query.
    """
    messages = [entry.message for entry in reversed(timeline.entries) if entry.message is not None]
    theirs = [reply for reply in messages if reply.direction == Message.Direction.INBOUND]
    ours = [reply for reply in messages if reply.direction == Message.Direction.OUTBOUND]
    region, already = workspace.phone_region, _known(lead)
    for text in (workspace.signature, workspace.service_description, *(reply.text for reply in ours)):
        already |= {contact for _, contact, _ in _contacts(text, region)}
    domains = _domains(messages) - {lead.email.rpartition("@")[2]}
    contacts: dict[str, Find] = {}
    for message in theirs[:REPLIES]:
        day = format_date(timezone.localtime(message.sent_at), "j F")
        for name, contact, spelled in _contacts(message.text, region):
            if contact not in already and contact.rpartition("@")[2] not in domains:
                where = f"{WRITTEN[Channel(message.channel)]} of {day}"
                contacts.setdefault(contact, Find(name, contact, spelled, where))
    return list(contacts.values())[:OFFERS]


def _known(lead: Lead) -> set[str]:
    contacts = (lead.phone, *lead.alternate_phones, lead.email, *lead.alternate_emails)
    return {*contacts, lead.current_replier_email}


def _domains(messages: Iterable[Message]) -> set[str]:
    """Returns the domains of our accounts that received or sent the messages."""
    return {row.account_address.lower().rpartition("@")[2] for row in messages if row.account_address}


def _contacts(text: str, region: str) -> Iterator[tuple[str, str, str]]:
    """Yields the numbers and addresses in `text`: column, normal form, and spelling for people."""
    text = text[:CHARS]
    forms = phonenumbers.PhoneNumberFormat
    for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID):
        spelled = phonenumbers.format_number(match.number, forms.INTERNATIONAL)
        yield "phone", phonenumbers.format_number(match.number, forms.E164), spelled
    for address in ADDRESS.findall(text):
        if contact := normal_email(address):
            yield "email", contact, contact
