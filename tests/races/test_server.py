"""Webhooks of a running server: gunicorn as in production, real sockets, bodies as HTTP really carries them."""

import json
import logging
import runpy
import socket
from http.client import HTTPConnection
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from inbox.models import Lead, Message, WebhookDelivery
from jobs.models import BackgroundJob
from tests.factories import make_draft, make_lead, make_message
from tests.racing import at_once
from tests.recorded import payload
from tests.serving import BEHIND_PROXY, WebServer, database_url
from tests.webhooks.posting import SLACK_SECRET, slack_headers

pytestmark = [pytest.mark.races, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

JSON = {"Content-Type": "application/json"}
MIB = 1024 * 1024
TOO_LARGE = (413, {"success": False, "error": "payload_too_large"})


@pytest.fixture(scope="module")
def web(django_db_setup, tmp_path_factory):
    """One server for all tests here, on the tests' database."""
    log = tmp_path_factory.mktemp("web") / "web.log"
    keys = tuple(settings.FIELD_ENCRYPTION_KEYS)
    with WebServer(
        database_url(connection.settings_dict), log, fernet_keys=keys, SLACK_SIGNING_SECRET=SLACK_SECRET
    ) as server:
        yield server


def reply(reply_id: int = 880031, lead_id: int = 55120, **fields) -> bytes:
    email = "dana@example.com" if lead_id == 55120 else f"lead{lead_id}@example.com"
    event = {
        "event": {"type": "LEAD_REPLIED", "workspace_id": 42},
        "data": {
            "campaign": {"id": 901, "name": "Q4"},
            "lead": {"id": lead_id, "email": email, "first_name": "Dana"},
            "reply": {"id": reply_id, "from_email_address": "dana@example.com", "text_body": "Sure"},
        },
    }
    return json.dumps(event | fields).encode()


def pieces(body: bytes) -> list[bytes]:
    """`body` as it goes over the wire in chunks, without a length."""
    return [body[at : at + 16_384] for at in range(0, len(body), 16_384)]


def test_same_reply_32_times_at_once_is_one_message_and_one_job(web, poster):
    """Guard: the unique constraint message_once; without it this counts several messages and jobs."""
    got = at_once(*[lambda: web.post(poster.path("email"), reply(), JSON)] * 32)
    assert [status for status, _ in got] == [200] * 32
    assert sorted(answer["deduped"] for _, answer in got) == [False] + [True] * 31
    assert {answer["messageId"] for _, answer in got} == {str(Message.objects.get().pk)}
    assert all(answer["postProcessEnqueued"] for _, answer in got)
    assert BackgroundJob.objects.count() == Lead.objects.count() == 1
    assert WebhookDelivery.objects.filter(verdict="duplicate").count() == 31


def test_sessions_that_the_database_ended_meanwhile_cost_no_reply(web, poster):
    """Guard: `close_if_health_check_failed` before the first statement; without it each session's next one is a 503."""
    for first in (0, 32):
        calls = [
            lambda number=number: web.post(
                poster.path("email"), reply(reply_id=880_000 + number, lead_id=number), JSON
            )
            for number in range(first, first + 32)
        ]
        assert [status for status, _ in at_once(*calls)] == [200] * 32
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    assert Message.objects.count() == 64


@pytest.mark.parametrize("mebibytes", [1.5, 3])
@pytest.mark.parametrize("sent", [bytes, pieces], ids=["with its length", "in chunks"])
def test_body_over_one_mebibyte_is_answered_413_and_kept_nowhere(web, poster, mebibytes, sent):
    body = reply(filler="x" * int(mebibytes * MIB))
    assert web.post(poster.path("email"), sent(body), JSON) == TOO_LARGE
    assert not WebhookDelivery.objects.exists()


def test_body_in_chunks_is_read_to_its_end(web, poster):
    body = reply(filler="x" * 200_000)
    status, answer = web.post(poster.path("email"), pieces(body), JSON)
    assert (status, answer["deduped"]) == (200, False)
    assert bytes(WebhookDelivery.objects.get().body) == body


def test_body_in_broken_chunks_is_answered_400_and_no_log_line_holds_the_key(web, poster):
    """Guards: reading turns the server's error into an answer; the server's own log is redacted."""
    head = f"POST {poster.path('email')} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in BEHIND_PROXY.items())
    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as sender:
        sender.sendall(f"{head}\r\nno length\r\n".encode())
        answer = sender.makefile("rb").read().decode()
    assert answer.startswith("HTTP/1.1 400 ") and '"error":"invalid_payload"' in answer
    assert "Traceback" not in web.log.read_text() and poster.keys["email"] not in web.log.read_text()
    assert not WebhookDelivery.objects.exists()


def test_servers_own_log_holds_no_key():
    """Guard: the filter in config/gunicorn.py; gunicorn names the address of a request that ends in an error."""
    runpy.run_path("config/gunicorn.py")
    record = logging.LogRecord(
        "gunicorn.error", logging.ERROR, "", 0, "Error handling request %s", None, None
    )
    record.args = ("/api/webhooks/ghl/sms/" + "k" * 43 + "/",)
    logging.getLogger("gunicorn.error").handle(record)
    assert record.getMessage() == "Error handling request /api/webhooks/ghl/sms/[key]/"


MISTYPED = [
    "/api/webhooks//email/{key}/",
    "/api/webhook/email/{key}/",
    "/api/webhooks/EMAIL/{key}/",
    "/api/webhooks/e-mail/{key}",
    "/api/webhooks/email/%20{key}/",
    "/api%2Fwebhooks%2Femail%2F{key}",
    "/api/webhooks/email/?key={key}",
    "/api/webhooks/email?clientId=x&secret={key}",
    "/email/{key}",
    "/{key}/",
    "/w/{key}/?key={key}",
]
BROKEN = [
    "POST /api/email/{key}/?key={key} HTTP/9.9\r\n\r\n",
    "POST /email/{key} nonsense HTTP/1.1\r\n\r\n",
    "{key} /api/webhooks/email/{key}/ HTTP/1.1\r\n\r\n",
    "POST /api/webhook/{key}/?key={key} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {key}\r\n\r\n",
    "POST /api/webhook/{key}/?key={key} HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n",
    "POST /api/webhook/{key}/?key={key} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: {key}\r\n\r\n",
]


def fire(server: WebServer, key: str) -> None:
    """Requests as people mistype them, and as no server takes them, each with `key` in it."""
    for address in MISTYPED:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("POST", address.format(key=key), b"{}", BEHIND_PROXY | JSON)
        connection.getresponse().read()
        connection.close()
    for request in BROKEN:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as sender:
            sender.sendall(request.format(key=key).encode())
            sender.shutdown(socket.SHUT_WR)
            sender.makefile("rb").read()


def test_key_in_an_address_that_was_mistyped_reaches_no_log(web, poster):
    """Guards: redact_path and the processors around it, and the filter of gunicorn's own log."""
    fire(web, poster.keys["email"])
    written = web.log.read_text()
    assert "/api/webhook/email/[key]/" in written and "/api/webhooks/EMAIL/[key]/" in written
    assert [
        line for line in written.splitlines() if poster.keys["email"] in line or "clientId=" in line
    ] == []


def test_key_reaches_no_log_of_a_developer_s_server_either(poster, tmp_path):
    """DEBUG=1 shows more of a request; what it writes is redacted alike."""
    url, keys = database_url(connection.settings_dict), tuple(settings.FIELD_ENCRYPTION_KEYS)
    with WebServer(url, tmp_path / "web.log", fernet_keys=keys, DEBUG="1") as server:
        server.post(poster.path("email"), reply(), JSON)
        server.post(poster.path("email"), b"{", JSON)
        fire(server, poster.keys["email"])
        written = server.log.read_text()
    assert "/api/webhook/email/[key]/" in written
    assert [line for line in written.splitlines() if poster.keys["email"] in line] == []


def test_presses_in_slack_are_acknowledged_amid_deliveries_and_left_to_jobs(web, poster):
    """Slack shows an error after 3 s (its guide to interactivity), so nothing is done about a press before the answer.
    How long it takes is measured by `make bench` (benchmarks/slack.py)."""
    draft = make_draft(make_message(make_lead(poster.workspace)))
    body = payload("slack", "approve_send")
    ids = {"draftId": str(draft.pk), "leadId": str(draft.lead_id), "clientId": str(draft.workspace_id)}
    body["actions"][0]["value"] = json.dumps(ids)

    def press(number: int) -> int:
        body["actions"][0]["action_ts"] = f"17000000{number:02}.000100"
        raw = b"payload=" + quote(json.dumps(body)).encode()
        headers = slack_headers(raw) | {"Content-Type": "application/x-www-form-urlencoded"}
        return web.post("/api/webhooks/slack/interactions/", raw, headers)[0]

    deliveries = [lambda n=n: web.post(poster.path("email"), reply(n), JSON) for n in range(40)]
    got = at_once(*[lambda n=n: press(n) for n in range(8)], *deliveries)[:8]
    assert set(got) == {200}
    assert BackgroundJob.objects.filter(kind="slack.button", attempts=0).count() == 8
    draft.refresh_from_db()
    assert draft.status == "pending"


def test_worker_keeps_the_collector_from_what_was_imported(monkeypatch):
    """Guard: post_worker_init in config/gunicorn.py."""
    called = []
    monkeypatch.setattr("gc.freeze", lambda: called.append("freeze"))
    monkeypatch.setattr("gc.set_threshold", lambda *numbers: called.append(numbers[0]))
    hooks = runpy.run_path("config/gunicorn.py")
    hooks["post_worker_init"](worker=None)
    assert called == ["freeze", hooks["GC_THRESHOLD"]]


def test_body_without_a_content_type_is_taken(web, poster):
    status, answer = web.post(poster.path("email"), reply())
    assert (status, answer["deduped"]) == (200, False)


def test_address_without_its_trailing_slash_is_no_redirect(web, poster):
    status, answer = web.post(poster.path("email").rstrip("/"), reply(), JSON)
    assert (status, answer["deduped"]) == (200, False)


@pytest.mark.parametrize(
    "body",
    [b"\x00", b"", b"not json", b"[]", b'{"event":{"type":"LEAD_REPLIED"},"data":{}}', b"\xff\xfe"],
    ids=["NUL", "nothing", "no JSON", "a list", "no reply", "no UTF-8"],
)
def test_body_that_is_no_event_is_answered_400_and_kept(web, poster, body):
    status, answer = web.post(poster.path("email"), body, JSON)
    assert (status, answer["error"]) == (400, "invalid_payload")
    assert bytes(WebhookDelivery.objects.get(verdict="rejected").body) == body


def test_nul_in_a_text_is_stripped_and_the_event_kept(web, poster):
    status, answer = web.post(poster.path("email"), reply().replace(b"Sure", b"Su\\u0000re"), JSON)
    assert (status, answer["deduped"]) == (200, False)
    assert Message.objects.get().text == "Sure"


def test_unknown_event_is_ignored_with_a_reason(web, poster):
    status, answer = web.post(poster.path("email"), reply(event={"type": "LEAD_SANG"}), JSON)
    assert (status, answer["ignored"], answer["eventType"]) == (200, True, "LEAD_SANG")


def test_wrong_key_is_unauthorized_and_no_log_line_holds_a_key(web, poster):
    wrong = "wrong-key-" + "x" * 33
    assert web.post(f"/api/webhooks/email/{wrong}/", reply(), JSON)[0] == 401
    assert web.post(poster.path("email"), reply(), JSON)[0] == 200
    written = web.log.read_text()
    assert "/api/webhooks/email/[key]/" in written
    assert wrong not in written and poster.keys["email"] not in written
