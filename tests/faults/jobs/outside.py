"""The ledger outside the database: a file that processes append one line to, in one write.

It survives every kill and restart, so it is the witness for what really happened, and how often.
"""

import json
import os
import time
from pathlib import Path


def ledger_path() -> Path:
    return Path(os.environ["HARNESS_LEDGER"])


def note(event: str, key: str, **details) -> None:
    """Append {event, key, pid, at, …}."""
    line = json.dumps({"event": event, "key": key, "pid": os.getpid(), "at": time.time()} | details) + "\n"
    descriptor = os.open(ledger_path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def read(path: Path) -> list[dict]:
    """Every line so far."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def released() -> bool:
    """Whether the test has let the held jobs end."""
    return _gate(ledger_path()).exists()


def release(ledger: Path) -> None:
    """Let the held jobs end, of the test that keeps `ledger`."""
    _gate(ledger).touch()


def _gate(ledger: Path) -> Path:
    return ledger.with_name("released")
