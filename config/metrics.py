"""`/metrics` for Prometheus, behind METRICS_TOKEN: what processes counted, and the state that the database holds.

Calls to providers are made by workers, which serve no page: where PROMETHEUS_MULTIPROC_DIR names a directory, all
processes of a host count into files there, and each answers for all.
"""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import psutil
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from inbox.models import OutboundSend
from integrations.models import WorkspaceIntegrationHealth
from jobs import stats

HEIR = "0"


class State(Collector):
    """Read at each scrape: the same from every process."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        jobs = GaugeMetricFamily("holdfast_jobs", "Jobs by status, each up to 10,000.", labels=["status"])
        for status, count in stats.counts(None).items():
            jobs.add_metric([status], count)
        yield jobs
        yield GaugeMetricFamily(
            "holdfast_oldest_due_job_seconds",
            "How long the oldest due job waits.",
            stats.oldest_due_age_s(None),
        )
        yield GaugeMetricFamily("holdfast_workers_alive", "Living workers.", len(stats.workers(None)))
        health = GaugeMetricFamily("holdfast_accounts", "Accounts by health.", labels=["provider", "state"])
        rows = WorkspaceIntegrationHealth.objects.values_list("provider", "state").annotate(n=Count("pk"))
        for provider, state, count in rows.order_by():
            health.add_metric([provider, state], count)
        yield health
        unsure = OutboundSend.objects.filter(state=OutboundSend.State.UNKNOWN).count()
        yield GaugeMetricFamily("holdfast_sends_unknown", "Sends whose outcome nobody knows.", unsure)


def counted() -> bytes:
    """What was counted: by this process, or by all processes of this host where they share a METRICS_DIR."""
    if not settings.METRICS_DIR:
        return generate_latest(REGISTRY)
    directory = Path(settings.METRICS_DIR)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _inherit(directory)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(directory))
        return generate_latest(registry)


def _inherit(directory: Path) -> None:
    """Add what processes that are gone have counted to one file: workers are replaced often, each has files."""
    for path in directory.glob("*_*.db"):
        kind, _, owner = path.stem.rpartition("_")
        if owner == HEIR or psutil.pid_exists(int(owner)):
            continue
        heir = MmapedDict(str(directory / f"{kind}_{HEIR}.db"))
        for key, value, stamp, _ in MmapedDict.read_all_values_from_file(str(path)):
            heir.write_value(key, heir.read_value(key)[0] + value, stamp)
        heir.close()
        path.unlink()


@require_safe
@never_cache
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """401 without `Authorization: Bearer METRICS_TOKEN`, checked before the first query; 503 where none is set."""
    if not settings.METRICS_TOKEN:
        return HttpResponse("METRICS_TOKEN is not set.\n", status=503, content_type="text/plain")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        return HttpResponse("unauthorized\n", status=401, content_type="text/plain")
    body = counted()
    state = CollectorRegistry(auto_describe=False)
    try:
        state.register(State())
        body += generate_latest(state)
    except DatabaseError:
        body += b"# the database is out of reach\n"
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)
