"""Counts waiting jobs by lane and workspace, and jobs that wait longer than their lane promises."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from jobs.db import fetch
from jobs.lanes import LANES, Lane

CAP = 5_000
"""The most due jobs counted for a workspace in a lane. A longer queue is shown as "5,000+"."""

SAMPLE = 20_000
"""The most jobs of the last hour that are checked for a late start, latest first."""


@dataclass(frozen=True)
class TenantQueue:
    """The due jobs of one workspace in a lane, at most CAP for each priority. `late` counts the jobs that have waited
    longer than the lane promises. `paused` means that the workspace may run no jobs, because its limit is 0. `tenant`
    is a UUID of zeros for jobs without a workspace.
    """

    tenant: UUID
    due: int
    oldest_s: float
    late: int
    paused: bool


@dataclass
class Backlog:
    """The due jobs of a lane by workspace, longest queue first. `began_late` counts the jobs of the lane that began too
    late in the last hour.
    """

    lane: Lane
    tenants: list[TenantQueue] = field(default_factory=list)
    began_late: int = 0

    @property
    def due(self) -> int:
        """The number of due jobs, except jobs of paused workspaces."""
        return sum(queue.due for queue in self.tenants if not queue.paused)

    @property
    def held(self) -> int:
        return sum(queue.due for queue in self.tenants if queue.paused)

    @property
    def oldest_s(self) -> float:
        """The longest wait of a due job in seconds, except jobs of paused workspaces; 0.0 if no job is due."""
        return max((queue.oldest_s for queue in self.tenants if not queue.paused), default=0.0)

    @property
    def broken(self) -> int:
        """The jobs that broke the lane's promise: they began too late in the last hour, or have waited too long."""
        return self.began_late + sum(queue.late for queue in self.tenants if not queue.paused)


QUEUES = """queues AS (
    (SELECT lane, priority, tenant FROM jobs_backgroundjob WHERE status = 'queued'
     ORDER BY lane, priority, tenant LIMIT 1)
    UNION ALL
    SELECT next.lane, next.priority, next.tenant FROM queues, LATERAL (
        SELECT j.lane, j.priority, j.tenant FROM jobs_backgroundjob j
        WHERE j.status = 'queued' AND (j.lane, j.priority, j.tenant) > (queues.lane, queues.priority, queues.tenant)
        ORDER BY j.lane, j.priority, j.tenant LIMIT 1) next
)"""
"""A term for WITH RECURSIVE that steps through the index from queue to queue, as jobs/sql/claim.sql does."""

WAITING = f"""
WITH RECURSIVE promise (lane, promise_s) AS (VALUES
    {", ".join(f"('{lane.name}', {lane.promise_s})" for lane in LANES)}
), {QUEUES}, ended AS (
    SELECT lane, extract(epoch FROM started_at - run_at) AS waited_s FROM jobs_backgroundjob
    WHERE finished_at > statement_timestamp() - interval '1 hour' AND started_at IS NOT NULL
      AND (%(tenants)s::uuid[] IS NULL OR tenant = ANY(%(tenants)s))
    ORDER BY finished_at DESC LIMIT {SAMPLE}
)
SELECT p.lane, q.tenant, sum(due.jobs)::bigint, extract(epoch FROM statement_timestamp() - min(due.oldest))::float8,
       sum(due.late)::bigint, coalesce(cap.max_workers, 1) = 0
FROM queues q
JOIN promise p ON p.lane = q.lane
LEFT JOIN jobs_workspacelimit cap ON cap.workspace_id = q.tenant,
LATERAL (
    SELECT count(*) AS jobs, min(run_at) AS oldest,
           count(*) FILTER (WHERE run_at < statement_timestamp() - promise_s * interval '1 second') AS late
    FROM (SELECT j.run_at FROM jobs_backgroundjob j
          WHERE j.status = 'queued' AND j.lane = q.lane AND j.priority = q.priority AND j.tenant = q.tenant
            AND j.run_at <= statement_timestamp() ORDER BY j.run_at LIMIT %(cap)s) first) due
WHERE due.jobs > 0 AND (%(tenants)s::uuid[] IS NULL OR q.tenant = ANY(%(tenants)s))
GROUP BY p.lane, q.tenant, cap.max_workers
UNION ALL
SELECT p.lane, NULL, count(*), 0, 0, false FROM ended JOIN promise p ON p.lane = ended.lane
WHERE waited_s > promise_s GROUP BY p.lane
"""


def by_lane(tenants: Sequence[UUID] | None) -> list[Backlog]:
    """Returns every lane's backlog in `tenants` (None: all workspaces), in the order in which lanes are served."""
    backlogs = {lane.name: Backlog(lane) for lane in LANES}
    values = {"tenants": None if tenants is None else list(tenants), "cap": CAP}
    for lane, tenant, jobs, oldest_s, late, paused in fetch(WAITING, values):
        if tenant is None:
            backlogs[lane].began_late = jobs
        else:
            backlogs[lane].tenants.append(TenantQueue(tenant, jobs, oldest_s, late, paused))
    for backlog in backlogs.values():
        backlog.tenants.sort(key=lambda queue: (-queue.due, str(queue.tenant)))
    return list(backlogs.values())
