"""The long form of a campaign over the product and the sandbox, as a command whose options are the plan's fields."""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from sandbox import SandboxServer
from tests.faults.jobs.stage import Server, Stage


def play(description: str, plan: Any, run: Callable[[Stage, SandboxServer, Any], Any]) -> int:
    """Plays `plan` with the options of the command line, and prints the report. The exit code: 0 if all held."""
    parser = argparse.ArgumentParser(description=description)
    for one in fields(plan):
        default = getattr(plan, one.name)
        parser.add_argument(f"--{one.name.replace('_', '-')}", type=type(default), default=default)
    chosen = type(plan)(**vars(parser.parse_args()))
    with (
        tempfile.TemporaryDirectory() as directory,
        Server(Path(directory)) as server,
        Stage(server, "campaign") as stage,
        SandboxServer() as sandbox,
    ):
        report = run(stage, sandbox, chosen)
    report.print()
    wrong = report.verdict()
    print("all held" if not wrong else f"WRONG: {'; '.join(wrong)}")
    return bool(wrong)
