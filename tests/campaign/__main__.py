"""`python -m tests.campaign [SCENARIO]` plays one scenario in its long form: failures, jobs, programs, followups or
insights. `--help` lists its numbers. Prints what happened; the exit code is 0 only if all held.
"""

import argparse
import json
import os
import signal
import sys
from dataclasses import asdict, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

SCENARIOS = {
    "failures": "tests.campaign.table",
    "jobs": "tests.faults.jobs.campaign",
    "programs": "tests.faults.programs.campaign",
    "followups": "tests.campaign.followups",
    "insights": "tests.campaign.insights",
}
"""The module of each: its plan is `LONG`, and `play(directory, plan)` returns what happened and what is wrong of it."""


def main() -> int:
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # its servers end, too
    os.environ.setdefault("DEBUG", "1")
    words = sys.argv[1:]
    name = words.pop(0) if words and words[0] in SCENARIOS else "failures"
    scenario = import_module(SCENARIOS[name])
    from tests.campaign.stage import workplace

    options = vars(parser(name, scenario).parse_args(words))
    with workplace(options.pop("keep")) as directory:
        report, wrong = scenario.play(directory, type(scenario.LONG)(**options))
    print(json.dumps(asdict(report), indent=2) if is_dataclass(report) else report)
    print("all held" if not wrong else "WRONG: " + "; ".join(wrong))
    return bool(wrong)


def parser(name: str, scenario: ModuleType) -> argparse.ArgumentParser:
    """The options of a scenario: the fields of its plan."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.campaign {name}", description=scenario.__doc__)
    for field in fields(scenario.LONG):
        default = getattr(scenario.LONG, field.name)
        form: dict[str, Any] = {"type": type(default)}
        if isinstance(default, bool):
            form = {"action": "store_true"}
        elif isinstance(default, tuple):
            form = {"type": type(default[0]), "nargs": "+"}
        parser.add_argument(f"--{field.name.replace('_', '-')}", default=default, **form)
    parser.add_argument("--keep", type=Path, help="keep the logs in this directory")
    return parser


if __name__ == "__main__":
    sys.exit(main())
