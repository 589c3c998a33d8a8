"""Every test starts with closed breakers, a full retry budget and no pooled connection."""

import pytest

from integrations import http, outcomes
from integrations.breaker import breakers
from integrations.transport import adapters


@pytest.fixture(autouse=True)
def fresh_calls():
    breakers.forget()
    adapters.forget()
    http._budgets.clear()


@pytest.fixture
def reports():
    """What is reported of finished calls."""
    seen = []
    outcomes.subscribe(seen.append)
    yield seen
    outcomes.unsubscribe(seen.append)
