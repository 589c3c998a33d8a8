"""How an Instantly workspace is: whose key it is, and whether its mailboxes work."""

from integrations import health, mailboxes
from integrations.checks import Test
from integrations.instantly.client import InstantlyClient
from integrations.models import Integration
from jobs.deadline import Deadline


def probe(account: Integration, deadline: Deadline) -> None:
    """Whose key it is; and, where a mailbox is said to be lost, how its mailboxes are."""
    client = InstantlyClient.for_integration(account)
    client.workspace(deadline)
    if health.row(account).lost_mailboxes:
        mailboxes.look_for(account, {one.email.lower() for one in client.accounts(deadline) if one.is_down})


def check_key(test: Test) -> str:
    test.found = InstantlyClient.for_integration(test.account).workspace(test.deadline)
    return f"It opens {test.found.name}." if test.found.name else ""


def check_campaigns(test: Test) -> str:
    count = len(InstantlyClient.for_integration(test.account).campaigns(test.deadline))
    return f"{count} campaign{'' if count == 1 else 's'} can be read."
