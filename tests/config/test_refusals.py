"""Requests that are refused before any view: a line a minute and kind, without what the client wrote."""

import logging

import pytest
from django.core.exceptions import DisallowedHost, TooManyFieldsSent

from config.refusals import Fold


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


@pytest.mark.parametrize("status", [400, 403])
def test_another_refusal_keeps_its_line_and_loses_its_traceback(status):
    refused = record("django.request", logging.WARNING, "Forbidden: /w/", ValueError("x"), status_code=status)
    assert Fold().filter(refused)
    assert refused.exc_info is None and refused.getMessage() == "Forbidden: /w/"


def test_a_fault_of_ours_keeps_its_traceback():
    fault = record(
        "django.request", logging.ERROR, "Internal Server Error: /", ValueError("x"), status_code=500
    )
    own = record("inbox.intake", logging.ERROR, "delivery failed on our side", ValueError("x"))
    server = record("gunicorn.error", logging.ERROR, "Error handling request /", ValueError("x"))
    assert all(Fold().filter(one) and one.exc_info for one in (fault, own, server))
