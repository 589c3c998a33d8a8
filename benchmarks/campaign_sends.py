"""Runs the long form of the fault tests for sends: clusters and providers fail while many drafts are sent.

`make campaign-sends`; `--help` lists the options. The exit code is 0 only if every accepted message exists exactly
once, and every send with an unknown result was settled or is listed for a person.
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
