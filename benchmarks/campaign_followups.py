"""Runs 10,000 follow-ups that are due at once, and checks that each lead gets one message in time.

`make campaign-followups`, or `--each 20` for a short run. The leads are in 50 workspaces; one has a dead LinkedIn
account, and in one GoHighLevel answers 429. Two real clusters work while the cron's tick runs beside them. The exit
code is 0 only if every lead got one message, every tick ended in its time, and each waiting follow-up says why.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from demo.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[1]
LAST_ITEM_MS = 1_000
"""How much longer a tick may take than its time, in ms: it finishes the item that it is working on."""
CLUSTERS, LIMIT_S, CRON_EVERY_S = 2, 3_000, 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspaces", type=int, default=50)
    parser.add_argument("--each", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, EmbeddedPostgres(Path(directory) / "pg") as server:
        server.start()
        os.environ |= {
            "DATABASE_URL": server.url(),
            "DEBUG": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "ALLOW_LOOPBACK_PROVIDERS": "1",
        }
        return campaign(options.workspaces, options.each)


def campaign(workspaces: int, each: int) -> int:
    """Make the leads, let the clusters work, check the result, and print what was measured. Returns the exit code."""
    import django

    django.setup()
    from django.core.management import call_command

    from inbox.models import FollowUpTask
    from jobs.models import Tick
    from jobs.ticks import TICKS, run_tick
    from sandbox import SandboxServer
    from tests.inbox.followups.test_scale import check, make_worlds

    call_command("migrate", interactive=False, verbosity=0)
    with SandboxServer() as sandbox:
        worlds = make_worlds(sandbox, workspaces, each)
        expected, ticks_ms, began = (workspaces - 2) * each, [], time.monotonic()
        clusters = [
            subprocess.Popen([sys.executable, "manage.py", "qcluster"], cwd=ROOT, stderr=subprocess.DEVNULL)
            for _ in range(CLUSTERS)
        ]
        try:
            sent = 0
            while sent < expected and time.monotonic() - began < LIMIT_S:
                run_tick("followups", requested=True)
                ticks_ms.append(Tick.objects.get(name="followups").duration_ms or 0)
                sent = FollowUpTask.objects.filter(status="sent").count()
                print(f"{time.monotonic() - began:6.0f} s  {sent:6} of {expected} sent", flush=True)
                time.sleep(CRON_EVERY_S)
        finally:
            for cluster in clusters:
                cluster.terminate()
            for cluster in clusters:
                cluster.wait(60)
        took_s = time.monotonic() - began
        check(sandbox, worlds, each)
    budget_ms = TICKS["followups"].budget_ms + LAST_ITEM_MS
    print(
        f"{sent} messages in {took_s:.0f} s ({sent / took_s:.0f} a second), one a lead; "
        f"longest of {len(ticks_ms)} ticks {max(ticks_ms):.0f} ms of {budget_ms}"
    )
    return int(sent != expected or max(ticks_ms) > budget_ms)


if __name__ == "__main__":
    sys.exit(main())
