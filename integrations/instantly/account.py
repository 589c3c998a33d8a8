from integrations.health import writer
from integrations.health.checks import Test
from integrations.instantly.client import InstantlyClient
from integrations.models import Integration
from jobs.deadline import Deadline


def probe(account: Integration, deadline: Deadline) -> None:
    """Reads the key's workspace. If mailboxes were reported lost, also reads their states and records recoveries."""
    client = InstantlyClient.for_integration(account)
    client.workspace(deadline)
    writer.look_for_mailboxes(account, lambda: client.accounts(deadline))


def check_key(test: Test) -> str:
    test.found = InstantlyClient.for_integration(test.account).workspace(test.deadline)
    return f"The key opens {test.found.name}." if test.found.name else ""


def check_campaigns(test: Test) -> str:
    count = len(InstantlyClient.for_integration(test.account).campaigns(test.deadline))
    return f"{count} campaign{'' if count == 1 else 's'} can be read."
