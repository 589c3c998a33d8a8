"""The fault campaign over sends in its long form: `make campaign-sends`, or with other numbers, `--help`.

Exit code 0 only where every accepted message exists once and every uncertain one is settled or listed for a person.
"""

import argparse
import sys
import tempfile
from dataclasses import fields
from pathlib import Path

from sandbox import SandboxServer
from tests.faults.jobs.stage import Server, Stage
from tests.faults.sends.campaign import Plan, run

LONG = Plan(drafts=1_000, kills=100, seconds=500)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for one in fields(Plan):
        default = getattr(LONG, one.name)
        parser.add_argument(f"--{one.name.replace('_', '-')}", type=type(default), default=default)
    plan = Plan(**vars(parser.parse_args()))
    with (
        tempfile.TemporaryDirectory() as directory,
        Server(Path(directory)) as server,
        Stage(server, "campaign_sends") as stage,
        SandboxServer() as sandbox,
    ):
        report = run(stage, sandbox, plan)
    report.print()
    wrong = report.verdict()
    print("all held" if not wrong else f"WRONG: {'; '.join(wrong)}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
