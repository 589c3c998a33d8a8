"""Runs the long form of the fault tests for programs: they write 2,000 sends and receive some 14,000 events twice.

`make campaign-programs`; `--help` lists the options. The exit code is 0 only if no send and no event was doubled, lost
or out of order for its lead, and `GET events/` and the webhooks told the same.
"""

import argparse
import sys
import tempfile
from dataclasses import fields
from pathlib import Path

from sandbox import SandboxServer
from tests.faults.jobs.stage import Server, Stage
from tests.faults.programs.campaign import Plan, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.programs", description=__doc__)
    for one in fields(Plan):
        parser.add_argument(f"--{one.name.replace('_', '-')}", type=type(one.default), default=one.default)
    plan = Plan(**vars(parser.parse_args()))
    with (
        tempfile.TemporaryDirectory() as directory,
        Server(Path(directory)) as server,
        Stage(server, "campaign") as stage,
        SandboxServer() as sandbox,
    ):
        report = run(stage, sandbox, plan)
    report.print()
    print("all held" if not report.wrong else f"WRONG: {'; '.join(report.wrong)}")
    return bool(report.wrong)


if __name__ == "__main__":
    sys.exit(main())
