"""Tests a SmartLead account, by reading a list that its key may read."""

from integrations.health.checks import Test
from integrations.models import Integration
from integrations.smartlead.client import SmartLeadClient
from jobs.deadline import Deadline


def probe(account: Integration, deadline: Deadline) -> None:
    """Make the cheap call that shows whether the SmartLead account works: read the list of campaigns. Raises the errors
    of integrations.errors if it does not.
    """
    SmartLeadClient.for_integration(account).campaigns(deadline)


def check_key(test: Test) -> str:
    """Check that SmartLead accepts the key. Returns a sentence for people. Raises the errors of integrations.errors if
    it does not.
    """
    count = len(SmartLeadClient.for_integration(test.account).campaigns(test.deadline))
    return f"{count} campaign{'' if count == 1 else 's'} can be read."
