"""Integration health: one writer, one transition per change, healed by proof only."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from integrations.errors import CallOutcome
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind, decide, record
from integrations.http import call_reports
from integrations.http.call_reports import CallReport
from integrations.models import HealthState, HealthTransition, Integration, WorkspaceIntegrationHealth
from tests.factories import make_workspace
from tests.waiting import PATIENCE_S

S = HealthState


@pytest.fixture
def integration(db):
    writer.forget_successes()
    return Integration.objects.create(
        workspace=make_workspace(), provider="unipile", external_account_id="acc"
    )


def state_of(integration) -> str:
    return WorkspaceIntegrationHealth.objects.get(integration=integration).state


def report(integration, outcome: CallOutcome, code: str = "") -> None:
    call_reports.report(
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
        (S.UNKNOWN, SignalKind.WORKED, 0, S.CONNECTED),
        (S.UNKNOWN, SignalKind.HEARD, 0, S.CONNECTED),
        (S.CONNECTED, SignalKind.REFUSED, 0, S.DISCONNECTED),
        (S.PROVIDER_DOWN, SignalKind.REFUSED, 0, S.DISCONNECTED),
        (S.CONNECTED, SignalKind.TROUBLE, 1, S.CONNECTED),
        (S.CONNECTED, SignalKind.TROUBLE, 3, S.DEGRADED),
        (S.DEGRADED, SignalKind.TROUBLE, 6, S.PROVIDER_DOWN),
        (S.CONNECTED, SignalKind.DOWN, 0, S.PROVIDER_DOWN),
        (S.CONNECTED, SignalKind.SLOWED, 0, S.RATE_LIMITED),
        (S.PROVIDER_DOWN, SignalKind.SLOWED, 0, S.PROVIDER_DOWN),
        (S.CONNECTED, SignalKind.SILENT, 0, S.QUIET),
        (S.DEGRADED, SignalKind.SILENT, 0, S.DEGRADED),
        (S.QUIET, SignalKind.HEARD, 0, S.CONNECTED),
        (S.RATE_LIMITED, SignalKind.WORKED, 0, S.CONNECTED),
        # A probe that works is no sign that messages arrive again.
        (S.QUIET, SignalKind.WORKED, 0, S.QUIET),
        (S.QUIET, SignalKind.REFUSED, 0, S.DISCONNECTED),
        # A disconnected account: nothing but a call that worked ends it.
        (S.DISCONNECTED, SignalKind.HEARD, 0, S.DISCONNECTED),
        (S.DISCONNECTED, SignalKind.TROUBLE, 9, S.DISCONNECTED),
        (S.DISCONNECTED, SignalKind.SLOWED, 0, S.DISCONNECTED),
        (S.DISCONNECTED, SignalKind.DOWN, 0, S.DISCONNECTED),
        (S.DISCONNECTED, SignalKind.SILENT, 0, S.DISCONNECTED),
        (S.DISCONNECTED, SignalKind.WORKED, 0, S.CONNECTED),
    ],
)
def test_the_state_after_a_signal(state, kind, failures, after):
    assert decide(state, kind, failures) == after


def test_a_refused_call_disconnects_the_account_with_the_provider_s_reason(integration):
    report(integration, CallOutcome.AUTH, "errors/disconnected_account")
    row = WorkspaceIntegrationHealth.objects.get()
    assert (row.state, row.reason) == (S.DISCONNECTED, "errors/disconnected_account")


@pytest.mark.parametrize(
    "outcome", [CallOutcome.PROVIDER_ERROR, CallOutcome.TIMEOUT, CallOutcome.UNREACHABLE]
)
def test_a_provider_s_own_trouble_never_counts_against_the_credentials(integration, outcome):
    for _ in range(20):
        report(integration, outcome)
    assert state_of(integration) == S.PROVIDER_DOWN


@pytest.mark.parametrize("outcome", [CallOutcome.REJECTED, CallOutcome.CANCELLED, CallOutcome.SHUTDOWN])
def test_what_says_nothing_about_the_account_changes_nothing(integration, outcome):
    report(integration, CallOutcome.OK)
    report(integration, outcome)
    assert state_of(integration) == S.CONNECTED


def test_successes_of_a_healthy_account_are_coalesced(integration, django_assert_num_queries):
    report(integration, CallOutcome.OK)
    with django_assert_num_queries(0):
        report(integration, CallOutcome.OK)


def test_a_failure_ends_the_coalescing_so_that_the_next_success_heals(integration):
    report(integration, CallOutcome.OK)
    report(integration, CallOutcome.AUTH)
    report(integration, CallOutcome.OK)
    assert state_of(integration) == S.CONNECTED


def test_a_recovery_remembers_how_long_it_was_down(integration):
    began = timezone.now() - timedelta(hours=3)
    record(integration, Signal(SignalKind.REFUSED), at=began)
    record(integration, Signal(SignalKind.WORKED))
    assert WorkspaceIntegrationHealth.objects.get().down_since == began


def test_calls_while_unobserved_are_no_signals(integration):
    with writer.unobserved():
        report(integration, CallOutcome.AUTH)
    assert not WorkspaceIntegrationHealth.objects.exists()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_fifty_workers_that_report_one_outage_make_one_transition():
    account = Integration.objects.create(workspace=make_workspace(), provider="unipile")
    record(account, Signal(SignalKind.WORKED))
    barrier, moved = threading.Barrier(50), []

    def worker() -> None:
        try:
            barrier.wait(PATIENCE_S)
            moved.append(record(account, Signal(SignalKind.REFUSED, "errors/disconnected_account")))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert [state for state in moved if state] == [S.DISCONNECTED]
    assert HealthTransition.objects.filter(after=S.DISCONNECTED).count() == 1
