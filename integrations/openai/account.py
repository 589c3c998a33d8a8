"""Tests the model's account: whether the installation's key works, and whether there is credit left."""

from django.conf import settings

from integrations.errors import REQUEST_REFUSED
from integrations.health import writer
from integrations.health.checks import Test
from integrations.models import Integration
from integrations.openai.client import LIST, ask_shortly, check
from integrations.openai.errors import QUOTA
from jobs.deadline import Deadline


def own_key() -> str:
    return settings.OPENAI_API_KEY


def usable(_account: Integration) -> bool:
    return bool(settings.OPENAI_API_KEY)


def probe(account: Integration, deadline: Deadline) -> None:
    """Read the list of models. After a used-up quota ask a very short question, because only questions show that."""
    if writer.row(account).reason in QUOTA:
        ask_shortly(deadline, account)
    else:
        check(deadline, account)


def stays_broken(_account: Integration, reason: str, operation: str) -> bool:
    """The list of models is also answered without credit or for bad requests."""
    return operation == LIST and reason in (*QUOTA, REQUEST_REFUSED)


def check_key(test: Test) -> str:
    check(test.deadline, test.account)
    return "The installation’s key is accepted."
