"""PostgreSQL is frozen: it accepts connections but doesn’t respond. Senders hear of it in time, and nothing is lost.

It stays frozen until all have been answered, so whoever waits for it would wait for ever. `make rehearse-freeze`
freezes it for a minute, and judges how long each waits.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests

from tests import forms
from tests.campaign.stage import frozen
from tests.faults.site import reply
from tests.pooling import Pooler
from tests.serving import BEHIND_PROXY, WebServer
from tests.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.faults, pytest.mark.crash, pytest.mark.shortened]

BURST = 40
JSON = {"Content-Type": "application/json"}


@pytest.fixture(params=forms.some(["directly", "pooled"], ["directly", "pooled"], ["directly"]))
def url(request, postgres) -> Iterator[str]:
    if request.param == "directly":
        yield postgres.url()
        return
    with Pooler(postgres, pool=20) as pooler:
        yield pooler.url()


def test_a_frozen_database_is_told_to_senders_in_time_and_what_comes_again_is_taken(postgres, url, tmp_path):
    server = WebServer(url, tmp_path / "web.log")
    made = json.loads(server.manage("create_workspace", "W", "--admin-email=ana@example.com", "--json"))
    workspace, hook = made["workspace"]["id"], made["webhooks"]["email"]["path"]

    def post(number: int) -> tuple[int, float]:
        began = time.monotonic()
        status, _ = server.post(hook, reply(number), JSON)
        return status, time.monotonic() - began

    with server, ThreadPoolExecutor(BURST) as senders:
        assert {status for status, _ in senders.map(post, range(BURST))} == {200}
        sent = 2 * BURST
        with frozen(postgres):
            answers = list(senders.map(post, range(BURST, sent)))
            assert ready(server) == 503
        thawed_at = time.monotonic()
        missing = list(range(sent))
        until(lambda: post(missing[0])[0] == 200, "it is taken again")
        back_s = time.monotonic() - thawed_at
        until(lambda: again(missing, senders, post), "all that comes again is taken")
    longest_s = max(seconds for _, seconds in answers)
    print(
        f"{len(answers)} answered, the last after {longest_s:.1f} s; the first taken {back_s:.1f} s after the end"
    )
    assert {status for status, _ in answers} == {503}
    with psycopg.connect(postgres.url()) as session:
        count = "SELECT count(DISTINCT external_id), count(*) FROM inbox_message WHERE workspace_id = %s"
        assert session.execute(count, [workspace]).fetchone() == (sent, sent)


def ready(server: WebServer) -> int:
    return requests.get(
        f"http://127.0.0.1:{server.port}/readyz", headers=BEHIND_PROXY, timeout=PATIENCE_S
    ).status_code


def again(missing: list[int], senders: ThreadPoolExecutor, post) -> bool:
    """Send the missing ones again, and forget those that were taken. Whether none is left."""
    answers = list(senders.map(post, missing))
    missing[:] = [number for number, (status, _) in zip(missing, answers, strict=True) if status != 200]
    return not missing
