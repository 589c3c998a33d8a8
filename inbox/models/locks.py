"""Named locks for things that have no row to lock, such as a text that two deliveries bring at the same time."""

import hashlib

from jobs.db import fetch


def take(*parts: object) -> bool:
    """Takes the lock named `parts` as `hold` does, without waiting. Returns False if another transaction holds it."""
    return _locked("pg_try_advisory_xact_lock", parts)


def hold(*parts: object) -> None:
    """Waits for the lock named `parts`, and holds it until the transaction ends. Must run in a transaction."""
    _locked("pg_advisory_xact_lock", parts)


def _locked(function: str, parts: tuple[object, ...]) -> bool:
    name = "\0".join(map(str, parts)).encode()
    key = int.from_bytes(hashlib.sha256(name).digest()[:8], signed=True)
    return bool(fetch(f"SELECT {function}(%s)", [key])[0][0])
