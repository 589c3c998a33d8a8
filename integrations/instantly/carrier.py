"""Sends email through Instantly as an answer to an email of Instantly's, from the mailbox that received that email."""

from collections.abc import Iterator

from integrations.carriers import Accepted, CannotSend, Listed, Outgoing, Post
from integrations.errors import ProviderRejected
from integrations.events import Person
from integrations.instantly.client import InstantlyClient
from integrations.models import Integration
from jobs.deadline import Deadline


class InstantlyCarrier:
    def prepare(self, message: Outgoing, account: Integration, deadline: Deadline) -> Post:
        answers = message.answers
        if answers is None or not answers.external_id:
            raise CannotSend("Instantly sent this reply without an ID, so you can’t answer it here.")
        client = InstantlyClient.for_integration(account)

        def post(within: Deadline) -> Accepted:
            message_id = client.reply(
                answers.external_id,
                eaccount=answers.account_address,
                subject=message.subject or answers.subject,
                text=message.text,
                html=message.html,
                cc=[person.address for person in message.cc],
                deadline=within,
            )
            return Accepted(message_id=message_id)

        return post

    def listed(self, message: Outgoing, account: Integration, deadline: Deadline) -> Iterator[Listed]:
        client = InstantlyClient.for_integration(account)
        for mail in client.emails_of(message.person.email, deadline):
            if not mail.received:
                yield Listed(mail.id, mail.at, mail.body.html or mail.body.text)


def stop_campaign(account: Integration, _campaign_id: str, person: Person, deadline: Deadline) -> str:
    """Adds the lead's address to the block list. Instantly has no call that stops one campaign for one lead."""
    client = InstantlyClient.for_integration(account)
    try:
        client.block(person.email, deadline)
    except ProviderRejected:
        if not client.is_blocked(person.email, deadline):
            raise
        return "stopped before"
    return "stopped"
