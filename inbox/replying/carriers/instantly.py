"""E-mail by Instantly: an answer to one of its e-mails, from the mailbox that got it."""

from collections.abc import Iterator

from inbox.models import OutboundSend
from inbox.replying.carriers.base import Accepted, CannotSend, Carrier, Listed, Post, addresses, as_html
from integrations.instantly.client import InstantlyClient
from integrations.models import Integration, Provider
from jobs.deadline import Deadline


class Instantly(Carrier):
    provider = Provider.INSTANTLY

    def prepare(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Post:
        reply_to = send.reply_to
        if reply_to is None or ":" in reply_to.external_id:
            raise CannotSend(
                "Instantly told of this reply without its id, so it cannot be answered from here."
            )
        client = InstantlyClient.for_integration(integration)

        def post(within: Deadline) -> Accepted:
            made = client.reply(
                reply_to.external_id.partition("#")[0],
                eaccount=reply_to.account_address,
                subject=send.subject or reply_to.subject,
                text=send.text,
                html=as_html(send),
                cc=addresses(send, "cc"),
                deadline=within,
            )
            return Accepted(message_id=made)

        return post

    def listed(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Iterator[Listed]:
        client = InstantlyClient.for_integration(integration)
        for mail in client.emails_of(send.lead.email, deadline):
            if not mail.received:
                yield Listed(mail.id, mail.at, mail.body.html or mail.body.text)
