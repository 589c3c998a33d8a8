"""How the model's account is: the installation's key, as each workspace has it."""

from django.conf import settings

from integrations.checks import Test
from integrations.models import Integration
from integrations.openai.client import check
from jobs.deadline import Deadline


def own_key() -> str:
    return settings.OPENAI_API_KEY


def usable(_account: Integration) -> bool:
    return bool(settings.OPENAI_API_KEY)


def probe(_account: Integration, deadline: Deadline) -> None:
    check(deadline)


def check_key(test: Test) -> str:
    check(test.deadline)
    return "The installation’s key is accepted."
