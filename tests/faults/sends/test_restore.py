"""A dump while messages go out, the whole rest of them lost with the server, and each message once all the same."""

import json
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from demo.postgres_user import bin_dir
from sandbox import SandboxServer
from tests.campaign.stage import ROOT
from tests.faults.jobs.stage import ENTRY
from tests.faults.sends import driver

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600), pytest.mark.long]

DRAFTS = 24
PRODUCT = {"ALLOW_LOOPBACK_PROVIDERS": "1", "OPENAI_API_KEY": ""}


def command(stage, *arguments: str, check: bool = True, **extra: str) -> str:
    """What a management command of the product says."""
    done = subprocess.run(
        [*ENTRY, *arguments],
        cwd=ROOT,
        env=stage.environment(**PRODUCT) | {"PATH": f"{bin_dir()}:/usr/bin:/bin"} | extra,
        capture_output=True,
        text=True,
    )
    assert not check or not done.returncode, done.stdout + done.stderr
    return done.stdout


def accepted(sandbox) -> Counter[str]:
    """How often the provider took each text."""
    return Counter(driver.MARKER.sub("", send["text"]) for send in sandbox.sends(provider="emailbison"))


def restore(stage, dump) -> None:
    """Put the dump into a new database of the same server; the stage goes on there."""
    with psycopg.connect(stage.postgres.url("postgres"), autocommit=True) as server:
        server.execute("CREATE DATABASE restored")
    stage.database = "restored"
    subprocess.run(
        [bin_dir() / "pg_restore", "--exit-on-error", "--no-owner", f"--dbname={stage.url}", str(dump)],
        check=True,
    )


def test_no_message_goes_out_twice_after_a_restore(stage):
    with SandboxServer() as sandbox:
        for key, body in driver.drive(stage, "prepare", str(DRAFTS), sandbox.base_url)["bodies"]:
            sandbox.ingest("emailbison", key, [body])
        cluster = stage.start_cluster(workers=2, **PRODUCT)
        stage.wait(cluster.ready, "a cluster")
        with ThreadPoolExecutor(1) as person:
            approving = person.submit(driver.drive, stage, "approve", "12")
            stage.wait(lambda: accepted(sandbox).total() >= 3, "messages on their way")
            command(stage, "backup", str(stage.directory))
            assert approving.result() == {"approved": DRAFTS}
        stage.wait(lambda: accepted(sandbox).total() == DRAFTS, "every message out")
        cluster.stop()

        [dump] = stage.directory.glob("*.dump")
        restore(stage, dump)
        listed = dump.with_suffix(".json")
        assert "All" in command(stage, "check_restore", str(listed))
        other_keys = {"FIELD_ENCRYPTION_KEYS": "LV9zZ3JnS2E1Z3JFbXpuVEpOT0JpcXJRUFlVclV5OVo="}
        said = command(stage, "check_restore", str(listed), check=False, **other_keys)
        assert "4 rows can’t be decrypted with any key" in said
        known = stage.value("SELECT count(*) FROM inbox_outboundsend WHERE state = 'sent'")
        assert known < DRAFTS, "the dump was made before the end"

        stage.start_cluster(host="host-b", workers=2, **PRODUCT)
        driver.drive(stage, "approve", "1")  # people find the drafts of before, and approve them again
        held = "SELECT count(*) FROM jobs_backgroundjob WHERE kind = 'reply.send' AND status = 'queued' AND snoozes > 0"
        stage.wait(lambda: stage.value(held) + known == DRAFTS, "every send held")
        assert accepted(sandbox).total() == DRAFTS

        command(stage, "restored", "--since", json.loads(listed.read_text())["made_at"])
        ended = "SELECT count(*) FROM inbox_outboundsend WHERE state = 'sent'"
        stage.wait(lambda: stage.value(ended) == DRAFTS, "every send found at the provider")
        assert set(accepted(sandbox).values()) == {1} and accepted(sandbox).total() == DRAFTS
