"""Tests a GoHighLevel account: whose key it is, and what it may read."""

from integrations.ghl.client import GhlClient
from integrations.health.checks import Test, same_account
from integrations.models import Integration
from jobs.deadline import Deadline


def probe(account: Integration, deadline: Deadline) -> None:
    """Make the cheap call that shows whether the GoHighLevel account works: read its location. Raises the errors of
    integrations.errors if it does not.
    """
    GhlClient.for_integration(account).location(deadline)


def check_key(test: Test) -> str:
    """Check that GoHighLevel accepts the key, and keep its location in `test.found` for the next check. Returns "".
    Raises the errors of integrations.errors.
    """
    test.found = GhlClient.for_integration(test.account).location(test.deadline)
    return ""


def check_location(test: Test) -> str:
    """Check that the key belongs to the GoHighLevel location that the account names. Returns a sentence
    for people. Raises Wrong if it does not.
    """
    same_account(str(test.found.id), test.account.external_account_id)
    return f"{test.found.name or test.found.id}."


def check_calendars(test: Test) -> str:
    """Check that the key may read calendars at GoHighLevel. Returns a sentence for people. Raises the errors of
    integrations.errors.
    """
    count = len(GhlClient.for_integration(test.account).calendars(test.deadline))
    return f"{count} calendar{'' if count == 1 else 's'} can be read."


def stays_broken(_account: Integration, reason: str, _operation: str) -> bool:
    """Whether the GoHighLevel account still counts as broken for `reason`, although a call succeeded: the key does not
    prove that the app is back which brings the webhooks.
    """
    return reason == "GoHighLevel says UNINSTALL."
