"""Follow-ups that are due at once, 10,000 in the long form. Each lead gets one message in time.

The leads are in 50 workspaces; one has a dead LinkedIn account, and in one GoHighLevel answers 429. Two clusters work
while the cron's tick runs beside them. Every lead must get one message, every tick end in its time, and each waiting
follow-up say why. `make campaign-followups ARGS="--each 20"` is a short run.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import django

from sandbox import SandboxServer
from tests import template
from tests.campaign.stage import Stage

LAST_ITEM_MS = 1_000
"""How much longer a tick may take than its time, in ms: it finishes the item that it is working on."""
CLUSTERS, LIMIT_S, CRON_EVERY_S = 2, 3_000, 5


@dataclass
class Plan:
    workspaces: int = 50
    each: int = 200


LONG = Plan()


def play(directory: Path, plan: Plan) -> tuple[str, list[str]]:
    """Returns what was measured, and what is wrong."""
    with template.server_in(directory) as postgres, Stage(directory, postgres) as stage:
        environment = {"DATABASE_URL": stage.url, "DEBUG": "1", "ALLOW_LOOPBACK_PROVIDERS": "1"}
        os.environ |= environment | {"DJANGO_SETTINGS_MODULE": "config.settings"}
        django.setup()
        from django.db import connection

        from jobs.ticks import TICKS
        from tests.inbox.followups.test_scale import check, make_worlds

        with connection.cursor() as cursor:
            template.adopt(cursor)
        with SandboxServer() as sandbox:
            worlds, expected = (
                make_worlds(sandbox, plan.workspaces, plan.each),
                (plan.workspaces - 2) * plan.each,
            )
            for number in range(CLUSTERS):
                stage.serve(f"cluster-{number}", ["manage.py", "qcluster"], environment)
            sent, seconds, ticks_ms = work(stage, expected)
            for cluster in stage.services.values():
                cluster.stop()
            check(sandbox, worlds, plan.each)
        connection.close()
    longest_ms, budget_ms = max(ticks_ms), TICKS["followups"].budget_ms + LAST_ITEM_MS
    wrong = [f"{expected - sent} were not sent"] * (sent != expected)
    wrong += [f"a tick took {longest_ms:.0f} ms of {budget_ms}"] * (longest_ms > budget_ms)
    report = (
        f"{sent} messages in {seconds:.0f} s ({sent / seconds:.0f} a second), one a lead; "
        f"longest of {len(ticks_ms)} ticks {longest_ms:.0f} ms of {budget_ms}"
    )
    return report, wrong


def work(stage: Stage, expected: int) -> tuple[int, float, list[float]]:
    """Runs the cron's tick until all that is `expected` was sent. Returns what was sent, in how many s, and the ticks'
    ms."""
    from inbox.models import FollowUpTask
    from jobs.models import Tick
    from jobs.ticks import run_tick

    sent, seconds, ticks_ms, began = 0, 0.0, [], time.monotonic()
    while sent < expected and seconds < LIMIT_S:
        run_tick("followups", requested=True)
        ticks_ms.append(Tick.objects.get(name="followups").duration_ms or 0)
        sent, seconds = FollowUpTask.objects.filter(status="sent").count(), time.monotonic() - began
        print(f"{seconds:6.0f} s  {sent:6} of {expected} sent", flush=True)
        stage.pause(CRON_EVERY_S)
    return sent, seconds, ticks_ms
