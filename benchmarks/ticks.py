"""Measures how long each tick takes to select and enqueue its work, at a million messages and 200 accounts.

`make bench` or `python -m benchmarks.ticks [--messages 1000000] [--database URL] [--json]`. It fills a database of its
own (`manage.py seed_scale`), in which one follow-up is due for each hundred messages, or takes a seeded one by its URL.
Each tick runs twice, and follow-ups until none is due. All of it is rolled back. The aim is 2 s on an idle machine. The
load is printed beside the times, and the processor time that the tick and its PostgreSQL backend used.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from demo.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[1]
AIM_MS = 2_000
ROUNDS = 2
MOST_ROUNDS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--database", help="URL of a database that seed_scale has filled")
    parser.add_argument("--only", nargs="*", default=[], help="names of ticks")
    parser.add_argument("--explain", action="store_true", help="print the plans of statements over 200 ms")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with contextlib.nullcontext(options.database) if options.database else filled(options.messages) as url:
        os.environ |= {"DATABASE_URL": url, "DEBUG": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
        import django

        django.setup()
        report = measure(options.only, explain=options.explain)
    print(json.dumps(report, indent=2) if options.json else text(report))


@contextlib.contextmanager
def filled(messages: int, *options: str) -> Iterator[str]:
    """The URL of a new database with the seeded year, which goes with the block. `options`: more of seed_scale."""
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-ticks-") as scratch,
        EmbeddedPostgres(Path(scratch) / "postgres") as server,
    ):
        environment = os.environ | {"DATABASE_URL": server.url(), "DEBUG": "1"}
        for words in (["migrate", "-v0"], ["seed_scale", f"--messages={messages}", *options]):
            subprocess.run(
                [sys.executable, "manage.py", *words],
                cwd=ROOT,
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )
        yield server.url()


def measure(only: list[str], *, explain: bool) -> dict:
    """Runs the ticks in a transaction that is rolled back. Returns the report."""
    import logging

    from django.conf import settings
    from django.db import connection, transaction

    from inbox.models import Message
    from integrations.models import Integration
    from jobs.deadline import Deadline
    from jobs.ticks import TICKS

    settings.OPENAI_API_KEY = "key-of-the-benchmark"  # without a key the catch-up has nothing to select
    logging.disable(logging.WARNING)
    report = {"messages": Message.objects.count(), "accounts": Integration.objects.count(), "ticks": []}
    for name, spec in TICKS.items():
        if only and name not in only:
            continue
        with transaction.atomic():
            for turn in range(MOST_ROUNDS if name == "followups" else ROUNDS):
                watch = Watch(explain)
                load, began, used = os.getloadavg()[0], time.monotonic(), processor_s()
                with connection.execute_wrapper(watch):
                    counts = spec.run(Deadline.after_ms(spec.budget_ms))
                took = round((time.monotonic() - began) * 1_000)
                used = round((processor_s() - used) * 1_000)
                plain = {key: count for key, count in counts.items() if ":" not in key and count}
                report["ticks"].append(
                    {
                        "tick": name,
                        "run": turn + 1,
                        "ms": took,
                        "processor_ms": used,
                        "statements": watch.count,
                        "load": round(load, 1),
                        "counts": plain,
                        "slowest": watch.slowest(),
                    }
                )
                if name == "followups" and not counts.get("claimed"):
                    break
            transaction.set_rollback(True)
    return report


def processor_s() -> float:
    """The processor time of this process and its PostgreSQL backend, in seconds. The server must be local."""
    from django.db import connection

    backend = psutil.Process(connection.connection.info.backend_pid)
    return sum(sum(process.cpu_times()[:2]) for process in (psutil.Process(), backend))


class Watch:
    """Counts statements and adds up their times."""

    def __init__(self, explain: bool) -> None:
        self.count, self._ms, self._explain = 0, Counter(), explain

    def __call__(self, execute, sql, params, many, context):
        began = time.monotonic()
        try:
            return execute(sql, params, many, context)
        finally:
            took = (time.monotonic() - began) * 1_000
            self.count += 1
            self._ms[sql] += took
            if self._explain and took > 200 and sql.lstrip().startswith(("SELECT", "WITH", "UPDATE")):
                self._plan(sql, params, took)

    def _plan(self, sql, params, took):
        from django.db import connection

        with connection.connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + sql, params)
            print(f"--- {took:.0f} ms\n{sql}\n", *(line for (line,) in cursor.fetchall()), sep="\n")

    def slowest(self) -> list[tuple[int, str]]:
        """The three statements that took longest in all: ms, and how they begin."""
        return [(round(ms), " ".join(sql.split())[:120]) for sql, ms in self._ms.most_common(3)]


def text(report: dict) -> str:
    """The report as a Markdown table."""
    lines = [
        f"{report['messages']:,} messages, {report['accounts']} accounts; the aim is {AIM_MS:,} ms on an idle machine",
        "",
        "| tick | run | ms | processor ms | statements | load | counts |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in report["ticks"]:
        counts = ", ".join(f"{name} {count}" for name, count in row["counts"].items())
        lines.append(
            f"| {row['tick']} | {row['run']} | {row['ms']} | {row['processor_ms']} | {row['statements']}"
            f" | {row['load']} | {counts} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
