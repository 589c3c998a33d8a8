"""E-mail by EmailBison: an answer to an existing reply, from the mailbox that got it, or from another one if that is
no longer valid. Its answer names no message, so what is uncertain is looked for in the lead's sent e-mails.
"""

from collections.abc import Iterator
from datetime import datetime

from inbox.models import OutboundSend
from inbox.replying.carriers.base import EARLIER, Accepted, CannotSend, Carrier, Listed, Post, as_html
from integrations.emailbison.client import EmailBisonClient, Recipient, SenderEmail
from integrations.errors import ProviderError, ProviderRejected
from integrations.models import Integration, Provider
from jobs.deadline import Deadline


class EmailBison(Carrier):
    provider = Provider.EMAILBISON

    def prepare(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Post:
        reply_to = send.reply_to
        if reply_to is None:
            raise CannotSend("The message to be answered is gone.")
        client = EmailBisonClient.for_integration(integration)
        sender_id = send.account_id or _sender(client, reply_to.account_address, "", deadline).id

        def call(sender: str, within: Deadline) -> None:
            client.reply(
                reply_to.external_id.partition("#")[0],
                message_html=as_html(send),
                sender_email_id=sender,
                to=_people(send, "to"),
                cc=_people(send, "cc"),
                subject=send.subject,
                deadline=within,
            )

        def post(within: Deadline) -> Accepted:
            try:
                call(sender_id, within)
            except ProviderRejected as refusal:
                if refusal.code != "invalid_sender":
                    raise
            else:
                return Accepted(account_id=sender_id)
            other = _replacement(client, sender_id, within)
            call(other, within)
            return Accepted(account_id=other)

        return post

    def listed(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Iterator[Listed]:
        client = EmailBisonClient.for_integration(integration)
        if send.lead.emailbison_lead_id:
            for mail in client.sent_emails(send.lead.emailbison_lead_id, deadline):
                yield Listed(mail.id, mail.at, mail.email_body)
        yield from _outgoing(client, send, (send.called_at or send.created_at) - EARLIER, deadline)


def _outgoing(
    client: EmailBisonClient, send: OutboundSend, since: datetime, deadline: Deadline
) -> list[Listed]:
    """The workspace's outgoing messages to the same address: EmailBison may know the person under another id."""
    wanted = {person.email_address.lower() for person in _people(send, "to")}
    return [
        Listed("", reply.at, reply.html_body or reply.text_body)
        for reply in client.replies_since(since, deadline)
        if wanted & {person.address.lower() for person in reply.to or []}
    ]


def _replacement(client: EmailBisonClient, bad: str, deadline: Deadline) -> str:
    """Another mailbox. Nothing has gone out yet, and whatever is raised here says so."""
    try:
        return _sender(client, "", bad, deadline).id
    except ProviderError as error:
        error.sent = False
        raise


def _sender(client: EmailBisonClient, address: str, besides: str, deadline: Deadline) -> SenderEmail:
    """The workspace's mailbox with this address, else the first that can send. Raises CannotSend without one."""
    usable = [one for one in client.sender_emails(deadline) if one.id != besides and not one.is_down]
    own = [one for one in usable if one.email.lower() == address.lower()]
    if not usable:
        raise CannotSend("EmailBison has no mailbox that could send this.")
    return (own or usable)[0]


def _people(send: OutboundSend, kind: str) -> list[Recipient]:
    people = send.recipients.get(kind) or []
    return [Recipient(one["address"], one.get("name") or "") for one in people if one.get("address")]
