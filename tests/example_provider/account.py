"""How an Example Mail account is: whose key it is."""

from integrations.health.checks import Test, same_account
from integrations.models import Integration
from jobs.deadline import Deadline
from tests.example_provider.client import ExampleMailClient


def probe(account: Integration, deadline: Deadline) -> None:
    ExampleMailClient.for_integration(account).me(deadline)


def check_key(test: Test) -> str:
    test.found = ExampleMailClient.for_integration(test.account).me(test.deadline)
    return f"The key opens {test.found.name}." if test.found.name else ""


def check_account(test: Test) -> str:
    same_account(test.found.id, test.account.external_account_id)
    return f"Account {test.found.id}."
