"""One limit for all processes: two that call GoHighLevel as fast as they can are never told "too many"."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection

from sandbox import SandboxServer
from tests import factories
from tests.serving import database_url

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]
CALLS = 90
CALLER = f"""
import json, sys
from collections import Counter
import django
django.setup()
from integrations.errors import ProviderError
from integrations.ghl.client import GhlClient
from integrations.models import Integration
from jobs.deadline import Deadline

client, ends = GhlClient.for_integration(Integration.objects.get()), Counter()
print("ready", flush=True)
sys.stdin.readline()
for _ in range({CALLS}):
    try:
        client.location(Deadline.after_ms(1_000))
        ends["ok"] += 1
    except ProviderError as error:
        ends[error.code] += 1
print(json.dumps(ends))
"""


def test_two_processes_keep_one_limit():
    with SandboxServer() as sandbox:
        sandbox.set_account("ghl", "key-1", properties={"limit": {"calls": 100, "seconds": 10}})
        factories.make_integration(
            factories.make_workspace(),
            "ghl",
            external_account_id="loc-1",
            credentials={"api_key": "key-1"},
            config={"base_url": sandbox.url("ghl")},
        )
        callers = [_caller() for _ in range(2)]
        for caller in callers:
            assert caller.stdout.readline() == "ready\n"
        for caller in callers:
            caller.stdin.write("go\n")
            caller.stdin.flush()
        ends = sum((Counter(json.loads(caller.communicate(timeout=120)[0])) for caller in callers), Counter())
        answers = Counter(request["status"] for request in sandbox.requests(provider="ghl"))
    assert answers == {200: ends["ok"]}
    assert ends.keys() <= {"ok", "own_limit", "throttled"} and ends.total() == 2 * CALLS
    assert ends["ok"] >= 90


def _caller() -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", CALLER],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database_url(connection.settings_dict),
            "DEBUG": "1",
            "ALLOW_LOOPBACK_PROVIDERS": "1",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
