"""Our own limits on calls, shared by all processes: a sliding window per account, stored in one row.

No process waits while it locks the row. If the database is unavailable, the call is made under the provider's own
limit.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from integrations.visits import optional_visit

# Under READ COMMITTED, a concurrent UPDATE waits for the row and then sees the new `stamps`, so the count is exact.
TAKE = """
WITH clock AS (SELECT extract(epoch FROM clock_timestamp())::float8 AS t)
INSERT INTO integrations_ratewindow AS w (key, stamps) SELECT %(key)s, ARRAY[t] FROM clock
ON CONFLICT (key) DO UPDATE SET stamps = array_append(
    ARRAY(SELECT s FROM unnest(w.stamps) s WHERE s > EXCLUDED.stamps[1] - %(window_s)s ORDER BY s),
    greatest(EXCLUDED.stamps[1], (SELECT max(s) FROM unnest(w.stamps) s)))
WHERE (SELECT count(*) FROM unnest(w.stamps) s WHERE s > EXCLUDED.stamps[1] - %(window_s)s) < %(limit)s
"""

WAIT = """
SELECT ceil(1000 * (s + %(window_s)s - extract(epoch FROM clock_timestamp())::float8))
FROM integrations_ratewindow, unnest(stamps) s WHERE key = %(key)s ORDER BY s DESC OFFSET %(limit)s - 1 LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `limit` calls in any `window_s` seconds across all processes, for one `key` ("ghl:<location>")."""

    key: str
    limit: int
    window_s: float

    def take(self) -> int:
        """Counts one call and returns 0, else returns the milliseconds to wait. Returns 0 without the database."""
        values: dict[str, Any] = {"key": self.key, "limit": self.limit, "window_s": self.window_s}
        visit = optional_visit("rate limit not readable, call goes ahead", limit_key=self.key)
        with visit, connection.cursor() as cursor:
            cursor.execute(TAKE, values)
            if not cursor.rowcount:
                cursor.execute(WAIT, values)
                row = cursor.fetchone()
                return max(1, int(row[0])) if row else 1
        return 0
