"""Measures how much slower pages get while jobs read conversations for context packs.

`make bench` or `python -m benchmarks.insights [--packs 30] [--threads 20] [--json]`. It uses the setting of the fault
tests without their restarts: one web process, one worker cluster, PgBouncer, few connections. The inbox page is
measured in turn while packs are read and while every model call hangs. So other load on the machine affects both.
"""

import argparse
import json
from dataclasses import asdict

from tests.campaign.insights import Plan, run
from tests.campaign.stage import workplace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packs", type=int, default=Plan.packs)
    parser.add_argument("--threads", type=int, default=Plan.threads, help="at most 60")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with workplace() as directory:
        seen = run(Plan(packs=options.packs, threads=options.threads, restarts=0), directory)
    if options.json:
        print(json.dumps(asdict(seen), indent=2))
        return
    print(f"The inbox page while {options.packs} packs of {options.threads} conversations are read")
    print(f"{'':16}{'p50 ms':>9}{'p95 ms':>9}{'requests':>10}")
    for name, p50, p95, count in (
        ("models stall", seen.web_p50_normal, seen.web_p95_normal, seen.web_requests_normal),
        ("packs are read", seen.web_p50_busy, seen.web_p95_busy, seen.web_requests_busy),
    ):
        print(f"{name:16}{p50:9}{p95:9}{count:10}")
    if seen.web_p50_normal and seen.web_p95_normal:
        p50, p95 = seen.web_p50_busy / seen.web_p50_normal, seen.web_p95_busy / seen.web_p95_normal
        print(f"{'ratio':16}{p50:9.2f}{p95:9.2f}")
    print("the aim is a p95 of at most 1.3 times the one while models stall, and 10 ms")


if __name__ == "__main__":
    main()
