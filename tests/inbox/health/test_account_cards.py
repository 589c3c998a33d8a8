"""Cards of accounts: what the pages of the settings and of the health say about each."""

import pytest

from inbox.health import account_cards
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_request_of_another_workspace_is_not_the_last_of_an_account():
    account = factories.make_integration(factories.make_workspace())
    delivery = factories.make_delivery(account.workspace, integration=account)
    factories.make_delivery(factories.make_workspace(), integration=account)

    assert account_cards.last_delivery(account) == delivery
