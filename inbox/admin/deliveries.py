"""The ledger of deliveries for staff, over all their workspaces: what a workspace's own pages show and do, by the same
functions (`inbox.ledger`, `inbox.replay`)."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from config.modeladmin import RecordAdmin, WorkspaceFilter, known_values, link, own_workspaces
from inbox import ledger, replay
from inbox.models import WebhookDelivery, Workspace
from inbox.states import state_of
from inbox.templatetags.holdfast import render_chip
from integrations import registry
from jobs.models import BackgroundJob

REPLAYS_SHOWN = 3


class UnrepairedFilter(admin.SimpleListFilter):
    title = "repair"
    parameter_name = "repair"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("waiting", "Failed, not repaired yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(pk__in=replay.unrepaired().values("pk")) if self.value() else queryset


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RecordAdmin):
    """Records: nobody edits them, and whoever may change them may replay them."""

    list_display = (
        "received_at",
        "workspace",
        "source",
        "event_type",
        "verdict_chip",
        "message_link",
        "job_link",
    )
    list_filter = (
        "verdict",
        UnrepairedFilter,
        "received_at",
        known_values("source", lambda: {name: name for name in registry.webhook_sources()}),
        WorkspaceFilter,
    )
    list_select_related = ("message", "job", "workspace")
    ordering = ("-pk",)
    search_fields = (
        "event_key__exact",
        "event_type__exact",
        "message__external_id__exact",
        "lead__email__exact",
    )
    search_help_text = "Event type, event key, the provider's message id, the lead's address, or an id"
    heavy = ("body", "headers", "error_fields")
    exclude = ("body",)
    readonly_fields = ("message_link", "lead_link", "job_link")

    @admin.display(description="verdict", ordering="verdict")
    def verdict_chip(self, delivery: WebhookDelivery) -> SafeString:
        return render_chip(state_of("delivery", delivery.verdict))

    @admin.display(description="message")
    def message_link(self, delivery: WebhookDelivery) -> SafeString:
        return link(delivery.message, Truncator(delivery.message).chars(32))

    @admin.display(description="lead")
    def lead_link(self, delivery: WebhookDelivery) -> SafeString:
        return link(delivery.lead)

    @admin.display(description="job")
    def job_link(self, delivery: WebhookDelivery) -> SafeString:
        return link(delivery.job, delivery.job.kind if delivery.job else "")

    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        return [
            path("replay/", view(self.replay_failed), name="inbox_webhookdelivery_replay_failed"),
            path("<uuid:pk>/replay/", view(self.replay_one), name="inbox_webhookdelivery_replay"),
            *super().get_urls(),
        ]

    def may_replay(self, request: HttpRequest) -> bool:
        """Whether `request.user` may run deliveries again."""
        return request.user.has_perm("inbox.change_webhookdelivery")

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        jobs = BackgroundJob.objects.filter(kind=replay.JOB).order_by("-created_at")
        if not request.user.is_superuser:
            jobs = jobs.filter(workspace__in=own_workspaces(request))
        context = {
            "spans": replay.SPANS,
            "workspaces": own_workspaces(request),
            "may_replay": self.may_replay(request),
            "replays": jobs.select_related("workspace")[:REPLAYS_SHOWN],
        }
        return super().changelist_view(request, context | (extra_context or {}))

    def render_change_form(self, request: HttpRequest, context: dict, *args, **kwargs) -> HttpResponse:
        delivery, show = kwargs.get("obj"), ledger.shown_as(request.GET.get("show"))
        if delivery is not None:
            context |= {
                "delivery": delivery,
                "views": ledger.VIEWS,
                "show": show,
                "text": ledger.text(delivery, show),
                "cut": ledger.is_cut(delivery),
                "runs": delivery.replays.order_by("received_at", "pk").defer(*self.heavy),
                "may_replay": self.may_replay(request),
                "dry": getattr(request, "dry", None),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def replay_one(self, request: HttpRequest, pk) -> HttpResponse:
        """Say what a replay of one delivery would do (`do=dry`), or do it (`do=run`)."""
        self._must_replay(request)
        delivery = self.get_object(request, str(pk))
        if delivery is None:
            raise Http404("No such delivery.")
        try:
            if request.POST.get("do") != "run":
                request.dry = replay.dry_run(delivery)
                request.method = "GET"  # the page of the delivery, with what would happen
                return self.change_view(request, str(pk))
            result = replay.replay(delivery, request.user)
        except replay.NotReplayable as refusal:
            messages.error(request, str(refusal))
        else:
            messages.info(request, f"Replayed. {result.sentence}")
        return redirect("admin:inbox_webhookdelivery_change", pk)

    def replay_failed(self, request: HttpRequest) -> HttpResponse:
        """Start the job that runs everything failed of the last hours again, of one workspace or of all."""
        self._must_replay(request)
        try:
            started = replay.start(request.POST.get("hours", ""), request.user, self._chosen(request))
        except replay.NothingToReplay as nothing:
            messages.info(request, str(nothing))
            return redirect("admin:inbox_webhookdelivery_changelist")
        messages.info(request, f"Replaying {started.waiting} failed deliveries.")
        if request.user.has_perm("jobs.view_backgroundjob"):
            return redirect(reverse("admin:jobs_backgroundjob_change", args=[started.job.pk]))
        return redirect("admin:inbox_webhookdelivery_changelist")

    def _must_replay(self, request: HttpRequest) -> None:
        if request.method != "POST" or not self.may_replay(request):
            raise PermissionDenied

    def _chosen(self, request: HttpRequest) -> Workspace | None:
        """The chosen workspace; None means all of them, and only a superuser has all."""
        wanted = request.POST.get("workspace", "")
        chosen = next((one for one in own_workspaces(request) if str(one.pk) == wanted), None)
        if chosen is None and (wanted or not request.user.is_superuser):
            raise Http404("No such workspace.")
        return chosen
