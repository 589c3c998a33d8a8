"""Checks the mailboxes of an account that its provider has reported as lost."""

from integrations.health import writer
from integrations.models import Integration


class MailboxesLost(Exception):
    """The provider account works, but some of its mailboxes do not. The message is a sentence for people."""


def look_for(account: Integration, down: set[str]) -> None:
    """Record which of the account's mailboxes that were reported lost are back: those that are not in `down`, the
    addresses (in lower case) that the provider lists as broken now. Does nothing if none was reported lost.

    Raises MailboxesLost if some still are down.
    """
    lost_before = writer.row(account).lost_mailboxes
    if lost_before and (reason := writer.looked_at_mailboxes(account, lost_before, down)):
        raise MailboxesLost(f"{account} answers, but {reason}.")
