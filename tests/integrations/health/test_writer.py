"""Integration health: one writer, one transition per change, healed by proof only."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from integrations import health, outcomes
from integrations.errors import Outcome
from integrations.health import Kind, Signal, decide, record
from integrations.models import HealthState, HealthTransition, Integration, WorkspaceIntegrationHealth
from integrations.outcomes import CallReport
from tests.factories import make_workspace
from tests.waiting import PATIENCE_S

S = HealthState


@pytest.fixture
def integration(db):
    health.forget_successes()
    return Integration.objects.create(
        workspace=make_workspace(), provider="unipile", external_account_id="acc"
    )


def state_of(integration) -> str:
    return WorkspaceIntegrationHealth.objects.get(integration=integration).state


def report(integration, outcome: Outcome, code: str = "") -> None:
    outcomes.report(
        CallReport(
            provider=integration.provider,
            operation="probe",
            workspace_id=integration.workspace_id,
            integration_id=integration.pk,
            account="",
            outcome=outcome,
            duration_ms=5,
            attempts=1,
            code=code,
        )
    )


@pytest.mark.parametrize(
    ("state", "kind", "failures", "after"),
    [
        (S.UNKNOWN, Kind.WORKED, 0, S.CONNECTED),
        (S.UNKNOWN, Kind.HEARD, 0, S.CONNECTED),
        (S.CONNECTED, Kind.REFUSED, 0, S.DISCONNECTED),
        (S.PROVIDER_DOWN, Kind.REFUSED, 0, S.DISCONNECTED),
        (S.CONNECTED, Kind.TROUBLE, 1, S.CONNECTED),
        (S.CONNECTED, Kind.TROUBLE, 3, S.DEGRADED),
        (S.DEGRADED, Kind.TROUBLE, 6, S.PROVIDER_DOWN),
        (S.CONNECTED, Kind.DOWN, 0, S.PROVIDER_DOWN),
        (S.CONNECTED, Kind.SLOWED, 0, S.RATE_LIMITED),
        (S.PROVIDER_DOWN, Kind.SLOWED, 0, S.PROVIDER_DOWN),
        (S.CONNECTED, Kind.SILENT, 0, S.QUIET),
        (S.DEGRADED, Kind.SILENT, 0, S.DEGRADED),
        (S.QUIET, Kind.HEARD, 0, S.CONNECTED),
        (S.RATE_LIMITED, Kind.WORKED, 0, S.CONNECTED),
        # A probe that works is no sign that messages arrive again.
        (S.QUIET, Kind.WORKED, 0, S.QUIET),
        (S.QUIET, Kind.REFUSED, 0, S.DISCONNECTED),
        # A disconnected account: nothing but a call that worked ends it.
        (S.DISCONNECTED, Kind.HEARD, 0, S.DISCONNECTED),
        (S.DISCONNECTED, Kind.TROUBLE, 9, S.DISCONNECTED),
        (S.DISCONNECTED, Kind.SLOWED, 0, S.DISCONNECTED),
        (S.DISCONNECTED, Kind.DOWN, 0, S.DISCONNECTED),
        (S.DISCONNECTED, Kind.SILENT, 0, S.DISCONNECTED),
        (S.DISCONNECTED, Kind.WORKED, 0, S.CONNECTED),
    ],
)
def test_the_state_after_a_signal(state, kind, failures, after):
    assert decide(state, kind, failures) == after


def test_a_refused_call_disconnects_the_account_with_the_provider_s_reason(integration):
    report(integration, Outcome.AUTH, "errors/disconnected_account")
    row = WorkspaceIntegrationHealth.objects.get()
    assert (row.state, row.reason) == (S.DISCONNECTED, "errors/disconnected_account")


@pytest.mark.parametrize("outcome", [Outcome.PROVIDER_ERROR, Outcome.TIMEOUT, Outcome.UNREACHABLE])
def test_a_provider_s_own_trouble_never_counts_against_the_credentials(integration, outcome):
    for _ in range(20):
        report(integration, outcome)
    assert state_of(integration) == S.PROVIDER_DOWN


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.CANCELLED, Outcome.SHUTDOWN])
def test_what_says_nothing_about_the_account_changes_nothing(integration, outcome):
    report(integration, Outcome.OK)
    report(integration, outcome)
    assert state_of(integration) == S.CONNECTED


def test_successes_of_a_healthy_account_are_coalesced(integration, django_assert_num_queries):
    report(integration, Outcome.OK)
    with django_assert_num_queries(0):
        report(integration, Outcome.OK)


def test_a_failure_ends_the_coalescing_so_that_the_next_success_heals(integration):
    report(integration, Outcome.OK)
    report(integration, Outcome.AUTH)
    report(integration, Outcome.OK)
    assert state_of(integration) == S.CONNECTED


def test_a_recovery_remembers_how_long_it_was_down(integration):
    began = timezone.now() - timedelta(hours=3)
    record(integration, Signal(Kind.REFUSED), at=began)
    record(integration, Signal(Kind.WORKED))
    assert WorkspaceIntegrationHealth.objects.get().down_since == began


def test_calls_while_unobserved_are_no_signals(integration):
    with health.unobserved():
        report(integration, Outcome.AUTH)
    assert not WorkspaceIntegrationHealth.objects.exists()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_fifty_workers_that_report_one_outage_make_one_transition():
    account = Integration.objects.create(workspace=make_workspace(), provider="unipile")
    record(account, Signal(Kind.WORKED))
    barrier, moved = threading.Barrier(50), []

    def worker() -> None:
        try:
            barrier.wait(PATIENCE_S)
            moved.append(record(account, Signal(Kind.REFUSED, "errors/disconnected_account")))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert [state for state in moved if state] == [S.DISCONNECTED]
    assert HealthTransition.objects.filter(after=S.DISCONNECTED).count() == 1
