"""Sends texts through GoHighLevel to the lead's contact. A contact of another lead stays with that lead."""

from collections.abc import Iterable

from integrations.attachments import Attachment
from integrations.carriers import Accepted, CannotSend, Listed, Outgoing, Post
from integrations.errors import ProviderError, ProviderRejected
from integrations.ghl.client import GhlClient, SentMessage
from integrations.ghl.errors import NOT_FOUND
from integrations.ghl.listed import OUTBOUND
from integrations.models import Integration
from jobs.deadline import Deadline
from jobs.errors import Cancelled, DeadlineExceeded, ShutdownRequested


class GhlCarrier:
    def prepare(self, message: Outgoing, account: Integration, deadline: Deadline) -> Post:
        client = GhlClient.for_integration(account)
        contact_id = message.person.ghl_contact_id or _contact(message, deadline)

        def post(within: Deadline) -> Accepted:
            try:
                return _accepted(client.send_sms(contact_id, message.text, within))
            except ProviderRejected as refused:
                if refused.code != NOT_FOUND:
                    raise
                another = _another(message, refused, contact_id, within)
            return _accepted(client.send_sms(another, message.text, within))

        return post

    def listed(self, message: Outgoing, account: Integration, deadline: Deadline) -> Iterable[Listed]:
        client = GhlClient.for_integration(account)
        contact_id = message.person.ghl_contact_id or message.known_contact(deadline)
        for conversation in client.conversations(contact_id, deadline) if contact_id else ():
            for text in client.messages(conversation.id, deadline):
                if text.direction == OUTBOUND:
                    yield Listed(text.id, text.at, text.body)


def _contact(message: Outgoing, deadline: Deadline) -> str:
    contact_id = message.contact(deadline) if message.person.phone else ""
    if not contact_id:
        raise CannotSend("This lead has no phone number.")
    return contact_id


def _another(message: Outgoing, refused: ProviderRejected, contact_id: str, deadline: Deadline) -> str:
    """Returns the contact to use instead of one that was deleted in GHL, or raises `refused`. No text was sent yet."""
    try:
        another = message.contact(deadline)
    except (ProviderError, Cancelled, ShutdownRequested, DeadlineExceeded) as error:
        raise refused from error
    if another in ("", contact_id):
        raise refused
    return another


def _accepted(sent: SentMessage) -> Accepted:
    return Accepted(sent.message_id, sent.conversation_id)


def fetch_file(account: Integration, _message_id: str, file: Attachment, deadline: Deadline) -> bytes:
    return GhlClient.for_integration(account).file_at(file.url, deadline)
