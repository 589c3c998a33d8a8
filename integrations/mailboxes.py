"""The mailboxes of an account that its provider said it has lost."""

from integrations import health
from integrations.models import Integration


class MailboxesLost(Exception):
    """The account works, and some of its senders do not. The message is a sentence for people."""


def look_for(account: Integration, down: set[str]) -> None:
    """Compare those that are said to be lost with those that are `down`. Raises MailboxesLost where some are."""
    asked = health.row(account).lost_mailboxes
    if asked and (reason := health.looked_at_mailboxes(account, asked, down)):
        raise MailboxesLost(f"{account} answers, but {reason}.")
