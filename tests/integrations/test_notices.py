"""Notices about broken accounts: claimed by one worker at a time, and muted in the account's own workspace."""

import pytest

from integrations import notices
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind
from integrations.models import WorkspaceIntegrationHealth
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def health() -> WorkspaceIntegrationHealth:
    account = factories.make_integration(factories.make_workspace(), "unipile")
    writer.record(account, Signal(SignalKind.REFUSED, "errors/disconnected_account"))
    return WorkspaceIntegrationHealth.objects.get()


def test_a_notice_that_is_on_its_way_is_claimed_by_no_second_worker(health):
    assert notices.claim(health)
    assert notices.claim(health) is None


def test_an_account_is_muted_and_unmuted_only_in_its_own_workspace(health):
    moved = WorkspaceIntegrationHealth.objects.get()
    moved.workspace = factories.make_workspace()

    assert not notices.mute(moved)
    assert notices.mute(health)
    assert not notices.unmute(moved)
    assert notices.unmute(health)
