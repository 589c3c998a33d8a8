"""One process of the job benchmark: `python -m benchmarks._jobs_worker ACT`. DATABASE_URL names the database.

`schema` and `fill SYSTEM COUNT` prepare the database. `holdfast-drain` and `procrastinate-drain` work until the queue
is empty and print how long that took. `procrastinate-worker` works until it is stopped. `enqueue SYSTEM COUNT` and
`probe SYSTEM COUNT` add jobs.
"""

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Callable

PROBE_PAUSE_S = 0.15


def holdfast_drain() -> float:
    """Run all jobs one after the other, as a worker does after a wake-up. Returns seconds."""
    setup()
    from jobs.worker import drain

    began = time.monotonic()
    while drain():
        pass
    return time.monotonic() - began


def procrastinate_drain() -> float:
    """Run all jobs in procrastinate's worker. Returns seconds.

    It has its default options and async tasks, which are its fastest kind.
    """
    from benchmarks._jobs_rivals import app

    async def work() -> float:
        async with app.open_async():
            began = time.monotonic()
            await app.run_worker_async(wait=False, listen_notify=False, install_signal_handlers=False)
            return time.monotonic() - began

    return asyncio.run(work())


def procrastinate_worker() -> float:
    """Run procrastinate's worker until SIGTERM. It is woken by NOTIFY."""
    from benchmarks._jobs_rivals import app

    async def work() -> None:
        async with app.open_async():
            await app.run_worker_async()

    asyncio.run(work())
    return 0


def schema() -> float:
    """Create procrastinate's tables, and the table in which `fill` notes the time of its commit."""
    from benchmarks._jobs_rivals import app

    async def make() -> None:
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            await app.connector.execute_query_async("CREATE TABLE bench_commit (at timestamptz)")

    asyncio.run(make())
    return 0


def fill(system: str, count: int) -> float:
    """Add `count` jobs in one transaction. In Holdfast they are spread over 10 workspaces."""
    if system == "procrastinate":
        from benchmarks._jobs_rivals import app, noop

        app.open()
        noop.batch_defer(*({"key": str(number)} for number in range(count)))
        return 0
    setup()
    from django.db import connection, transaction
    from django_q.tasks import async_task

    from inbox.models import Workspace
    from jobs.enqueue import JobSpec, enqueue_many

    workspaces = Workspace.objects.bulk_create(Workspace(name=f"Bench {n}") for n in range(10))
    with transaction.atomic():
        if system == "holdfast":
            specs = (JobSpec(str(n), workspaces[n % 10].pk, {"key": str(n)}) for n in range(count))
            enqueue_many("harness.noop", list(specs))
        else:
            for number in range(count):
                async_task("tests.faults.jobs.app.tasks.noop", str(number), 0)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_commit VALUES (clock_timestamp())")
    return 0


def enqueue(system: str, count: int) -> float:
    """Add `count` jobs, each in a transaction of its own. Returns seconds."""
    put = putter(system, "noop")
    began = time.monotonic()
    for number in range(count):
        put(f"{system}-{time.monotonic_ns()}-{number}")
    return time.monotonic() - began


def probe(system: str, count: int) -> float:
    """Add jobs one at a time with pauses, and note the time of each commit.

    Each job notes the time at which it started.
    """
    from tests.faults.jobs import outside

    put = putter(system, "stamp")
    for number in range(count):
        put(f"probe-{number}")
        outside.note("commit", f"probe-{number}")
        time.sleep(PROBE_PAUSE_S)
    return 0


def putter(system: str, what: str) -> Callable[[str], object]:
    """A function that adds one job with the given key and commits."""
    if system == "procrastinate":
        from benchmarks import _jobs_rivals

        _jobs_rivals.app.open()
        task = getattr(_jobs_rivals, what)
        return lambda key: task.defer(key=key)
    setup()
    from django.db import transaction
    from django_q.tasks import async_task

    from jobs.enqueue import enqueue as enqueue_job

    def put(key: str) -> None:
        with transaction.atomic():
            if system == "holdfast":
                enqueue_job(f"harness.{what}", dedupe_key=key, payload={"key": key})
            else:
                async_task(f"tests.faults.jobs.app.tasks.{what}", key, 0)

    return put


def setup() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.jobs.settings"
    import django

    django.setup()
    logging.disable(logging.INFO)  # the other systems log nothing by default


ACTS = {
    "schema": schema,
    "fill": fill,
    "holdfast-drain": holdfast_drain,
    "procrastinate-drain": procrastinate_drain,
    "procrastinate-worker": procrastinate_worker,
    "enqueue": enqueue,
    "probe": probe,
}

if __name__ == "__main__":
    act, *rest = sys.argv[1:]
    print(json.dumps({"seconds": ACTS[act](*(int(word) if word.isdigit() else word for word in rest))}))
