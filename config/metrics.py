"""`/metrics` for Prometheus, behind METRICS_TOKEN: what this process counted, and the state that the database holds."""

from collections.abc import Iterator

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
from prometheus_client.registry import Collector, CollectorRegistry

from inbox.models import OutboundSend
from integrations.models import WorkspaceIntegrationHealth
from jobs import stats


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
    body = generate_latest(REGISTRY)
    state = CollectorRegistry(auto_describe=False)
    try:
        state.register(State())
        body += generate_latest(state)
    except DatabaseError:
        body += b"# the database is out of reach\n"
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)
