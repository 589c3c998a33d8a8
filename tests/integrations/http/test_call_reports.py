"""Each way a call can end, over real sockets: what it is called, its line in the log, and its place in /metrics."""

import logging
import threading
from dataclasses import dataclass

import pytest
from prometheus_client import REGISTRY, generate_latest

from integrations.errors import CallOutcome
from integrations.http.session import ProviderSession
from jobs import deadline as deadlines
from jobs.deadline import Deadline
from tests.integrations import fault_server as faults
from tests.integrations.fault_server import Behaviour, FaultServer, FullBacklog, answer

pytestmark = [pytest.mark.django_db, pytest.mark.faults]

BUDGET_MS = 300


@dataclass(frozen=True)
class Case:
    """What the server does, and how the call ends: `calls` made, `sent`, and the level of its one line in the log.

    `stops` is the reason that comes up once the server has the request.
    """

    does: Behaviour | type[FullBacklog]
    outcome: CallOutcome
    calls: int
    level: int = logging.WARNING
    stops: str = ""


CASES = {
    "answers": Case(answer(), CallOutcome.OK, 1, logging.INFO),
    "does not accept": Case(FullBacklog, CallOutcome.TIMEOUT, 0),
    "hangs after accepting": Case(faults.hang, CallOutcome.TIMEOUT, 1),
    "hangs in its headers": Case(faults.hang_in_headers, CallOutcome.TIMEOUT, 1),
    "hangs in its body": Case(faults.hang_in_body, CallOutcome.TIMEOUT, 1),
    "drips its headers": Case(faults.drip_headers, CallOutcome.TIMEOUT, 1),
    "drips its body": Case(faults.drip_body, CallOutcome.TIMEOUT, 1),
    "hangs while the caller gives up": Case(
        faults.hang, CallOutcome.CANCELLED, 1, logging.INFO, stops="cancelled"
    ),
    "hangs while we shut down": Case(faults.hang, CallOutcome.SHUTDOWN, 1, logging.INFO, stops="shutdown"),
    "closes": Case(faults.drop, CallOutcome.UNREACHABLE, 2),
    "resets": Case(faults.reset, CallOutcome.UNREACHABLE, 2),
    "answers 429": Case(answer(429, headers={"Retry-After": "0"}), CallOutcome.RATE_LIMITED, 2),
    "answers 401": Case(answer(401), CallOutcome.AUTH, 1),
    "answers 400": Case(answer(400), CallOutcome.REJECTED, 1),
    "answers 503": Case(answer(503), CallOutcome.PROVIDER_ERROR, 2),
    "answers half a JSON": Case(faults.half_json, CallOutcome.PROVIDER_ERROR, 2),
    "breaks off in its body": Case(faults.cut_body, CallOutcome.PROVIDER_ERROR, 2),
    "resets in its body": Case(faults.reset_body, CallOutcome.PROVIDER_ERROR, 2),
}


@pytest.fixture
def stops(monkeypatch) -> dict[str, threading.Event]:
    """The reasons to stop while a call is under way."""
    found = {"cancelled": threading.Event(), "shutdown": threading.Event()}
    monkeypatch.setattr(deadlines, "shutdown_requested", found["shutdown"])
    return found


def counted(outcome: CallOutcome) -> float:
    labels = {"provider": "ghl", "outcome": outcome.value}
    return REGISTRY.get_sample_value("holdfast_provider_calls_total", labels) or 0.0


@pytest.mark.parametrize("name", CASES)
def test_an_ending_has_its_name_its_log_line_and_its_metric(name, stops, caplog, monkeypatch):
    case = CASES[name]
    monkeypatch.setattr("integrations.http.retry.BACKOFF.multiplier", 0.005)
    caplog.set_level(logging.INFO, logger="integrations.http.call_reports")
    before = counted(case.outcome)

    def behave(server, conn) -> None:
        if case.stops:
            stops[case.stops].set()
        case.does(server, conn)

    with case.does() if case.does is FullBacklog else FaultServer(behave) as server:
        deadline = Deadline.after_ms(20_000 if case.stops else BUDGET_MS, cancelled=stops["cancelled"].is_set)
        ended = end_of(server.url, deadline)
        assert getattr(server, "calls", 0) == case.calls
    assert ended == case.outcome
    [line] = caplog.records
    assert (line.levelno, line.getMessage(), line.outcome) == (case.level, "provider call", case.outcome)
    assert counted(case.outcome) == before + 1
    told = f'holdfast_provider_calls_total{{outcome="{case.outcome.value}",provider="ghl"}}'
    assert told in generate_latest().decode()


def end_of(url: str, deadline: Deadline) -> str:
    """Make a read that may be repeated once; the outcome that its error stands for."""
    session = ProviderSession(provider="ghl", base_url=url, max_retries=1)
    try:
        session.request("GET", "/contacts/1", operation="contact", deadline=deadline)
    except Exception as error:
        return getattr(error, "outcome", "") or ENDS[type(error).__name__]
    return CallOutcome.OK


ENDS = {"CallCancelled": CallOutcome.CANCELLED, "CallInterrupted": CallOutcome.SHUTDOWN}


def test_every_outcome_is_in_the_table():
    assert {case.outcome for case in CASES.values()} == set(CallOutcome)
