"""Locks by name, for what has no row yet. Two deliveries of one text or chat run one after the other."""

import hashlib

from django.db import connection


def hold(*parts: object) -> None:
    """Takes the lock that `parts` name until the transaction ends, and waits for it. Must run in a transaction."""
    name = "\0".join(map(str, parts)).encode()
    key = int.from_bytes(hashlib.sha256(name).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
