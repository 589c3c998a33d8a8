"""Plays the seven failures on the control and on the product, and prints one table.

`python -m tests.campaign [--seeds 1 2 3] [--short] [--only holdfast]`. The exit code is 0 only if the control shows
all seven, and the product none, stores each delivery once, and is as before within 30 s of each harm.
"""

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path

from tests.campaign import seven
from tests.campaign.table import PRODUCTS, played, show, wrong

FULL = seven.Plan(
    deliveries=20_000, pages=48, replies=64, sends=1_000, conversations=120, kills=100, harms=3, accounts=3
)

SIZES = ("deliveries", "sends", "kills", "harms")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--short", action="store_true", help="the form of `make test`")
    parser.add_argument("--only", choices=PRODUCTS, help="play one of the two")
    for name in SIZES:
        parser.add_argument(f"--{name}", type=int, help="instead of those of the plan")
    parser.add_argument("--untimed", action="store_true", help="however long it takes until all is as before")
    parser.add_argument("--keep", type=Path, help="keep the logs in this new directory")
    options = parser.parse_args()
    sizes = {name: getattr(options, name) for name in SIZES if getattr(options, name) is not None}
    plan = dataclasses.replace(seven.Plan() if options.short else FULL, **sizes)
    with tempfile.TemporaryDirectory(prefix="holdfast-campaign-") as scratch:
        directory = options.keep or Path(scratch)
        directory.mkdir(mode=0o755, exist_ok=True)
        directory.chmod(0o755)
        names = [options.only] if options.only else PRODUCTS
        results = [played(directory, plan, seed, names) for seed in options.seeds]
    print(show(results))
    lines = [line for result in results for line in wrong(result, timed=not options.untimed)]
    print("all held" if not lines else "WRONG: " + "; ".join(lines))
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
