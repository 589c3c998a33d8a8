from integrations.ghl.client import GhlClient
from integrations.health.checks import Test, same_account
from integrations.models import Integration
from jobs.deadline import Deadline


def probe(account: Integration, deadline: Deadline) -> None:
    GhlClient.for_integration(account).location(deadline)


def check_key(test: Test) -> str:
    """Stores the key's location in `test.found` for the next check."""
    test.found = GhlClient.for_integration(test.account).location(test.deadline)
    return ""


def check_location(test: Test) -> str:
    same_account(str(test.found.id), test.account.external_account_id)
    return f"{test.found.name or test.found.id}."


def check_calendars(test: Test) -> str:
    count = len(GhlClient.for_integration(test.account).calendars(test.deadline))
    return f"{count} calendar{'' if count == 1 else 's'} can be read."


def stays_broken(_account: Integration, reason: str, _operation: str) -> bool:
    """Whether the account stays broken although a call works, because a key also works without the uninstalled app."""
    return reason == "GoHighLevel says UNINSTALL."
