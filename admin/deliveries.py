"""Admin pages of webhook deliveries, for staff, over all workspaces that they may see. The pages share their functions
with the workspace pages (`inbox.pages.operations.deliveries`, `inbox.webhooks.replay`).
"""

import uuid
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from admin import tallies
from admin.base import RecordAdmin, right
from admin.columns import chip, choice_filter, known_values, linked, list_link, row_url
from admin.scope import scope_of
from inbox.models import Deviation, WebhookDelivery
from inbox.pages.access import signed_in
from inbox.pages.operations import deliveries as delivery_pages
from inbox.webhooks import contract_watch, replay
from integrations import registry
from jobs.models import BackgroundJob

REPLAYS_SHOWN = 3
AT_ONCE = 100
"""The most deliveries that one request replays. A job replays all failed ones."""


def in_trouble(deliveries: QuerySet[WebhookDelivery], choice: str) -> QuerySet[WebhookDelivery]:
    """Returns the deliveries that the admin's start page counts as in trouble."""
    return tallies.in_trouble(deliveries) if choice == "open" else deliveries.none()


def unrepaired(deliveries: QuerySet[WebhookDelivery], choice: str) -> QuerySet[WebhookDelivery]:
    """Returns the failed deliveries that no later replay has repaired."""
    return (
        deliveries.filter(pk__in=replay.unrepaired().values("pk"))
        if choice == "waiting"
        else deliveries.none()
    )


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RecordAdmin):
    """Webhook deliveries, which are read-only. The permission `inbox.replay_webhookdelivery` allows replays."""

    trace_kind = "delivery"
    text_fields = ("body", "error_fields")
    plain_texts = ("event_key", "reason", "headers")
    list_display = (
        "received_at",
        "source",
        "event_type",
        chip("verdict", "delivery"),
        linked("message", lambda message: Truncator(str(message)).chars(32)),
        linked("job", lambda job: job.kind),
    )
    list_filter = (
        "verdict",
        choice_filter("trouble", lambda: {"open": "Rejected or failed, 7 days"}, in_trouble),
        choice_filter("repair", lambda: {"waiting": "Failed, not repaired yet"}, unrepaired),
        "received_at",
        known_values("source", lambda: {name: name for name in registry.webhook_sources()}),
    )
    linked_by = ("reason__exact",)
    ordering_of_one = ("-received_at", "-pk")
    search_fields = (
        "event_key__exact",
        "message__external_id__exact",
        "lead__email__exact",
    )
    search_help_text = "Event key, provider’s message ID, lead’s email or other ID"
    heavy = ("headers",)
    actions = ("replay_chosen",)
    exclude = ("body",)
    views: ClassVar = {"replay/": "replay_failed", "<uuid:pk>/replay/": "replay"}
    index_begins: ClassVar = {"event_key__exact": ("source", registry.webhook_sources)}

    has_replay_permission = right("inbox.replay_webhookdelivery")

    @admin.action(description="Replay", permissions=["replay"])
    def replay_chosen(
        self, request: HttpRequest, deliveries: QuerySet[WebhookDelivery]
    ) -> HttpResponse | None:
        """Replays the selected deliveries one by one with the current code, at most AT_ONCE deliveries."""
        if question := self.ask_first(request, deliveries, AT_ONCE):
            return question
        user, refusals = signed_in(request), (replay.NotReplayable,)
        done = self.act_on_each(
            request, deliveries[:AT_ONCE], lambda delivery: replay.replay(delivery, user), refusals
        )
        messages.info(request, f"{done} replayed.")
        return None

    def list_context(self, request: HttpRequest) -> dict[str, Any]:
        scope = scope_of(request)
        jobs = scope.limit(BackgroundJob.objects.filter(kind=replay.JOB).order_by("-created_at"), "workspace")
        return super().list_context(request) | {
            "spans": replay.SPANS,
            "workspaces": scope.names if scope.chosen is None else [(scope.chosen, scope.chosen_name)],
            "may_replay_all": scope.ids is None,
            "may_replay": self.has_replay_permission(request),
            "replays": jobs.select_related("workspace")[:REPLAYS_SHOWN],
        }

    def row_context(self, request: HttpRequest, row: WebhookDelivery) -> dict[str, Any]:
        details = delivery_pages.detail(request, row, row_url, reads=self.may_read(request, row))
        return details | {"may_replay": self.has_replay_permission(request)}

    def replay(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Replays one delivery (`do=run`), or shows what a replay would do (`do=dry`)."""
        self._must_replay(request)
        delivery = cast(WebhookDelivery, self.get_object(request, str(pk)))
        if dry := delivery_pages.replay_or_dry_run(request, delivery):
            request.method = "GET"  # show the delivery's page with the preview
            return self.change_view(request, str(pk), extra_context={"dry": dry})
        return redirect("admin:inbox_webhookdelivery_change", pk)

    def replay_failed(self, request: HttpRequest) -> HttpResponse:
        """Starts a job that replays all failed deliveries of the last hours, of one workspace or of all workspaces."""
        self._must_replay(request)
        wanted, scope = request.POST.get("workspace", ""), scope_of(request)
        workspace = None if not wanted and scope.ids is None else scope.workspace(wanted)
        job = delivery_pages.start_replay(request, workspace)
        if job is not None and scope.may("jobs.view_backgroundjob"):
            return redirect(row_url(job))
        return redirect("admin:inbox_webhookdelivery_changelist")

    def _must_replay(self, request: HttpRequest) -> None:
        if request.method != "POST" or not self.has_replay_permission(request):
            raise PermissionDenied


def told_lately(rows: QuerySet[Deviation], choice: str) -> QuerySet[Deviation]:
    """Returns the deviations that the admin's start page counts under “Provider changes”."""
    return rows.filter(pk__in=contract_watch.news().values("pk")) if choice == "lately" else rows.none()


@admin.register(Deviation)
class DeviationAdmin(RecordAdmin):
    """Fields and other things that providers send although their contracts lack them, each with an example delivery."""

    workspace_path = "integration__workspace"
    plain_texts = ("name",)
    exclude = ("example",)
    list_display = ("last_at", "source", "kind", "name", "integration", "count", "first_at", "delivery")
    list_filter = (
        choice_filter("told", lambda: {"lately": "Operators notified, 7 days"}, told_lately),
        "kind",
        known_values("source", lambda: {name: name for name in registry.webhook_sources()}),
    )
    readonly_fields = ("delivery",)
    ordering = ("-last_at", "-pk")

    @admin.display(description="example")
    def delivery(self, row: Deviation) -> SafeString:
        """Links to the last delivery that deviated from its contract. The delivery's page shows the difference."""
        return list_link(WebhookDelivery, "Show", q=row.example)
