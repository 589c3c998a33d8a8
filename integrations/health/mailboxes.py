"""Checks the mailboxes of an account that its provider has reported as disconnected."""

from integrations.health import writer
from integrations.models import Integration


class MailboxesLost(Exception):
    """The account works, but some of its mailboxes are disconnected. The message is a sentence for users."""


def look_for(account: Integration, down: set[str]) -> None:
    """Records the mailboxes that are no longer in `down` (lower case). Raises MailboxesLost if some still are."""
    lost_before = writer.row(account).lost_mailboxes
    if lost_before and (reason := writer.looked_at_mailboxes(account, lost_before, down)):
        raise MailboxesLost(f"{account} answers, but {reason}.")
