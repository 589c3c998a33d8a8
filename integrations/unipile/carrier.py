"""Sends LinkedIn messages through Unipile, in the chat in which the person wrote.

Without a chat, it sends a message, an InMail or an invitation, depending on what LinkedIn allows between the two
members (docs/reference/unipile.md, Calls). Only a follow-up may become an invitation.
"""

from collections.abc import Iterable
from itertools import takewhile

from integrations.attachments import Attachment
from integrations.carriers import Accepted, CannotSend, Listed, Outgoing, Post
from integrations.errors import ProviderRejected
from integrations.events import Person
from integrations.models import Integration
from integrations.unipile import version
from integrations.unipile.client import Profile, SentMessage, UnipileClient
from integrations.unipile.errors import Group, group_of
from jobs.deadline import Deadline

INMAIL_SUBJECT = "Following up"
INMAIL_CHARS = 1_900
"""LinkedIn's limit for the text of an InMail. The client cuts an invitation's note itself."""


class UnipileCarrier:
    def prepare(self, message: Outgoing, account: Integration, deadline: Deadline) -> Post:
        client = version.client_of(account, deadline)
        chat_id = _chat(client, message)
        if chat_id:
            return lambda within: _accepted(client.reply(chat_id, message.text, within))
        return _first_contact(client, message, client.profile(_identifier(message.person), deadline))

    def listed(self, message: Outgoing, account: Integration, deadline: Deadline) -> Iterable[Listed]:
        client = version.client_of(account, deadline)
        chat_id, member_id = _chat(client, message), message.person.linkedin_member_id
        if chat_id:
            messages = client.chat_messages(chat_id, deadline)
        else:
            messages = client.messages_since(message.since, deadline, member_id)
        return [
            Listed(row.id, row.at, row.text)
            for row in takewhile(lambda row: row.at is None or row.at >= message.since, messages)
            if row.is_sender is not False
        ]


def _first_contact(client: UnipileClient, message: Outgoing, person: Profile) -> Post:
    """Returns the call for a person who has no chat with us yet. Raises CannotSend if LinkedIn allows no call."""
    if person.connected:
        return lambda within: _accepted(client.send_message(person.provider_id, message.text, within))
    if person.pending_invitation:
        raise CannotSend("This person hasn’t accepted your invitation yet.")
    if not person.open_profile and not message.follow_up:
        raise CannotSend("You’re not connected with this person on LinkedIn, and their profile isn’t open.")
    if len(message.text) > INMAIL_CHARS and person.open_profile:
        raise CannotSend(f"An InMail can have up to {INMAIL_CHARS:,} characters.")

    def post(within: Deadline) -> Accepted:
        if person.open_profile:
            try:
                subject = message.subject or INMAIL_SUBJECT
                return _accepted(client.send_inmail(person.provider_id, subject, message.text, within))
            except ProviderRejected as error:
                if not message.follow_up or not _no_inmail(error):
                    raise
        invitation = client.invite(person.provider_id, message.text, within)
        return Accepted(message_id=invitation.invitation_id)

    return post


def _no_inmail(error: ProviderRejected) -> bool:
    """Whether no InMail can be sent, because of credits, the plan or the person. An invitation may still work."""
    return group_of(error.code) in (Group.CREDITS, Group.FEATURE) or error.code == "not_allowed_inmail"


def _chat(client: UnipileClient, message: Outgoing) -> str:
    return client.chat_of(message.answers.external_id, message.answers.thread_id) if message.answers else ""


def _accepted(sent: SentMessage) -> Accepted:
    return Accepted(message_id=sent.message_id, thread_id=sent.chat_id)


def _identifier(person: Person) -> str:
    slug = person.linkedin_url.rstrip("/").rpartition("/")[2]
    if not (person.linkedin_member_id or slug):
        raise CannotSend("This lead has no LinkedIn profile.")
    return person.linkedin_member_id or slug


def fetch_file(account: Integration, message_id: str, file: Attachment, deadline: Deadline) -> bytes:
    return version.client_of(account, deadline).attachment(message_id, file.id, deadline)
