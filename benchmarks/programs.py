"""Measures the API for programs: a list beside intake, what its triggers cost intake, and how its reading grows.

`make bench` or `python -m benchmarks.programs [--rounds 5] [--seconds 4] [--deliveries 10] [--small 10000]
[--large 1000000] [--json]`; a size of 0 leaves the growth out, and 0 rounds all else. The list of leads is asked for 50
times a second, alone and while so many deliveries a second come in; a request's time begins when it is due. Intake is
measured with all triggers of programs, without those of events, and without any. Both take turns, so that other load on
the machine affects all cases. Buffers are what the statements of a request read from PostgreSQL's memory or disk.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg

from benchmarks._stage import options_of, p95, scratch, show, together
from benchmarks.intake import HEADERS, OURS, Bench, reply, served
from benchmarks.search import Buffers
from benchmarks.ticks import filled
from tests.serving import BEHIND_PROXY, WebServer

ROOT = Path(__file__).resolve().parents[1]
LISTS_PER_SECOND, LIMIT = 50, 1.2
CONNECTIONS = 10
ALONE, BESIDE = "alone", "beside intake"
ALL, MARKS, NONE = "with all", "without events", "without any"
TRIGGERS = """
SELECT format('ALTER TABLE %%s %%s TRIGGER %%I', tgrelid::regclass, %s::text, tgname)
FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE proname LIKE ANY(%s)
"""
EVENTS, CHANGES = "inbox_event_of_%", "inbox_mark_changed"
LARGEST = "Scale 00"
EVENTS_OF_MESSAGES = """
SELECT count(*) FROM (
    SELECT inbox_add_event(workspace_id, 'message.received', lead_id, id, '{}') FROM inbox_message
) AS added
"""


def main() -> int:
    options = options_of(__doc__, rounds=5, seconds=4.0, deliveries=10, small=10_000, large=1_000_000)
    report: dict[str, Any] = {"load": round(os.getloadavg()[0], 1)}
    if options.rounds:
        with scratch() as (folder, database), served(folder, database) as server:
            bench = Bench(server, database, options.rounds, options.seconds)
            bench.warm_up()
            report["list"] = of_list(server, bench, options)
            report["intake"] = of_triggers(database, bench, options)
    if options.small:
        report["buffers"] = growth(options.small, options.large)
    show(report, text, as_json=options.json)
    return int(report.get("list", {}).get("ratio", 0) > LIMIT)


def of_list(server: WebServer, bench: Bench, options: Any) -> dict[str, float]:
    """The times of the list of leads in ms, alone and beside intake."""
    words = ("create_token", OURS, "Bench", "--scope", "leads:read", "--json")
    token = json.loads(server.manage(*words))["token"]
    headers = BEHIND_PROXY | {"Authorization": f"Bearer {token}"}

    def ask(connection: HTTPConnection) -> None:
        connection.request("GET", "/api/v1/leads/", headers=headers)
        answer = connection.getresponse()
        if (body := answer.read()) and answer.status != 200:
            raise RuntimeError(f"{answer.status} {body[:200]!r}")

    def post(connection: HTTPConnection) -> None:
        [number] = bench.numbers(1)
        connection.request("POST", bench.addresses[OURS], reply(number, 0), HEADERS)
        connection.getresponse().read()

    times: dict[str, list[float]] = {ALONE: [], BESIDE: []}
    for number in range(2 * options.rounds):
        case = (ALONE, BESIDE)[(number + number // 2) % 2]
        calls = paced(server.port, ask, LISTS_PER_SECOND, options.seconds, times[case])
        together(calls + paced(server.port, post, options.deliveries * (case == BESIDE), options.seconds, []))
    times_ms = {f"{case}, {name}_ms": round(of(times[case]), 1) for case in times for name, of in OF.items()}
    return times_ms | {"ratio": round(p95(times[BESIDE]) / p95(times[ALONE]), 2)}


OF: dict[str, Callable[[list[float]], float]] = {"p50": statistics.median, "p95": p95}


def paced(
    port: int, call: Callable[[HTTPConnection], None], rate: int, seconds: float, times: list[float]
) -> list[Callable[[], None]]:
    """Threads that make `rate` calls a second. Each adds its time in ms, from the moment when the call was due."""
    began = time.monotonic() + 0.1

    def work(first: int) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        for number in range(first, int(rate * seconds), CONNECTIONS):
            due = began + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            call(connection)
            times.append((time.monotonic() - due) * 1000)
        connection.close()

    return [lambda first=first: work(first) for first in range(CONNECTIONS)] if rate else []


def of_triggers(database: str, bench: Bench, options: Any) -> dict[str, float]:
    """Replies that are taken in a second, by the triggers that are on, and the ratios to none."""
    rates: dict[str, list[float]] = defaultdict(list)
    with psycopg.connect(database, autocommit=True) as session:

        def switch(word: str, *functions: str) -> None:
            for (statement,) in session.execute(TRIGGERS, [word, list(functions)]).fetchall():
                session.execute(statement)

        cases: dict[str, Callable[[], None]] = {
            ALL: lambda: switch("ENABLE", EVENTS, CHANGES),
            MARKS: lambda: switch("DISABLE", EVENTS),
            NONE: lambda: switch("DISABLE", EVENTS, CHANGES),
        }
        for number in range(options.rounds):
            for name in list(cases) if number % 2 else reversed(cases):
                cases[ALL]()
                cases[name]()
                bodies = [reply(serial, serial % 8) for serial in bench.numbers(int(3_000 * options.seconds))]
                rates[name].append(bench.window(OURS, bodies)[1])
        cases[ALL]()
    per_second = {f"{name}, per second": round(statistics.median(rates[name]), 1) for name in cases}
    for name in (ALL, MARKS):
        pairs = zip(rates[name], rates[NONE], strict=True)
        per_second[f"{name}, ratio"] = round(
            statistics.median(rate / rate_without for rate, rate_without in pairs), 2
        )
    return per_second


def growth(*sizes: int) -> dict[str, dict[str, int]]:
    """The buffers of each request, by the number of messages in the database."""
    buffers: dict[str, dict[str, int]] = defaultdict(dict)
    for size in sizes:
        with filled(size) as url:
            environment = os.environ | {"DATABASE_URL": url, "DEBUG": "1"}
            command = [sys.executable, "-c", "from benchmarks import programs; programs.print_buffers()"]
            done = subprocess.run(
                command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
            )
        for path, count in json.loads(done.stdout.splitlines()[-1]).items():
            buffers[path][f"{size:,}"] = count
    return dict(buffers)


def print_buffers() -> None:
    """Prints the buffers of each request to the largest workspace of a seeded database, as JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db import connection
    from django.db.models import Count
    from django.test import Client

    from inbox.models import Lead, Workspace
    from inbox.workspaces import programs
    from integrations.models import Scope

    workspace = Workspace.objects.get(name=LARGEST)
    token = programs.create_token(workspace, "Bench", Scope.values, by=None)[1]
    client = Client(headers={"Authorization": f"Bearer {token}"}, SERVER_NAME="localhost")
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = 0; {EVENTS_OF_MESSAGES}; ANALYZE inbox_event")
    lead = Lead.objects.filter(workspace=workspace).annotate(size=Count("messages")).order_by("size").last()
    Lead.objects.filter(pk=lead.pk).update(company="Changed Ltd")

    def ask(path: str) -> dict[str, Any]:
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def buffers(path: str) -> int:
        ask(path)
        watch = Buffers(explain=False)
        with connection.execute_wrapper(watch):
            ask(path)
        return watch.buffers

    changed, page = ask(f"leads/{lead.pk}/")["updatedAt"], ask("leads/")["nextCursor"]
    event = ask("events/?limit=100")["nextCursor"]
    paths = {
        **{
            path: path for path in ("leads/", "leads/?needsReply=true", "messages/", "drafts/?status=pending")
        },
        "leads/?cursor=": f"leads/?cursor={page}",
        "leads/?updatedSince=": f"leads/?updatedSince={changed}",
        "leads/?email=": f"leads/?email={lead.email}",
        "messages/?lead=": f"messages/?lead={lead.pk}",
        "leads/{id}/timeline/": f"leads/{lead.pk}/timeline/",
        "events/?after=": f"events/?after={event}",
    }
    print(json.dumps({name: buffers(path) for name, path in paths.items()}))


def text(report: dict[str, Any]) -> str:
    """The report as tables for people."""
    lines = [f"Load {report['load']}"]
    for part in ("list", "intake"):
        lines += [f"{name:40}{number:>10}" for name, number in report.get(part, {}).items()]
    for path, counts in report.get("buffers", {}).items():
        lines.append(
            f"{path:40}" + "".join(f"{count:>10} buffers at {size}" for size, count in counts.items())
        )
    return "\n".join([*lines, f"The list may take {LIMIT} times as long beside intake (95 %)."])


if __name__ == "__main__":
    sys.exit(main())
