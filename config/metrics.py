"""The page `/metrics` for Prometheus, protected by METRICS_TOKEN: counters of the processes and the state of the
database.

Workers serve no web page, so all processes of a host store their counters in METRICS_DIR, and each web process shows
the sums. The label `host` is the host’s name and METRICS_DIR’s inode. An alert rule may use any web process of a host.
"""

import fcntl
import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from inbox import guarantees
from inbox.health import reply_polls
from inbox.models import OutboundSend
from inbox.replying import lost_time
from integrations.models import CircuitBreaker, Integration, WorkspaceIntegrationHealth
from jobs import stats
from jobs.db import Fault, db_fault, statements_within

logger = logging.getLogger(__name__)
HEIR = "0"
DATABASE_UP = b"""# HELP holdfast_database_up Whether this page could read from the database.
# TYPE holdfast_database_up gauge
holdfast_database_up %d
"""
COUNTING_MS = 2_000
"""Milliseconds that one request to `/metrics` may spend on counting jobs without a limit to their number. Prometheus
waits ten seconds for the whole response."""
PARTS_S = 4.0
"""Seconds after which a request to `/metrics` begins no further part. A part that has begun is not cut off, but each of
its statements has the time limit of a page's statements."""
TOO_SLOW = {Fault.SLOW, Fault.RETRY}


class Counting:
    """Counts jobs without a limit for one request to `/metrics`, within COUNTING_MS ms for all counts together."""

    def __init__(self) -> None:
        self._left_s = COUNTING_MS / 1000

    def exactly(self, count: Callable[[], dict[str, int]]) -> dict[str, int] | None:
        """Returns the counts of `count()`. Returns None if the time is used up or the database is too slow, because a
        missing number is better than a false one. Raises all other database errors.
        """
        if self._left_s <= 0:
            return None
        began = time.monotonic()
        try:
            with statements_within(max(1, round(self._left_s * 1000))):
                return count()
        except DatabaseError as error:
            if db_fault(error) is not Fault.SLOW:
                raise
            logger.warning("jobs not counted", extra={"fault": Fault.SLOW})
            return None
        finally:
            self._left_s -= time.monotonic() - began


class DatabaseMetrics(Collector):
    """A Prometheus collector that reads metrics from the database at each request. Each web process shows the same."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yields the metrics part by part, beginning with those that alerts use. Parts that the database answers too
        slowly are left out, as are all parts after PARTS_S seconds. Raises all other database errors.
        """
        counting, began = Counting(), time.monotonic()
        for part in PARTS:
            if time.monotonic() - began > PARTS_S:
                logger.warning("numbers left out", extra={"fault": Fault.SLOW})
                return
            try:
                yield from list(part(counting))
            except DatabaseError as error:
                if db_fault(error) not in TOO_SLOW:
                    raise
                logger.warning("numbers left out", extra={"fault": db_fault(error)})


def _workers(counting: Counting) -> Iterator[GaugeMetricFamily]:
    workers = stats.workers()
    yield GaugeMetricFamily("holdfast_workers_alive", "Live workers.", len(workers))
    places, text = sum(row.places for row in workers), "How many jobs the live workers can run at once."
    yield GaugeMetricFamily("holdfast_places", text, places)


def _promises(counting: Counting) -> Iterator[GaugeMetricFamily]:
    """The metrics that count rows which no alert may miss. A process's counters would lose events if the process ended
    before Prometheus read them.
    """
    failed, refused = guarantees.failed_deliveries(), guarantees.refused_deliveries()
    text = "Webhooks that failed here and are waiting to be replayed."
    yield _gauge("source", "deliveries_failed", text, failed)
    yield _gauge("source", "deliveries_refused", "Webhooks refused or not understood, last hour.", refused)
    text = "New event types, fields, headers and states from providers, last 7 days."
    yield _gauge("source", "contract_news", text, guarantees.contract_news())
    text = "Jobs that failed for good in the last 15 minutes, except those that an account's owner must fix."
    yield GaugeMetricFamily("holdfast_jobs_failed_recently", text, guarantees.recent_failures())
    text = "Failed jobs that should have stopped messages to a lead."
    yield GaugeMetricFamily("holdfast_stops_failed", text, guarantees.failed_stops())


def _oldest_due(counting: Counting) -> Iterator[GaugeMetricFamily]:
    text = "How long the oldest due job has been waiting."
    yield GaugeMetricFamily("holdfast_oldest_due_job_seconds", text, stats.oldest_due_age_s(None))


def _jobs(counting: Counting) -> Iterator[GaugeMetricFamily]:
    """Failed jobs are counted separately, because an alert needs their number and an index contains them."""
    failed, all_jobs = counting.exactly(stats.exact_failures), counting.exactly(stats.exact_counts)
    yield _gauge("status", "jobs", "Jobs by status.", (failed or {}) | (all_jobs or {}))


def _accounts(counting: Counting) -> Iterator[GaugeMetricFamily]:
    health = GaugeMetricFamily("holdfast_accounts", "Accounts by health.", labels=["provider", "state"])
    watched = WorkspaceIntegrationHealth.objects.filter(integration__enabled=True, workspace__drill_of=None)
    rows = watched.values_list("provider", "state").annotate(n=Count("pk"))
    for provider, state, count in rows.order_by():
        health.add_metric([provider, state], count)
    yield health
    account = Integration.objects.filter(
        workspace=OuterRef("workspace"), provider=OuterRef("provider"), enabled=True, workspace__drill_of=None
    )
    held = CircuitBreaker.objects.filter(Q(workspace=None) | Exists(account)).exclude(open_until=None)
    breakers = dict(held.values_list("provider").annotate(n=Count("pk")).order_by())
    yield _gauge("provider", "breakers_open", "Accounts whose calls are on hold.", breakers)
    text = "Accounts whose messages are overdue for comparison with the provider's list."
    yield _gauge("provider", "polls_late", text, reply_polls.late())


def _sends(counting: Counting) -> Iterator[GaugeMetricFamily]:
    unsure = OutboundSend.objects.filter(state=OutboundSend.State.UNKNOWN).count()
    yield GaugeMetricFamily("holdfast_sends_unknown", "Sends whose outcome is unknown.", unsure)
    held = "Whether sending is on hold because this database was restored or copied."
    yield GaugeMetricFamily("holdfast_sends_held", held, int(lost_time.is_held()))


def _ticks(counting: Counting) -> Iterator[GaugeMetricFamily]:
    """For each tick (recurring work) that has run: its period, and the seconds since its last successful run."""
    every, since = {}, {}
    for state in stats.ticks():
        if (seconds := state.unsuccessful_s) is not None:
            every[state.name], since[state.name] = state.every_s, seconds
    yield _gauge("tick", "tick_every_seconds", "The interval between runs of the tick.", every)
    yield _gauge("tick", "tick_last_success_seconds", "How long ago the last successful run began.", since)


def _by_lane(counting: Counting) -> Iterator[GaugeMetricFamily]:
    lanes = {state.queue.lane.name: state for state in stats.lanes(None)}
    promises = {name: state.queue.lane.promise_s for name, state in lanes.items()}
    yield _gauge("lane", "lane_promise_seconds", "The longest wait that the lane promises.", promises)
    exact = counting.exactly(stats.exact_due)
    due = {} if exact is None else dict.fromkeys(lanes, 0) | exact
    yield _gauge("lane", "lane_due_jobs", "Due jobs.", due)
    oldest = {name: state.queue.oldest_s for name, state in lanes.items()}
    yield _gauge("lane", "lane_oldest_due_seconds", "How long the oldest due job has been waiting.", oldest)
    times = {name: state.waits for name, state in lanes.items() if state.waits}
    for part in ("p50", "p95"):
        waits = {name: getattr(timing, f"wait_{part}_ms") / 1000 for name, timing in times.items()}
        yield _gauge("lane", f"lane_wait_{part}_seconds", "How long jobs waited in the last day.", waits)


PARTS = (_workers, _promises, _oldest_due, _jobs, _by_lane, _accounts, _ticks, _sends)


def _gauge(by: str, name: str, text: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"holdfast_{name}", text, labels=[by])
    for label, number in values.items():
        family.add_metric([label], number)
    return family


def counted() -> bytes:
    """Returns the counters in Prometheus' text format: the sums over METRICS_DIR, or those of this process."""
    if not settings.METRICS_DIR:
        return generate_latest(REGISTRY)
    directory = Path(settings.METRICS_DIR)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _inherit(directory)
        registry = CollectorRegistry()
        registry.register(HostCounters(directory))
        return generate_latest(registry)


class HostCounters(Collector):
    """The counters in `directory`, each with the label `host`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterator[Metric]:
        """Yields the sums of the counters over all processes of the host."""
        host = f"{socket.gethostname()}:{self._directory.stat().st_ino}"
        for family in MultiProcessCollector(None, path=str(self._directory)).collect():
            family.samples = [row._replace(labels=row.labels | {"host": host}) for row in family.samples]
            yield family


def _inherit(directory: Path) -> None:
    """Adds the counters of ended processes to one file and deletes their files, so that METRICS_DIR stays small."""
    for path in directory.glob("*_*.db"):
        kind, _, owner = path.stem.rpartition("_")
        if owner == HEIR or psutil.pid_exists(int(owner)):
            continue
        heir = MmapedDict(str(directory / f"{kind}_{HEIR}.db"))
        for key, count, stamp, _ in MmapedDict.read_all_values_from_file(str(path)):
            heir.write_value(key, heir.read_value(key)[0] + count, stamp)
        heir.close()
        path.unlink()


def is_operator(request: HttpRequest) -> bool:
    """Whether the request has the header `Authorization: Bearer METRICS_TOKEN`. False if METRICS_TOKEN is not set."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    same = constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    return bool(settings.METRICS_TOKEN) and scheme.lower() == "bearer" and same


@require_safe
@never_cache
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """The view of `/metrics`: 503 if METRICS_TOKEN is not set, and 401 if the request lacks the token. The view checks
    the token before it uses the database. If the database is unreachable, the page shows only the counters.
    """
    if not settings.METRICS_TOKEN:
        return HttpResponse("METRICS_TOKEN is not set.\n", status=503, content_type="text/plain")
    if not is_operator(request):
        return HttpResponse("unauthorized\n", status=401, content_type="text/plain")
    state = CollectorRegistry(auto_describe=False)
    try:
        state.register(DatabaseMetrics())
        read, up = generate_latest(state), 1
    except DatabaseError:
        read, up = b"", 0
    return HttpResponse(counted() + read + DATABASE_UP % up, content_type=CONTENT_TYPE_LATEST)
