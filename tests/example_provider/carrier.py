"""E-mail by Example Mail: an answer to one of its messages, from the mailbox that got it."""

from collections.abc import Iterator

from integrations.attachments import Attachment
from integrations.carriers import Accepted, CannotSend, Listed, Outgoing, Post
from integrations.events import Person
from integrations.models import Integration
from jobs.deadline import Deadline
from tests.example_provider.client import ExampleMailClient


class ExampleMailCarrier:
    def prepare(self, message: Outgoing, account: Integration, deadline: Deadline) -> Post:
        answers = message.answers
        if answers is None:
            raise CannotSend("Example Mail can only answer, and there is no message to be answered.")
        client = ExampleMailClient.for_integration(account)

        def post(within: Deadline) -> Accepted:
            made = client.answer(
                answers.external_id,
                mailbox=answers.account_address,
                subject=message.subject or answers.subject,
                text=message.text,
                html=message.html,
                to=[one.address for one in message.to],
                cc=[one.address for one in message.cc],
                deadline=within,
            )
            return Accepted(message_id=made)

        return post

    def listed(self, message: Outgoing, account: Integration, deadline: Deadline) -> Iterator[Listed]:
        client = ExampleMailClient.for_integration(account)
        for sent in client.messages(deadline, lead=message.person.email, kind="answer"):
            yield Listed(sent.id, sent.at, sent.html or sent.text)


def fetch_file(account: Integration, message_id: str, file: Attachment, deadline: Deadline) -> bytes:
    """The file with its id, by Example Mail's API."""
    return ExampleMailClient.for_integration(account).attachment(message_id, file.id, deadline)


def stop_campaign(account: Integration, campaign_id: str, person: Person, deadline: Deadline) -> str:
    """No further e-mail of the campaign goes to the person's address."""
    ExampleMailClient.for_integration(account).stop(campaign_id, person.email, deadline)
    return "stopped"
