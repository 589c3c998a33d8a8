"""What a Sentry server would get: a server of our own takes it, and the test looks at every byte."""

import gzip
import json
import logging
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import brotli
import pytest
from django.core.exceptions import ImproperlyConfigured

from config import sentry
from config.logs import logging_config
from jobs.db import Fault
from jobs.ids import uuid7

SAID = "Zyxwina wrote this sentence"
KEY = "sk-live-very-secret"
WORKSPACE, PLACE = str(uuid7()), "inbox/intake/receipt.py:receive:117"
UNPACK = {"gzip": gzip.decompress, "br": brotli.decompress, "": bytes}  # as the SDK packs what it sends


@contextmanager
def server():
    """A server that takes everything, and the bodies that it got."""
    got = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(UNPACK[self.headers.get("Content-Encoding", "")](body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Take) as taking:
        Thread(target=taking.serve_forever, daemon=True).start()
        yield f"http://publickey@127.0.0.1:{taking.server_port}/1", got
        taking.shutdown()


def fail(words: str) -> None:
    secret_of_the_frame = KEY + words
    try:
        raise KeyError(secret_of_the_frame)
    except KeyError as error:
        raise ValueError(f"cannot read {words} of zyxwina@example.org") from error


def sent(log) -> tuple[bytes, dict]:
    """All bytes that went out for what `log(logger)` logs, and the last event in them."""
    pytest.importorskip("sentry_sdk")
    with server() as (dsn, got):
        handler = sentry.Handler(dsn, "0.1.0")
        logger = logging.getLogger("inbox.tests_of_sentry")
        logger.propagate = False
        logger.addHandler(handler)
        try:
            log(logger)
            handler.flush()
        finally:
            logger.removeHandler(handler)
    raw = b"".join(got)
    return raw, json.loads(got[-1].splitlines()[2]) if got else {}


def test_an_error_goes_out_as_class_place_and_ids_without_anybody_s_text():
    def log(logger):
        try:
            fail(SAID)
        except ValueError:
            logger.exception(
                "delivery failed on our side",
                extra={
                    "workspace_id": WORKSPACE, "where": PLACE, "attempt": 2,
                    "source": "zyxwina@example.org", "outcome": SAID, "subject": SAID, "api_key": KEY,
                },
            )  # fmt: skip

    raw, event = sent(log)
    assert event["logentry"]["message"] == "delivery failed on our side" and event["release"] == "0.1.0"
    assert event["tags"] == {"workspace_id": WORKSPACE, "where": PLACE, "attempt": "2"}
    errors = event["exception"]["values"]
    assert [one["type"] for one in errors] == ["KeyError", "ValueError"]
    frame = errors[-1]["stacktrace"]["frames"][-1]
    assert (frame["function"], frame["filename"]) == ("fail", "tests/config/test_sentry.py")
    assert set(event) <= sentry.KEPT
    for secret in (SAID, "Zyxwina", "zyxwina", KEY, "secret_of_the_frame"):
        assert secret.encode() not in raw


def deep(count):
    if not count:
        fail(SAID)
    try:
        deep(count - 1)
    except Exception as error:
        raise RuntimeError(SAID) from error


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_deep_chain_is_cut_before_its_root_cause_and_one_that_comes_back_ends(comes_back):
    with pytest.raises(RuntimeError) as caught:
        deep(1 if comes_back else 30)
    if comes_back:
        caught.value.__cause__.__cause__ = caught.value
    record = logging.makeLogRecord({"name": "inbox", "exc_info": (RuntimeError, caught.value, None)})
    types = [value["type"] for value in sentry.event_of(record)["exception"]["values"]]
    deepest = ["ValueError", "RuntimeError"] if comes_back else ["KeyError"] + ["RuntimeError"] * 9
    assert types == deepest


def test_the_names_of_the_product_go_out():
    tags = {
        "table": "inbox_message", "column": "external_id", "constraint": "message_once", "fault": Fault.SLOW,
        "error_class": "IntegrityError", "kind": "replies.poll", "tick": "sends", "provider": "smartlead",
        "status": 503,
    }  # fmt: skip
    _, event = sent(lambda logger: logger.error("it failed", extra=tags))
    assert event["tags"] == {name: str(text) for name, text in tags.items()}


@pytest.mark.parametrize("name", sorted(sentry.TAGS))
def test_a_key_in_any_field_stays_here(name):
    for key in (KEY, "0123456789abcdef0123456789abcdefabcd", "9876543210"):
        assert sentry.event_of(logging.makeLogRecord({"name": "inbox", name: key}))["tags"] == {}


def test_a_line_with_words_filled_in_goes_out_without_them():
    raw, event = sent(lambda logger: logger.error("it said %s", SAID))
    assert event["logentry"]["message"] == "it said %s" and SAID.encode() not in raw


def test_lines_of_libraries_are_told_by_their_logger_alone_and_lesser_ones_not_at_all():
    record = logging.LogRecord("django.request", logging.ERROR, "", 1, f"Error: {SAID}", (), None)
    assert SAID not in str(sentry.event_of(record))
    assert sent(lambda logger: logger.warning("slow")) == (b"", {})


def test_requests_that_were_refused_are_not_told():
    def log(logger):
        logger.error("wrong host", extra={"status_code": 400})

    assert sent(log) == (b"", {})


def test_what_cannot_be_told_is_said_in_one_line_without_it(monkeypatch, capsys):
    pytest.importorskip("sentry_sdk")
    monkeypatch.setattr(logging, "raiseExceptions", True)
    with server() as (dsn, _):
        handler = sentry.Handler(dsn, "0.1.0")
    monkeypatch.setattr(sentry, "event_of", lambda record: fail(KEY))
    handler.handle(
        logging.LogRecord("inbox", logging.ERROR, "", 1, "refused: %s", (f"/webhooks/{KEY}/",), None)
    )
    assert capsys.readouterr().err == "An error was not reported to Sentry: ValueError\n"


def test_whatever_the_package_adds_stays_here():
    event = {"event_id": "1", "request": {"data": SAID}, "user": {"email": SAID}, "server_name": "app-1"}
    assert sentry.allowed(event) == {"event_id": "1"}


def test_without_the_package_the_start_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    with pytest.raises(ImproperlyConfigured, match="requirements-sentry.txt"):
        sentry.Handler("https://key@sentry.example.com/1", "0.1.0")


def test_a_dsn_that_is_none_is_named():
    pytest.importorskip("sentry_sdk")
    with pytest.raises(ImproperlyConfigured, match="SENTRY_DSN must be a DSN"):
        sentry.Handler("sentry.example.com", "0.1.0")


def test_without_a_dsn_nothing_is_set_up():
    assert "sentry" not in logging_config(False)["handlers"]
    assert (
        "sentry" in logging_config(False, sentry_dsn="https://key@sentry.example.com/1")["root"]["handlers"]
    )
