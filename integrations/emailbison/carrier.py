"""Sends email through EmailBison as an answer to a reply, from the mailbox that received it or another working one."""

from collections.abc import Iterator

from integrations.attachments import Attachment
from integrations.carriers import Accepted, CannotSend, Listed, Outgoing, Post
from integrations.emailbison.client import EmailBisonClient, Reply, SenderEmail, sent_id
from integrations.errors import ProviderError, ProviderRejected
from integrations.events import Person
from integrations.models import Integration
from jobs.deadline import Deadline


class EmailBisonCarrier:
    def prepare(self, message: Outgoing, account: Integration, deadline: Deadline) -> Post:
        answers = message.answers
        if answers is None:
            raise CannotSend("The message you’re answering no longer exists.")
        client = EmailBisonClient.for_integration(account)
        sender_id = message.account_id or _sender(client, answers.account_address, "", deadline).id

        def call(sender: str, within: Deadline) -> Accepted:
            message_id = client.reply(
                answers.external_id,
                message_html=message.html,
                sender_email_id=sender,
                to=message.to,
                cc=message.cc,
                subject=message.subject,
                deadline=within,
            )
            return Accepted(message_id=message_id, account_id=sender)

        def post(within: Deadline) -> Accepted:
            try:
                return call(sender_id, within)
            except ProviderRejected as refusal:
                if refusal.code != "invalid_sender":
                    raise
            return call(_replacement(client, sender_id, within), within)

        return post

    def listed(self, message: Outgoing, account: Integration, deadline: Deadline) -> Iterator[Listed]:
        client = EmailBisonClient.for_integration(account)
        if message.person.emailbison_lead_id:
            for mail in client.sent_emails(message.person.emailbison_lead_id, deadline):
                yield Listed(mail.id, mail.at, mail.email_body)
        yield from _outgoing(client, message, deadline)

    def newer(self, message: Outgoing, account: Integration, deadline: Deadline) -> list[Listed]:
        """Returns the mails that were sent in the reply's thread after the lead's reply."""
        assert message.answers is not None  # the API can only answer existing mails
        client = EmailBisonClient.for_integration(account)
        thread = client.newer_messages(message.answers.external_id, deadline)
        return [_listed(reply) for reply in thread if reply.outgoing]


def _listed(reply: Reply) -> Listed:
    return Listed(sent_id(reply.id), reply.at, reply.html_body or reply.text_body)


def _outgoing(client: EmailBisonClient, message: Outgoing, deadline: Deadline) -> list[Listed]:
    """Lists mails to the recipient's address, because EmailBison may know the person under another lead id."""
    wanted = {person.address.lower() for person in message.to}
    return [
        _listed(reply)
        for reply in client.replies_since(message.since, deadline)
        if wanted & {person.address.lower() for person in reply.to or []}
    ]


def _replacement(client: EmailBisonClient, bad: str, deadline: Deadline) -> str:
    """Returns the id of a mailbox other than `bad`. Errors have `sent = False`, because nothing was sent yet."""
    try:
        return _sender(client, "", bad, deadline).id
    except ProviderError as error:
        error.sent = False
        raise


def _sender(client: EmailBisonClient, address: str, besides: str, deadline: Deadline) -> SenderEmail:
    """Returns the workspace's mailbox with this address, or one that can send. Raises CannotSend if no mailbox can."""
    usable = [
        sender for sender in client.sender_emails(deadline) if sender.id != besides and not sender.is_down
    ]
    exact = [sender for sender in usable if sender.email.lower() == address.lower()]
    if not usable:
        raise CannotSend("EmailBison has no mailbox that can send this message.")
    return (exact or usable)[0]


def fetch_file(account: Integration, _message_id: str, file: Attachment, deadline: Deadline) -> bytes:
    return EmailBisonClient.for_integration(account).file_at(file.url, deadline)


def stop_campaign(account: Integration, campaign_id: str, person: Person, deadline: Deadline) -> str:
    client = EmailBisonClient.for_integration(account)
    client.stop_future_emails(campaign_id, [person.emailbison_lead_id], deadline)
    return "stopped"
