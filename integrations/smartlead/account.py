"""How a SmartLead account is: a list that its key may read."""

from integrations.checks import Test
from integrations.models import Integration
from integrations.smartlead.client import SmartLeadClient
from jobs.deadline import Deadline


def probe(account: Integration, deadline: Deadline) -> None:
    SmartLeadClient.for_integration(account).campaigns(deadline)


def check_key(test: Test) -> str:
    count = len(SmartLeadClient.for_integration(test.account).campaigns(test.deadline))
    return f"{count} campaign{'' if count == 1 else 's'} can be read."
