"""Our own limits on calls, which hold across all processes: a sliding window for each account, stored in one row.

One statement takes a place or says how long until one is free. Nobody waits while holding the row. If the database
cannot be reached, the call is made; the provider's own limit (429) is still there.
"""

import logging
from dataclasses import dataclass
from typing import Any

from django.db import Error, connection

from integrations.visits import visit
from jobs.db import drop_connection

logger = logging.getLogger(__name__)

# Under READ COMMITTED, a concurrent UPDATE of the row waits and then sees the new `stamps`, so the count is exact.
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
    """A limit of ours on calls to a provider, over all processes: at most `limit` calls in any `window_s` seconds.
    Calls with the same `key` ("ghl:<location>") count together.
    """

    key: str
    limit: int
    window_s: float

    def take(self) -> int:
        """Count one call to a provider and return 0. If our limit on such calls is reached, count nothing and return
        the milliseconds (at least 1) until a call is allowed. If the database cannot be asked, return 0.
        """
        values: dict[str, Any] = {"key": self.key, "limit": self.limit, "window_s": self.window_s}
        try:
            with visit(), connection.cursor() as cursor:
                cursor.execute(TAKE, values)
                if cursor.rowcount:
                    return 0
                cursor.execute(WAIT, values)
                row = cursor.fetchone()
        except Error:
            logger.warning(
                "rate limit not readable, call goes ahead", extra={"limit_key": self.key}, exc_info=True
            )
            drop_connection()
            return 0
        return max(1, int(row[0])) if row else 1
