"""Measures pages beside those of an earlier commit: Insights, and what the list, a conversation and a search cost.

`make bench` or `python -m benchmarks.pages [--against HEAD^] [--messages 100000] [--database URL] [--rounds 20] [--only
WORD…] [--json]`. It fills a database of its own (`manage.py seed_scale`), or takes a seeded one by its URL, which has
this commit's schema. gunicorn serves both commits as in production (DEBUG off), and both are asked in turn, so that
other load on the machine affects both. Times are from request to answer; "web" is the processor time of gunicorn alone.
The aims: a p95 of 200 ms for Insights at a million messages, and half the processor time for list, conversation and
search. They are for an idle machine, and the load is printed.
"""

import argparse
import contextlib
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.desk import Site, checked_out, set_secrets, site
from benchmarks.search import percentile
from benchmarks.ticks import filled

PAGES = {
    **{f"insights {days}": f"../insights/?days={days}" for days in (7, 30, 90)},
    "list": "?view=all",
    "list needs-reply": "?view=needs-reply",
    "conversation": "{lead}/?view=all",
    "search": "?view=all&q=interested",
}
COUNT = """
from django.db import connection
from insights import lead_days
from jobs.deadline import Deadline
counts = lead_days.tick(Deadline.after_ms(60_000))
print(counts["leads"], counts["left"])
connection.cursor().execute("VACUUM ANALYZE insights_leadday")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--against", metavar="COMMIT", default="HEAD^")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--database", help="URL of a migrated database that seed_scale has filled")
    parser.add_argument("--rounds", type=int, default=20, help="requests for each page")
    parser.add_argument("--only", nargs="*", default=[], help="words in the names of pages")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    set_secrets()
    names = [name for name in PAGES if not options.only or any(word in name for word in options.only)]
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-pages-")))
        url = options.database or stack.enter_context(filled(options.messages))
        root = stack.enter_context(checked_out(options.against, scratch))
        now = stack.enter_context(site(url, scratch))
        before = stack.enter_context(site(url, scratch, root))
        if any("insights" in name for name in names):
            count_leads(now)
        report = [compared(name, {"before": before, "now": now}, options.rounds) for name in names]
    print(json.dumps(report, indent=2) if options.json else text(report, options.against))


def count_leads(site: Site) -> None:
    """Counts the days of all leads, as the tick of Insights does, and prints how long it took."""
    began, leads, workspaces = time.monotonic(), 0, 1
    while workspaces:
        counted, workspaces = map(int, site.server.manage("shell", "--no-imports", "-c", COUNT).split()[-2:])
        leads += counted
    print(f"{leads:,} leads were counted in {time.monotonic() - began:.0f} s", flush=True)


def compared(name: str, sites: dict[str, Site], rounds: int) -> dict[str, Any]:
    """Asks both sites for the page in turn. Times are in ms."""
    browsers = {key: place.browser() for key, place in sites.items()}
    times: dict[str, list[float]] = {key: [] for key in sites}
    used = dict.fromkeys(sites, 0.0)
    for number in range(-2, rounds):  # the first ones warm up
        for key, place in sites.items():
            leads = place.known["leads"]
            path = place.inbox + PAGES[name].format(lead=leads[number % len(leads)])
            processor, began = place.processor_s(with_database=False), time.monotonic()
            answer = browsers[key].get(place.url + path, timeout=120)
            took = (time.monotonic() - began) * 1_000
            answer.raise_for_status()
            if number >= 0:
                times[key].append(took)
                used[key] += place.processor_s(with_database=False) - processor
    return {"page": name, "load": round(os.getloadavg()[0], 1)} | {
        key: {
            "p50": round(statistics.median(ms)),
            "p95": round(percentile(ms, 95)),
            "web": round(used[key] / rounds * 1_000),
        }
        for key, ms in times.items()
    }


def text(report: list[dict[str, Any]], commit: str) -> str:
    """The report as a Markdown table."""
    lines = [f"| page | p50 / p95 / web ms at {commit} | now | web, ratio | load |", "|---|---|---|---|---|"]
    for row in report:
        figures = ["{p50} / {p95} / {web}".format(**row[key]) for key in ("before", "now")]
        ratio = row["now"]["web"] / max(1, row["before"]["web"])
        lines.append(f"| {row['page']} | {' | '.join(figures)} | {ratio:.2f} | {row['load']} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
