"""Tests the model's account: whether the installation's key works and whether credit is left."""

from integrations.errors import REQUEST_REFUSED
from integrations.health import writer
from integrations.health.checks import Test
from integrations.models import Integration
from integrations.openai.client import LIST, ask_shortly, check
from integrations.openai.errors import QUOTA
from jobs.deadline import Deadline


def probe(account: Integration, deadline: Deadline) -> None:
    """Reads the list of models. After a used-up quota, asks a tiny question, because only questions prove credit."""
    if writer.row(account).reason in QUOTA:
        ask_shortly(deadline, account)
    else:
        check(deadline, account)


def stays_broken(_account: Integration, reason: str, operation: str) -> bool:
    """Whether the account stays broken: the list of models also works without credit, or if questions are refused."""
    return operation == LIST and reason in (*QUOTA, REQUEST_REFUSED)


def check_key(test: Test) -> str:
    check(test.deadline, test.account)
    return "The installation’s key works."
