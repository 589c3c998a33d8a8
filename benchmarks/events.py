"""Measures how soon after its commit an event reaches a receiver, beside a bare POST to the same receiver.

`make bench` or `python -m benchmarks.events [--events 200] [--json]`. One cluster with the defaults. Changes commit one
after the other, with a pause, so that an event waits for the cluster and not for other events.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import requests

from benchmarks._stage import options_of, p95, scratch, show

ROOT = Path(__file__).resolve().parent.parent
PAUSE_S, LEADS = 0.1, 20
LIMIT_MS = 2_000
STARTED_S, PATIENCE_S = 240, 240


def main() -> int:
    options = options_of(__doc__, events=200)
    with scratch():
        report = run(options.events)
    show(report, text, as_json=options.json)
    return int(report["event_p95_ms"] > LIMIT_MS)


def run(count: int) -> dict[str, float]:
    """Milliseconds: from commit to receiver, and of a bare POST."""
    import django

    django.setup()
    from inbox.events import endpoints
    from inbox.models import Event, Lead
    from tests import factories
    from tests.inbox.events.receiver import Receiver

    class Clock(Receiver):
        """Notes when each event came."""

        def __init__(self) -> None:
            super().__init__()
            self.at: dict[str, float] = {}

        def _take(self, request) -> None:
            now = time.monotonic()
            super()._take(request)
            self.at.setdefault(self.got[-1]["id"], now)

    cluster = subprocess.Popen([sys.executable, "manage.py", "qcluster"], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        with Clock() as receiver:
            workspace = factories.make_workspace()
            leads = [factories.make_lead(workspace) for _ in range(LEADS)]
            endpoints.create(workspace, None, url=receiver.url, events=["lead.tagged"], include_text=False)
            _tag(Lead, leads[0], "Objection")
            _until(lambda: receiver.got, STARTED_S)
            committed, posts = {}, []
            for number in range(count):
                _tag(Lead, leads[number % LEADS], ("Interested", "Neutral")[number // LEADS % 2])
                moment = time.monotonic()
                committed[str(Event.objects.latest("pk").pk)] = moment
                time.sleep(PAUSE_S)
                body = {"id": f"bare-{number}", "type": "bare", "data": {}}
                began = time.monotonic()
                requests.post(receiver.url, json=body, timeout=30)
                posts.append((time.monotonic() - began) * 1000)
            _until(lambda: committed.keys() <= receiver.at.keys(), PATIENCE_S)
            took = [(receiver.at[pk] - at) * 1000 for pk, at in committed.items()]
    finally:
        cluster.terminate()
        cluster.wait(60)
    return {
        "events": count,
        "event_p50_ms": round(statistics.median(took), 1),
        "event_p95_ms": round(p95(took), 1),
        "bare_post_p50_ms": round(statistics.median(posts), 1),
        "bare_post_p95_ms": round(p95(posts), 1),
    }


def _tag(model, lead, tag: str) -> None:
    model.objects.filter(pk=lead.pk).update(tag=tag)


def _until(condition, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise SystemExit(f"not in {seconds} s: the receiver lacks events")
        time.sleep(0.05)


def text(report: dict[str, float]) -> str:
    """The report as a table for people."""
    lines = [f"{name:20}{number:>10}" for name, number in report.items()]
    return "\n".join([*lines, f"An event may take {LIMIT_MS} ms (95 %)."])


if __name__ == "__main__":
    sys.exit(main())
