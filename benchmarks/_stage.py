"""The options, the database and the arithmetic that several benchmarks share."""

import argparse
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests import template


def options_of(description: str, **numbers: int | float) -> argparse.Namespace:
    """The options of the command line: those in `numbers`, with their defaults, and `--json`."""
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


@contextmanager
def scratch() -> Iterator[tuple[Path, str]]:
    """A folder, and the URL of a migrated database, which this process and its children use meanwhile."""
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder,
        template.server_in(Path(folder), durable=True) as server,
    ):
        os.environ |= {"DATABASE_URL": server.url(), "DEBUG": "1", "ALLOW_LOOPBACK_PROVIDERS": "1"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        with psycopg.connect(server.url(), autocommit=True) as session:
            template.adopt(session)
        yield Path(folder), server.url()


def show(report: Any, text: Callable[[Any], str], *, as_json: bool) -> None:
    """Prints a report for people, or as JSON."""
    print(json.dumps(report, indent=2) if as_json else text(report))


def together(calls: list[Callable[[], object]]) -> None:
    """Calls all at once, each in a thread."""
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]
