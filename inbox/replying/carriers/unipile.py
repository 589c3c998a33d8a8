"""LinkedIn by Unipile: into the chat that the person wrote in; else a message, an InMail or an invitation, by what
LinkedIn allows between the two (docs/reference/unipile.md, Calls). Only a follow-up may turn into an invitation.
"""

from collections.abc import Iterable

from inbox.models import Lead, OutboundSend
from inbox.replying import limits
from inbox.replying.carriers.base import EARLIER, Accepted, CannotSend, Carrier, Listed, Post
from integrations.errors import ProviderRejected
from integrations.models import Integration, Provider
from integrations.unipile.client import ChatMessage, Profile, SentMessage, UnipileClient
from integrations.unipile.errors import Group, group_of
from jobs.deadline import Deadline

INMAIL_SUBJECT = "Following up"


class Unipile(Carrier):
    provider = Provider.UNIPILE

    def prepare(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Post:
        client = UnipileClient.for_integration(integration)
        chat_id = send.reply_to.thread_id if send.reply_to else ""
        if chat_id:
            return lambda within: _accepted(client.reply(chat_id, send.text, within))
        return _first_contact(client, send, client.profile(_identifier(send.lead), deadline))

    def listed(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Iterable[Listed]:
        client = UnipileClient.for_integration(integration)
        chat_id = send.reply_to.thread_id if send.reply_to else ""
        since = (send.called_at or send.created_at) - EARLIER
        messages = client.chat_messages(chat_id, deadline) if chat_id else _to(client, send, deadline)
        return [
            Listed(message.id, message.at, message.text)
            for message in _until(messages, since)
            if message.is_sender is not False
        ]


def _first_contact(client: UnipileClient, send: OutboundSend, person: Profile) -> Post:
    """How somebody is written to who has no chat with us yet."""
    if person.connected:
        return lambda within: _accepted(client.send_message(person.provider_id, send.text, within))
    if person.pending_invitation:
        raise CannotSend("An invitation to this person is still waiting to be accepted.")
    may_invite = send.origin == OutboundSend.Origin.FOLLOWUP
    if not person.open_profile and not may_invite:
        raise CannotSend("You are not connected with this person on LinkedIn, and their profile is not open.")
    if len(send.text) > limits.INMAIL_CHARS and person.open_profile:
        raise CannotSend(f"An InMail may have {limits.INMAIL_CHARS:,} characters.")

    def post(within: Deadline) -> Accepted:
        if person.open_profile:
            try:
                subject = send.subject or INMAIL_SUBJECT
                return _accepted(client.send_inmail(person.provider_id, subject, send.text, within))
            except ProviderRejected as error:
                if not may_invite or not _no_inmail(error):
                    raise
        invitation = client.invite(person.provider_id, send.text, within)
        return Accepted(message_id=invitation.invitation_id)

    return post


def _no_inmail(error: ProviderRejected) -> bool:
    """Whether the account has no InMail to spend, or this person takes none: an invitation may still arrive."""
    return group_of(error.code) in (Group.CREDITS, Group.FEATURE) or error.code == "not_allowed_inmail"


def _to(client: UnipileClient, send: OutboundSend, deadline: Deadline) -> Iterable[ChatMessage]:
    """The account's messages since the call, in chats with the lead where LinkedIn's id of the lead is known."""
    since = (send.called_at or send.created_at) - EARLIER
    member = send.lead.linkedin_member_id
    chats = {chat.id for chat in client.chats_since(since, deadline) if chat.attendee_provider_id == member}
    found = client.messages_since(since, deadline)
    return (message for message in found if not member or message.chat_id in chats)


def _until(messages: Iterable[ChatMessage], since) -> Iterable[ChatMessage]:
    """`messages`, newest first, down to `since`."""
    for message in messages:
        if message.at is not None and message.at < since:
            return
        yield message


def _accepted(sent: SentMessage) -> Accepted:
    return Accepted(message_id=sent.message_id, thread_id=sent.chat_id)


def _identifier(lead: Lead) -> str:
    """How Unipile is asked for the lead. Raises CannotSend where nothing of LinkedIn's is known."""
    slug = lead.linkedin_url.rstrip("/").rpartition("/")[2]
    if not (lead.linkedin_member_id or slug):
        raise CannotSend("No LinkedIn profile of this lead is known.")
    return lead.linkedin_member_id or slug
