"""Webhooks behind PgBouncer in transaction mode: each transaction may have another server session."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.postgres import EmbeddedPostgres
from tests.pooling import Pooler
from tests.serving import WebServer
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.faults, pytest.mark.crash]

JSON = {"Content-Type": "application/json"}


def test_replies_that_change_server_sessions_all_the_time_are_each_stored_once(tmp_path):
    """Guard: `prepare_where_ours`. Prepared there, a statement is missing in the next session, or there already."""
    with EmbeddedPostgres(tmp_path / "pg") as postgres:
        pooler = Pooler(postgres, pool=3)
        process = pooler.start(tmp_path / "pgbouncer.log")
        try:
            server = WebServer(pooler.url(), tmp_path / "web.log")
            server.manage("migrate", "-v0")
            made = json.loads(
                server.manage("create_workspace", "Northwind", "--admin-email=ann@example.com", "--json")
            )
            address = f"/api/webhooks/email/{made['webhooks']['email']['key']}/"
            with server, ThreadPoolExecutor(16) as clients:
                got = list(clients.map(lambda number: server.post(address, reply(number), JSON), range(80)))
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
    assert {status for status, _ in got} == {200}
    assert [answer["deduped"] for _, answer in got] == [False] * 80
    assert len({answer["leadId"] for _, answer in got}) == 80


def reply(number: int) -> bytes:
    email = f"dana{number}@example.com"
    event = {
        "event": {"type": "LEAD_REPLIED"},
        "data": {
            "lead": {"id": number, "email": email},
            "reply": {"id": number, "from_email_address": email, "text_body": f"Sure {number}"},
        },
    }
    return json.dumps(event).encode()
