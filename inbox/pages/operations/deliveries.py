"""The pages on which admins inspect the webhook requests of providers, without secrets, and replay them."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.forms import DateInput, TextInput
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django_filters import CharFilter, ChoiceFilter, DateFilter, FilterSet

from inbox.models import WebhookDelivery, Workspace
from inbox.pages.access import ADMIN, POST, WorkspaceRequest, signed_in, workspace_view
from inbox.pages.forms import redirect_to, refusals_shown
from inbox.pages.pagination import page_of
from inbox.trace import search as trace_search
from inbox.webhooks import replay
from inbox.webhooks.scrub import without_secrets
from integrations import registry
from integrations.events import PayloadInvalid
from jobs.display import tile
from jobs.models import BackgroundJob

Verdict = WebhookDelivery.Verdict
VIEWS = ("pretty", "raw")
LONGEST_SPAN = timedelta(hours=max(map(int, replay.SPANS)))
MOST_SHOWN = 200_000
"""The maximum number of characters of a body that a page shows."""


def detail(
    request: HttpRequest, delivery: WebhookDelivery, url_of: Callable[[WebhookDelivery], str], *, reads: bool
) -> dict[str, Any]:
    """Returns the context of the templates in templates/deliveries/. `url_of` returns the URL of a delivery's page.

    `reads` says whether the user may read the body. If not, none of its text is shown, and of a refused request, only
    the names of the fields are read.
    """
    view = request.GET.get("show")
    show = view if view in VIEWS else VIEWS[0]
    text, cut = excerpt(delivery, show) if reads else ("", False)
    workspace = delivery.workspace
    runs = delivery.replays.order_by("received_at", "pk").defer("body", "headers", "error_fields")
    return {
        "delivery": delivery,
        "delivery_url": url_of(delivery),
        "show": show,
        "views": VIEWS,
        "reads": reads,
        "text": text,
        "cut": cut,
        "kept_until": workspace and delivery.received_at + timedelta(days=workspace.keep_bodies_days),
        "form": form_of(delivery, reads=reads),
        "runs": [(run, url_of(run)) for run in runs],
    }


class Form(NamedTuple):
    """The difference between a request and the most similar known form of a request, as a report without personal data.

    `alike` is the number of similar requests that still need a replay, and `event_type` is the event type that they
    share.
    """

    report: str
    alike: int
    event_type: str


def form_of(delivery: WebhookDelivery, *, reads: bool) -> Form | None:
    """Returns the Form of a refused request, or of an ignored one whose event is unknown or normally used. Returns None
    for any other request, and if the body is no longer stored.
    """
    source = registry.webhook_sources().get(delivery.source)
    kind = delivery.event_type if delivery.verdict == Verdict.IGNORED else ""
    if source is None or (delivery.verdict != Verdict.REJECTED and not kind):
        return None
    if kind in source.contract.events and kind not in source.events:
        return None
    raw = WebhookDelivery.objects.values_list("body", flat=True).get(pk=delivery.pk)
    try:
        body = source.decode(bytes(raw or b""))
    except PayloadInvalid:
        body = None
    if (difference := source.contract.nearest(body)) is None:
        return None
    new = sorted(source.contract.deviations(body, delivery.headers))
    wrong = delivery.error_fields.items() if reads else ()
    lines = {
        "Holdfast": f"{settings.VERSION}, {delivery.source}, {delivery.verdict}, delivery {delivery.pk}",
        "Closest known event": difference.event,
        "Only in this request": ", ".join(difference.more),
        "Only in the closest event": ", ".join(difference.fewer),
        "Not in the contract": ", ".join(f"{what} {name}" for what, name in new),
        "Wrong": "; ".join(f"{name}: {text}" for name, text in wrong),
    }
    since = timezone.now() - LONGEST_SPAN
    alike = replay.unrepaired(
        delivery.workspace, verdict=delivery.verdict, since=since, source=source.name, event_type=kind
    )
    report = "\n".join(f"{name}: {words}" for name, words in lines.items() if words)
    return Form(report, alike.count(), kind)


def excerpt(delivery: WebhookDelivery, show: str) -> tuple[str, bool]:
    """Returns the body without secrets, cut at MOST_SHOWN characters, and whether it was cut.

    The text is "" if the body is no longer stored. If the source cannot parse the body, the text says what is wrong.
    """
    if delivery.body is None:
        return "", False
    text = _text(delivery, show)
    return text[:MOST_SHOWN], len(text) > MOST_SHOWN


def _text(delivery: WebhookDelivery, show: str) -> str:
    body, source = (
        without_secrets(bytes(delivery.body or b""), ()),
        registry.webhook_sources().get(delivery.source),
    )
    if show == "raw" or source is None:
        return body.decode(errors="replace")
    try:
        content = source.decode(body)
    except PayloadInvalid as error:
        return "\n".join(f"{name}: {text}" for name, text in error.fields.items())
    return json.dumps(content, indent=2, ensure_ascii=False)


SETTLED = "settled"
"""A choice beside the verdicts: failures that need no action. The choice `failed` has those that the menu counts."""
DAY = DateInput(attrs={"type": "date"})


class DeliveryFilter(FilterSet):  # type: ignore[misc]  # django-filter has no types
    verdict = ChoiceFilter(
        choices=[*Verdict.choices, (SETTLED, "Failed, needs no action")],
        method="by_verdict",
        label="Verdict",
        empty_label="Any",
    )
    source = ChoiceFilter(
        choices=lambda: [(name, name) for name in registry.webhook_sources()],
        label="Source",
        empty_label="Any",
    )
    event = CharFilter(
        field_name="event_type",
        lookup_expr="iexact",
        label="Event",
        max_length=64,
        widget=TextInput(attrs={"size": 14}),
    )
    since = DateFilter(field_name="received_at", lookup_expr="date__gte", label="From", widget=DAY)
    until = DateFilter(field_name="received_at", lookup_expr="date__lte", label="To", widget=DAY)
    q = CharFilter(method="search", label="Provider ID or lead’s email", max_length=320)

    class Meta:
        model = WebhookDelivery
        fields = ["verdict", "source"]

    def by_verdict(self, deliveries: QuerySet[Any], _name: str, verdict: str) -> QuerySet[Any]:
        if verdict not in (Verdict.FAILED, SETTLED):
            return deliveries.filter(verdict=verdict)
        waiting = replay.unrepaired(self.request.workspace).order_by().values("pk")
        failed = deliveries.filter(verdict=Verdict.FAILED)
        return failed.filter(pk__in=waiting) if verdict == Verdict.FAILED else failed.exclude(pk__in=waiting)

    def search(self, deliveries: QuerySet[Any], _name: str, text: str) -> QuerySet[Any]:
        workspace = self.request.workspace
        wanted = trace_search.read(workspace, text)
        if wanted is None:
            return deliveries.none()
        return trace_search.deliveries_of(deliveries, workspace, wanted)


@workspace_view(ADMIN)
def delivery_list(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/deliveries/?verdict=…&source=…&event=…&since=…&until=…&q=…`: lists the webhook requests."""
    deliveries = WebhookDelivery.objects.filter(workspace=request.workspace)
    delivery_filter = DeliveryFilter(request.GET, deliveries, request=request)
    rows = replay.with_repair(delivery_filter.qs).select_related("lead", "job", "message")
    rows = rows.defer("body", "headers", "message__raw_html")
    page = page_of(request, rows if delivery_filter.is_valid() else rows.none(), "received_at")
    context = {
        "filter": delivery_filter,
        "filtered": any(request.GET.get(name) for name in delivery_filter.filters),
        "page": page,
        "tiles": _tiles(request.workspace),
        "spans": replay.SPANS,
        "job": _last_replay(request.workspace),
    }
    return render(request, "deliveries/list.html", context)


@workspace_view(ADMIN)
def delivery(request: WorkspaceRequest, delivery_id: uuid.UUID) -> HttpResponse:
    """Shows one webhook request: how it arrived, its outcome, and its body as parsed or as received (`?show=`)."""
    return _detail(request, _own(request, delivery_id))


@workspace_view(ADMIN, POST)
def run_again(request: WorkspaceRequest, delivery_id: uuid.UUID) -> HttpResponse:
    """Shows what a replay of the request would do (`do=dry`), or replays it (`do=run`)."""
    delivery = _own(request, delivery_id)
    if dry := replay_or_dry_run(request, delivery):
        return _detail(request, delivery, dry=dry)
    return redirect_to(request, "inbox:delivery", delivery.pk)


def replay_or_dry_run(request: HttpRequest, delivery: WebhookDelivery) -> replay.ReplayResult | None:
    """Replays `delivery` if the form says `do=run`; otherwise returns what a replay would do.

    A message tells the user the outcome of the replay, or why the request cannot be replayed.
    """
    with refusals_shown(request, replay.NotReplayable):
        if request.POST.get("do") != "run":
            return replay.dry_run(delivery)
        run = replay.replay(delivery, signed_in(request))
        messages.info(request, f"Replayed. {run.sentence}")
    return None


@workspace_view(ADMIN, POST)
def replay_failed(request: WorkspaceRequest) -> HttpResponse:
    """Starts the job that replays the failed webhook requests of the last `hours`."""
    start_replay(request, request.workspace)
    return redirect_to(request, "inbox:deliveries")


def start_replay(request: HttpRequest, workspace: Workspace | None) -> BackgroundJob | None:
    """Starts a job that replays failed deliveries of `workspace`, or of all workspaces if it is None.

    The form chooses the deliveries of the last `hours`, or those with its `verdict`, `source` and `event_type`. A
    message tells the user how many will be replayed. Returns None if no delivery matches.
    """
    with refusals_shown(request, replay.NothingToReplay, level=messages.INFO):
        chosen = {name: request.POST.get(name, "") for name in ("source", "event_type")}
        verdict = request.POST.get("verdict", Verdict.FAILED)
        hours = request.POST.get("hours", "")
        started = replay.start(hours, signed_in(request), workspace, verdict=verdict, **chosen)
        messages.info(request, f"Replaying {started.waiting} deliveries that have {replay.MISSED[verdict]}.")
        return started.job
    return None


@workspace_view(ADMIN)
def replay_progress(request: WorkspaceRequest) -> HttpResponse:
    """Renders the part of the page that shows the progress of the replay."""
    return render(request, "deliveries/_progress.html", {"job": _last_replay(request.workspace)})


def _own(request: WorkspaceRequest, delivery_id: uuid.UUID) -> WebhookDelivery:
    rows = WebhookDelivery.objects.select_related(
        "workspace", "lead", "job", "message", "replay_of", "integration"
    )
    return get_object_or_404(rows, pk=delivery_id, workspace=request.workspace)


def _detail(
    request: WorkspaceRequest, delivery: WebhookDelivery, dry: replay.ReplayResult | None = None
) -> HttpResponse:
    def url_of(row: WebhookDelivery) -> str:
        return reverse("inbox:delivery", args=[request.workspace.pk, row.pk])

    context = detail(request, delivery, url_of, reads=True) | {"dry": dry}
    return render(request, "deliveries/detail.html", context)


def _tiles(workspace: Workspace) -> list[dict[str, Any]]:
    day = WebhookDelivery.objects.filter(
        workspace=workspace, received_at__gte=timezone.now() - timedelta(hours=24), replay_of=None
    )
    counts = dict(day.values_list("verdict").annotate(count=Count("pk")))
    failed = replay.unrepaired(workspace).count()
    bad = counts.get(Verdict.REJECTED, 0) + counts.get(Verdict.MISMATCH, 0)
    accepted, duplicates, ignored = (
        counts.get(verdict, 0) for verdict in (Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.IGNORED)
    )
    return [
        tile("Received, 24 h", sum(counts.values()), f"{accepted} accepted"),
        tile("Duplicates", duplicates, "recognised, not stored twice"),
        tile("Ignored", ignored, "events that Holdfast doesn’t use"),
        tile("Rejected", bad, "unusable or for another account", "warn" if bad else ""),
        tile("Failed on our side", failed, "waiting to be replayed", "bad" if failed else ""),
    ]


def _last_replay(workspace: Workspace) -> BackgroundJob | None:
    recent = Q(finished_at=None) | Q(finished_at__gt=timezone.now() - timedelta(minutes=10))
    return (
        BackgroundJob.objects.filter(recent, workspace=workspace, kind=replay.JOB)
        .order_by("-created_at")
        .first()
    )
