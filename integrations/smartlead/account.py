from integrations.health import writer
from integrations.health.checks import Test
from integrations.models import Integration
from integrations.smartlead.client import SmartLeadClient
from jobs.deadline import Deadline


def probe(account: Integration, deadline: Deadline) -> None:
    """Reads the campaigns. If mailboxes were reported lost, also reads their states and records recovered ones."""
    client = SmartLeadClient.for_integration(account)
    client.campaigns(deadline)
    writer.look_for_mailboxes(account, lambda: client.mailboxes(deadline))


def check_key(test: Test) -> str:
    count = len(SmartLeadClient.for_integration(test.account).campaigns(test.deadline))
    return f"{count} campaign{'' if count == 1 else 's'} can be read."
