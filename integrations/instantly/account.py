"""Tests an Instantly workspace: whose key it is, and whether its mailboxes work."""

from integrations.health import mailboxes, writer
from integrations.health.checks import Test
from integrations.instantly.client import InstantlyClient
from integrations.models import Integration
from jobs.deadline import Deadline


def probe(account: Integration, deadline: Deadline) -> None:
    """Make the cheap call that shows whether the Instantly account works: read whose key it is. If mailboxes were
    reported lost, also read their states and record which are back.

    Raises MailboxesLost if some still are down, and the errors of integrations.errors.
    """
    client = InstantlyClient.for_integration(account)
    client.workspace(deadline)
    if writer.row(account).lost_mailboxes:
        mailboxes.look_for(account, {row.email.lower() for row in client.accounts(deadline) if row.is_down})


def check_key(test: Test) -> str:
    """Check that Instantly accepts the key. Returns a sentence for people, "" if the workspace has no name. Raises the
    errors of integrations.errors.
    """
    test.found = InstantlyClient.for_integration(test.account).workspace(test.deadline)
    return f"It opens {test.found.name}." if test.found.name else ""


def check_campaigns(test: Test) -> str:
    """Check that the key may read campaigns at Instantly. Returns a sentence for people. Raises the errors of
    integrations.errors if it may not.
    """
    count = len(InstantlyClient.for_integration(test.account).campaigns(test.deadline))
    return f"{count} campaign{'' if count == 1 else 's'} can be read."
