"""The seam over real sockets: what each fault is called, how many calls it costs, and that time is kept."""

import logging
import os
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

from integrations.errors import (
    CallCancelled,
    CallInterrupted,
    CallOutcome,
    ProviderAuthError,
    ProviderError,
    ProviderFault,
    ProviderMisconfigured,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnreachable,
)
from integrations.http import session
from integrations.http.hosts import HostRefused
from integrations.http.session import ProviderSession, ResponseVerdict
from integrations.http.transport import adapter_of
from jobs import deadline as deadlines
from jobs.deadline import Deadline
from jobs.errors import Cancelled, DeadlineExceeded, PermanentError, Snooze, TransientError
from tests.integrations import fault_server as faults
from tests.integrations.fault_server import FaultServer, FullBacklog, answer
from tests.waiting import SLACK_S

pytestmark = [pytest.mark.django_db, pytest.mark.faults]


def call(url, method="GET", *, deadline=None, max_retries=0, timeout_ms=30_000, **kwargs):
    session = ProviderSession(
        provider="emailbison",
        base_url=url,
        max_retries=max_retries,
        timeout_ms=timeout_ms,
        headers={"X-Key": "k"},
    )
    return session.request(
        method, "/thing", operation="thing", deadline=deadline or Deadline.after_ms(2000), **kwargs
    )


def test_returns_the_parsed_answer_without_what_postgresql_refuses():
    with FaultServer(answer(body={"id": 7, "te\0xt": ["yes\0 please\ud83d"]})) as server:
        response = call(server.url)
    assert (response.status, response.data) == (200, {"id": 7, "text": ["yes please"]})


def test_the_provider_is_told_which_release_calls(settings):
    with FaultServer() as server:
        call(server.url)
    assert f"User-Agent: Holdfast/{settings.VERSION}\r\n".encode() in server.requests[0]


def test_reuses_the_connection():
    with FaultServer(answer()) as server:
        for _ in range(3):
            call(server.url)
        assert (server.calls, server.connections) == (3, 1)


def test_a_forked_process_starts_with_no_connection():
    with FaultServer() as server:
        call(server.url)
        child = os.fork()
        if child == 0:
            os._exit(adapter_of.cache_info().currsize)
        assert os.waitpid(child, 0)[1] == 0
        assert adapter_of.cache_info().currsize == 1


def test_opens_a_new_connection_after_a_long_pause(monkeypatch):
    monkeypatch.setattr("integrations.http.transport.MAX_IDLE_S", 0.0)
    with FaultServer(answer()) as server:
        call(server.url)
        call(server.url)
        assert server.connections == 2


@pytest.mark.parametrize(
    ("behaviour", "error", "outcome", "sent"),
    [
        (faults.hang, ProviderTimeout, "timeout", None),
        (faults.drip_headers, ProviderTimeout, "timeout", None),
        (faults.drip_body, ProviderTimeout, "timeout", None),
        (faults.drop, ProviderUnreachable, "unreachable", None),
        (faults.reset, ProviderUnreachable, "unreachable", None),
        (faults.cut_body, ProviderFault, "provider_error", None),
        (faults.reset_body, ProviderFault, "provider_error", None),
        (faults.half_json, ProviderFault, "provider_error", None),
        (faults.html, ProviderFault, "provider_error", None),
        (faults.empty, ProviderFault, "provider_error", None),
        (answer(500), ProviderFault, "provider_error", None),
        (answer(503, headers={"Retry-After": "7"}), ProviderFault, "provider_error", None),
        (answer(408), ProviderFault, "provider_error", None),
        (answer(409), ProviderRejected, "rejected", None),
        (answer(425), ProviderFault, "provider_error", False),
        (answer(429), ProviderRateLimited, "rate_limited", False),
        (answer(401), ProviderAuthError, "auth", False),
        (answer(403), ProviderAuthError, "auth", False),
        (answer(400), ProviderRejected, "rejected", False),
        (answer(404), ProviderRejected, "rejected", False),
        (answer(422), ProviderRejected, "rejected", False),
        (answer(302, headers={"Location": "http://169.254.169.254/"}), ProviderRejected, "rejected", None),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_classifies_each_fault_and_sends_a_post_once(behaviour, error, outcome, sent, reports):
    with FaultServer(behaviour) as server:
        began = time.monotonic()
        with pytest.raises(error) as caught:
            call(server.url, "POST", json={"text": "hello"}, deadline=Deadline.after_ms(700), max_retries=3)
        took_s = time.monotonic() - began
        assert server.calls == 1
    assert caught.value.sent is sent
    assert took_s <= 0.7 + SLACK_S
    assert [(report.outcome, report.attempts) for report in reports] == [(outcome, 1)]


def test_a_server_that_does_not_accept_is_a_timeout_with_nothing_sent():
    with FullBacklog() as server:
        began = time.monotonic()
        with pytest.raises(ProviderTimeout) as caught:
            call(server.url, "POST", json={}, deadline=Deadline.after_ms(500))
        assert time.monotonic() - began <= 0.5 + SLACK_S
    assert caught.value.sent is False


def test_an_address_that_accepts_nobody_is_given_up_before_the_deadline(monkeypatch):
    monkeypatch.setattr("integrations.http.transport.CONNECT_LIMIT_S", 0.3)
    with FullBacklog() as server, pytest.raises(ProviderUnreachable) as caught:
        call(server.url, "POST", json={}, deadline=Deadline.after_ms(5000))
    assert caught.value.sent is False


def test_a_closed_port_is_unreachable_with_nothing_sent():
    with FaultServer() as server:
        url = server.url
    with pytest.raises(ProviderUnreachable) as caught:
        call(url, "POST", json={})
    assert caught.value.sent is False


def test_a_slow_name_server_is_cut_at_the_deadline(monkeypatch):
    released = threading.Event()

    def slow(host, *args, flags=0, **kwargs):
        if flags:
            raise OSError
        released.wait(60)
        raise OSError

    monkeypatch.setattr("integrations.http.transport.socket.getaddrinfo", slow)
    began = time.monotonic()
    with pytest.raises(ProviderTimeout) as caught:
        call("https://send.meetinboxxia.com", deadline=Deadline.after_ms(400))
    released.set()
    assert time.monotonic() - began <= 0.4 + SLACK_S
    assert caught.value.sent is False


@pytest.mark.parametrize(
    ("behaviour", "outcome", "calls"),
    [
        (faults.drop, "unreachable", 3),
        (faults.reset, "unreachable", 3),
        (faults.half_json, "provider_error", 3),
        (answer(503), "provider_error", 3),
        (answer(429, headers={"Retry-After": "0"}), "rate_limited", 3),
        (answer(429, headers={"Retry-After": "soon"}), "rate_limited", 3),
        (answer(429, headers={"Retry-After": "3600"}), "rate_limited", 1),
        (answer(401), "auth", 1),
        (answer(404), "rejected", 1),
    ],
)
def test_retries_a_read_by_the_matrix(behaviour, outcome, calls, reports, monkeypatch):
    monkeypatch.setattr("integrations.http.retry.BACKOFF.multiplier", 0.01)
    with FaultServer(behaviour) as server:
        with pytest.raises(ProviderError):
            call(server.url, max_retries=2)
        assert server.calls == calls
    assert [(report.outcome, report.attempts) for report in reports] == [(outcome, calls)]


def test_retries_a_timeout_of_one_attempt_within_the_deadline(monkeypatch):
    monkeypatch.setattr("integrations.http.retry.BACKOFF.multiplier", 0.01)
    with FaultServer(faults.hang, answer(body={"ok": 1})) as server:
        assert call(server.url, max_retries=1, timeout_ms=300).data == {"ok": 1}
        assert server.calls == 2


def test_waits_as_long_as_retry_after_says():
    with FaultServer(answer(429, headers={"Retry-After": "1"}), answer(body={"ok": 1})) as server:
        began = time.monotonic()
        assert call(server.url, max_retries=1, deadline=Deadline.after_ms(5000)).data == {"ok": 1}
        assert time.monotonic() - began >= 1


def test_hands_a_retry_after_beyond_the_deadline_up():
    with FaultServer(answer(503, headers={"Retry-After": "7"})) as server:
        with pytest.raises(ProviderFault) as caught:
            call(server.url, max_retries=2)
        assert server.calls == 1
    assert caught.value.retry_after_ms == 7000


def test_repeats_a_post_that_says_it_may_be(monkeypatch):
    monkeypatch.setattr("integrations.http.retry.BACKOFF.multiplier", 0.01)
    with FaultServer(faults.drop, answer()) as server:
        call(server.url, "POST", json={}, idempotent=True, max_retries=1)
        assert server.calls == 2


def test_an_outage_is_not_multiplied_by_retries(monkeypatch):
    monkeypatch.setattr("integrations.http.retry.BACKOFF.multiplier", 0.001)
    monkeypatch.setattr("integrations.http.breaker.OPEN_AFTER_FAILURES", 1000)
    monkeypatch.setattr("integrations.http.breaker.WINDOW", 1000)
    with FaultServer(answer(503)) as server:
        for _ in range(20):
            with pytest.raises(ProviderFault):
                call(server.url, max_retries=4)
        assert server.calls <= 20 + 5


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_cancelled_call_before_its_first_byte_sends_nothing(method):
    with FaultServer() as server:
        with pytest.raises(Cancelled) as caught:
            call(server.url, method, deadline=Deadline.after_ms(2000, cancelled=lambda: True))
        assert server.calls == 0
    assert caught.value.sent is False


def test_cancelling_interrupts_a_hanging_read(reports):
    gone = threading.Event()
    threading.Timer(0.2, gone.set).start()
    with FaultServer(faults.hang) as server:
        with pytest.raises(CallCancelled):  # and no timeout
            call(server.url, deadline=Deadline.after_ms(20_000, cancelled=gone.is_set), max_retries=2)
        assert server.calls == 1
    assert [report.outcome for report in reports] == [CallOutcome.CANCELLED]


def test_shutdown_interrupts_a_hanging_read(reports, monkeypatch):
    stopping = threading.Event()
    monkeypatch.setattr(deadlines, "shutdown_requested", stopping)
    threading.Timer(0.2, stopping.set).start()
    with FaultServer(faults.hang) as server:
        with pytest.raises(CallInterrupted):
            call(server.url, deadline=Deadline.after_ms(20_000), max_retries=2)
        assert server.calls == 1
    assert [report.outcome for report in reports] == [CallOutcome.SHUTDOWN]


def test_cancelling_does_not_cut_a_send_in_mid_air():
    gone = threading.Event()

    def slow_answer(server, conn):
        gone.set()
        time.sleep(0.6)
        answer(body={"sent": True})(server, conn)

    with FaultServer(slow_answer) as server:
        deadline = Deadline.after_ms(5000, cancelled=gone.is_set)
        assert call(server.url, "POST", json={}, deadline=deadline).data == {"sent": True}


def test_an_expired_deadline_makes_no_call_and_no_report(reports):
    with FaultServer() as server:
        with pytest.raises(DeadlineExceeded) as caught:
            call(server.url, "POST", json={}, deadline=Deadline.after_ms(0))
        assert server.calls == 0
    assert caught.value.sent is False
    assert reports == []


def test_refuses_an_answer_without_end(monkeypatch):
    monkeypatch.setattr(session, "READ", session.READ._replace(bytes=1000))
    with (
        FaultServer(answer(raw=b"[" + b"1," * 5000 + b"1]")) as server,
        pytest.raises(ProviderFault) as caught,
    ):
        call(server.url)
    assert caught.value.code == "answer_too_large"


MILLIONS = b"[" + b"{}," * 3_300_000 + b"{}]"
"""9.9 MB that would be 480 MB of values."""


@pytest.mark.parametrize("calls", [1, 3])
def test_an_answer_of_millions_of_values_is_refused_and_costs_its_text_alone(calls):
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(MILLIONS) + MILLIONS
    with FaultServer(faults.send_then(whole, faults.drop)) as server, ThreadPoolExecutor(calls) as threads:
        tracemalloc.start()
        try:
            began = time.monotonic()
            ends = [
                threads.submit(call, server.url, deadline=Deadline.after_ms(60_000)) for _ in range(calls)
            ]
            errors = [end.exception() for end in ends]
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert [(type(error), error.code) for error in errors] == [(ProviderFault, "answer_too_large")] * calls
    assert peak < 60_000_000 and time.monotonic() - began < 60


def test_an_answer_to_a_write_is_small():
    with (
        FaultServer(answer(body=[""] * 30_000)) as server,
        pytest.raises(ProviderFault, match="answer_too_large") as caught,
    ):
        call(server.url, "POST", json={})
    assert caught.value.sent is None
    with FaultServer(answer(body=[""] * 30_000)) as server:
        assert len(call(server.url).data) == 30_000


def test_a_refusal_with_millions_of_values_is_still_a_refusal():
    with FaultServer(answer(401, raw=MILLIONS)) as server, pytest.raises(ProviderAuthError):
        call(server.url, deadline=Deadline.after_ms(60_000))


def test_a_parse_that_takes_too_long_ends_a_read_and_never_a_write(monkeypatch):
    monkeypatch.setattr(session, "READ", session.Budget(20_000_000, 10_000_000, parse_ms=1))
    monkeypatch.setattr(session, "WRITE", session.READ)
    body = [{}] * 500_000
    with FaultServer(answer(body=body)) as server:
        with pytest.raises(ProviderTimeout) as caught:
            call(server.url, deadline=Deadline.after_ms(60_000))
        assert caught.value.code == "parse"
        assert call(server.url, "POST", json={}, deadline=Deadline.after_ms(60_000)).data == body


def test_an_answer_of_another_shape_is_the_providers_fault(reports):
    with FaultServer(answer(body=["unexpected"])) as server, pytest.raises(ProviderFault) as caught:
        call(server.url, "POST", json={}, parse=lambda response: response.data["id"])
    assert (caught.value.code, caught.value.sent) == ("unexpected_shape", True)
    assert [report.outcome for report in reports] == ["provider_error"]


def test_a_client_may_judge_an_answer_before_its_status_does():
    def classify(response):
        return ResponseVerdict(ProviderRejected, code="no_credit") if response.data == {"ok": False} else None

    session = ProviderSession(provider="slack", classify=classify)
    with FaultServer(answer(body={"ok": False})) as server, pytest.raises(ProviderRejected) as caught:
        session.request("POST", server.url, operation="post", deadline=Deadline.after_ms(2000), json={})
    assert (caught.value.status, caught.value.code) == (200, "no_credit")


def test_keeps_no_cookies_between_calls():
    with FaultServer(answer(headers={"Set-Cookie": "tenant=a"}), answer()) as server:
        call(server.url)
        call(server.url)
        assert b"cookie" not in server.requests[1].lower()


def test_takes_nothing_from_the_environment(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with FaultServer() as server:
        call(server.url)
        assert b"authorization" not in server.requests[0].lower()


def test_refuses_to_call_inside_a_transaction():
    with FaultServer() as server:
        with transaction.atomic(), pytest.raises(RuntimeError, match="called inside a transaction"):
            call(server.url)
        assert server.calls == 0


def test_errors_and_logs_hold_no_key_url_or_body(caplog):
    caplog.set_level(logging.DEBUG)
    with FaultServer(answer(400, body={"message": "no such Dana Reyes"})) as server:
        with pytest.raises(ProviderRejected) as caught:
            call(server.url, "POST", json={"text": "secret words"}, params={"api_key": "sk-secret"})
        url = server.url
    with pytest.raises(ProviderUnreachable) as unreachable:
        call(url, params={"api_key": "sk-secret"})
    texts = [str(caught.value), repr(unreachable.value), caplog.text]
    assert not any(
        word in text for word in ("sk-secret", "Dana", "secret words", "127.0.0.1") for text in texts
    )
    assert unreachable.value.__context__ is None
    assert unreachable.value.__cause__ is None


@pytest.mark.parametrize("key", ["sk-secret\n", "sk-secrét€"])
def test_a_key_that_no_header_may_carry_is_named_without_its_value(key):
    session = ProviderSession(
        provider="openai", base_url="http://127.0.0.1:9", headers={"Authorization": key}
    )
    with pytest.raises(ProviderMisconfigured) as caught:
        session.request("GET", "/x", operation="x", deadline=Deadline.after_ms(500))
    assert "sk-" not in str(caught.value)
    assert "sk-" not in repr(session)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ProviderTimeout, TransientError),
        (ProviderUnreachable, TransientError),
        (ProviderFault, TransientError),
        (ProviderRateLimited, Snooze),
        (ProviderAuthError, PermanentError),
        (ProviderRejected, PermanentError),
        (HostRefused, PermanentError),
    ],
)
def test_every_error_tells_the_job_layer_what_to_do(error, kind):
    assert issubclass(error, kind)


def test_one_log_line_per_call_at_the_level_of_its_outcome(caplog):
    caplog.set_level(logging.INFO, logger="integrations.http.call_reports")
    gone = threading.Event()
    threading.Timer(0.1, gone.set).start()
    with FaultServer(faults.hang) as server:
        with pytest.raises(CallCancelled):
            call(server.url, deadline=Deadline.after_ms(5000, cancelled=gone.is_set))
        with pytest.raises(ProviderTimeout):
            call(server.url, deadline=Deadline.after_ms(100))
    lines = [(record.levelname, record.outcome, record.operation) for record in caplog.records]
    assert lines == [("INFO", "cancelled", "thing"), ("WARNING", "timeout", "thing")]


def test_a_failing_receiver_fails_no_call():
    from integrations.http import call_reports

    def broken(report, **_signal):
        raise ValueError

    call_reports.finished.connect(broken)
    try:
        with FaultServer() as server:
            assert call(server.url).status == 200
    finally:
        call_reports.finished.disconnect(broken)
