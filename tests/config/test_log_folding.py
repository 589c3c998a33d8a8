"""Requests that are refused before any view: a line a minute and kind, without what the client wrote."""

import logging

import pytest
from django.core.exceptions import DisallowedHost, TooManyFieldsSent

from config.logs import Fold


def record(name: str, level: int, text: str, error: Exception | None = None, **extra) -> logging.LogRecord:
    made = logging.LogRecord(name, level, "", 0, text, (), (type(error), error, None) if error else None)
    made.__dict__.update(extra)
    return made


def wrong_host() -> logging.LogRecord:
    error = DisallowedHost("Invalid HTTP_HOST header: 'evil.example'.")
    name = "django.security.DisallowedHost"
    return record(name, logging.ERROR, str(error), error, request="<WSGIRequest: GET '/x'>", status_code=400)


def test_a_wrong_host_is_one_warning_a_minute_with_its_number():
    now = [0.0]
    fold = Fold(lambda: now[0])
    first = wrong_host()
    assert fold.filter(first)
    assert (first.levelname, first.getMessage()) == ("WARNING", "requests refused (DisallowedHost): 1")
    assert first.exc_info is None and not hasattr(first, "request")
    now[0] = 59.0
    assert not any(fold.filter(wrong_host()) for _ in range(348))
    now[0] = 60.0
    later = wrong_host()
    assert fold.filter(later) and later.getMessage() == "requests refused (DisallowedHost): 349"


def test_each_kind_is_counted_by_itself():
    fold = Fold(lambda: 0.0)
    other = record(
        "django.security.TooManyFieldsSent", logging.ERROR, "x", TooManyFieldsSent("x"), status_code=400
    )
    bad = record("gunicorn.error", logging.WARNING, "Invalid request from ip=192.0.2.1: Invalid line '/key'")
    assert all(map(fold.filter, (wrong_host(), other, bad)))
    assert other.getMessage() == "requests refused (TooManyFieldsSent): 1"
    assert bad.getMessage() == "requests refused (InvalidRequest): 1"


def test_answers_that_ask_to_come_again_are_one_warning_a_minute():
    """With each stands a line of what was wrong, which is folded too."""
    fold = Fold(lambda: 0.0)
    hooks = [
        record("django.request", logging.ERROR, f"Service Unavailable: /{number}", status_code=503)
        for number in range(58)
    ]
    assert [fold.filter(hook) for hook in hooks] == [True] + [False] * 57
    assert hooks[0].getMessage() == "requests refused (ServiceUnavailable): 1"


@pytest.mark.parametrize("status", [400, 403])
def test_another_refusal_keeps_its_line_and_loses_its_traceback(status):
    refused = record("django.request", logging.WARNING, "Forbidden: /w/", ValueError("x"), status_code=status)
    assert Fold().filter(refused)
    assert refused.exc_info is None and refused.getMessage() == "Forbidden: /w/"


def test_a_fault_of_ours_keeps_its_traceback():
    fault = record(
        "django.request", logging.ERROR, "Internal Server Error: /", ValueError("x"), status_code=500
    )
    own = record("inbox.intake.receipt", logging.ERROR, "delivery failed on our side", ValueError("x"))
    server = record("gunicorn.error", logging.ERROR, "Error handling request /", ValueError("x"))
    assert all(Fold().filter(one) and one.exc_info for one in (fault, own, server))


def warning(text: str = "due jobs not looked for", **extra) -> logging.LogRecord:
    return record(
        "jobs.cluster.dispatcher", logging.WARNING, text, **{"error_class": "OperationalError"} | extra
    )


def test_equal_warnings_are_one_a_minute_with_their_number():
    now = [0.0]
    fold = Fold(lambda: now[0])
    first = warning()
    assert fold.filter(first) and not hasattr(first, "times")
    now[0] = 59.0
    assert not any(fold.filter(warning()) for _ in range(521))
    now[0] = 60.0
    later = warning()
    assert fold.filter(later) and (later.getMessage(), later.times) == ("due jobs not looked for", 522)


def test_warnings_that_say_something_else_are_all_logged():
    fold = Fold(lambda: 0.0)
    others = [
        warning(),
        warning("cluster chore failed"),
        warning(error_class="InterfaceError"),
        warning(job_id="1"),
        warning(job_id="2"),
        record("inbox", logging.WARNING, "due jobs not looked for", error_class="OperationalError"),
        record("inbox", logging.WARNING, "x", ValueError("a")),
        record("inbox", logging.WARNING, "x", ValueError("b")),
    ]
    assert all(map(fold.filter, others))


def test_errors_and_information_are_never_folded():
    fold = Fold(lambda: 0.0)
    same = [record("inbox", level, "x") for level in (logging.ERROR, logging.INFO) for _ in range(3)]
    assert all(map(fold.filter, same))


def test_kinds_whose_minute_is_over_are_forgotten(monkeypatch):
    monkeypatch.setattr("config.logs.MOST_KINDS", 3)
    now = [0.0]
    fold = Fold(lambda: now[0])
    for number in range(3):
        fold.filter(warning(job_id=str(number)))
    now[0] = 61.0
    assert fold.filter(warning(job_id="3")) and len(fold._due) == 1


def test_while_too_many_kinds_are_remembered_others_are_logged_each_time(monkeypatch):
    monkeypatch.setattr("config.logs.MOST_KINDS", 3)
    fold = Fold(lambda: 0.0)
    for number in range(3):
        fold.filter(warning(job_id=str(number)))
    assert fold.filter(warning(job_id="3")) and fold.filter(warning(job_id="3"))
    assert not fold.filter(warning(job_id="0")) and len(fold._due) == 3


def test_what_is_remembered_is_gone_through_once_a_second_at_most(monkeypatch):
    monkeypatch.setattr("config.logs.MOST_KINDS", 1)
    now, times = [0.0], []
    fold = Fold(lambda: now[0])
    monkeypatch.setattr(fold, "_forget", times.append)
    for number in range(50):
        now[0] = number / 10
        fold.filter(warning(job_id=str(number)))
    assert len(times) == 5


class Unprintable:
    def __repr__(self) -> str:
        raise ZeroDivisionError


def test_a_warning_that_cannot_be_printed_is_left_to_its_handler():
    wrong = logging.LogRecord("inbox", logging.WARNING, "", 0, "%d jobs", ("none",), None)
    assert Fold().filter(wrong)
    assert Fold().filter(warning(found=Unprintable()))
