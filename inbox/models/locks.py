"""Locks by name, for things that have no row yet. Two deliveries of one text or of one chat so run one after the
other.
"""

import hashlib

from django.db import connection


def hold(*parts: object) -> None:
    """Takes the database lock that `parts` name, and holds it until the transaction ends. Waits while another
    transaction holds it. Must run in a transaction.
    """
    name = "\0".join(map(str, parts)).encode()
    key = int.from_bytes(hashlib.sha256(name).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
