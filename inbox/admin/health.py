"""The health board: the connected accounts of all workspaces, the worst first. Looked at, and checked again."""

from django.contrib import admin, messages
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.modeladmin import RecordAdmin, WorkspaceFilter, known_values, link
from inbox.health import effects, watch, wording
from inbox.states import state_of
from inbox.templatetags.holdfast import ago, render_chip
from integrations import registry
from integrations.models import TROUBLED, HealthState, HealthTransition, WorkspaceIntegrationHealth

ORDER = (*TROUBLED, HealthState.CONNECTED, HealthState.UNKNOWN)
WORST_FIRST = Case(
    *(When(state=state, then=Value(rank)) for rank, state in enumerate(ORDER)),
    output_field=IntegerField(),
)


class TransitionInline(admin.TabularInline):
    """The account's past, newest first; written by `integrations.health` only."""

    model = HealthTransition
    fields = readonly_fields = ("at", "before", "after", "reason")
    ordering = ("-at", "-pk")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: WorkspaceIntegrationHealth | None = None) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: WorkspaceIntegrationHealth | None = None
    ) -> bool:
        return False


@admin.register(WorkspaceIntegrationHealth)
class HealthBoard(RecordAdmin):
    list_display = (
        "account",
        "workspace_link",
        "state_chip",
        "for_how_long",
        "why",
        "paused",
        "last_success",
        "failed",
        "last_event",
        "last_check",
    )
    list_filter = (
        known_values("state", HealthState),
        known_values("provider", registry.labels),
        WorkspaceFilter,
    )
    list_select_related = ("workspace", "integration")
    search_fields = (
        "workspace__name",
        "integration__name",
        "integration__external_account_id__exact",
        "reason",
    )
    search_help_text = "Workspace, whose account, the provider's account id, or a reason"
    ordering = (WORST_FIRST, "since", "pk")
    actions = ("check_now",)
    readonly_fields = ("health_page", "paused")
    inlines = (TransitionInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkspaceIntegrationHealth]:
        found = super().get_queryset(request).defer("integration__credentials")
        return found.filter(integration__enabled=True, workspace__drill_of=None)

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return super().changelist_view(
            request, {"title": "Accounts of all workspaces", **(extra_context or {})}
        )

    @admin.display(description="account", ordering="provider")
    def account(self, health: WorkspaceIntegrationHealth) -> str:
        return str(health.integration)

    @admin.display(description="workspace", ordering="workspace__name")
    def workspace_link(self, health: WorkspaceIntegrationHealth) -> SafeString:
        return link(health.workspace)

    @admin.display(description="state", ordering=WORST_FIRST)
    def state_chip(self, health: WorkspaceIntegrationHealth) -> SafeString:
        return render_chip(state_of("health", health.state))

    @admin.display(description="since", ordering="since")
    def for_how_long(self, health: WorkspaceIntegrationHealth) -> SafeString:
        return ago(health.since)

    @admin.display(description="last success", ordering="last_success_at")
    def last_success(self, health: WorkspaceIntegrationHealth) -> SafeString:
        return ago(health.last_success_at)

    @admin.display(description="last failure", ordering="last_failure_at")
    def failed(self, health: WorkspaceIntegrationHealth) -> SafeString:
        return ago(health.last_failure_at)

    @admin.display(description="last event", ordering="last_received_at")
    def last_event(self, health: WorkspaceIntegrationHealth) -> SafeString:
        return ago(health.last_received_at)

    @admin.display(description="last check", ordering="last_probe_at")
    def last_check(self, health: WorkspaceIntegrationHealth) -> SafeString:
        return ago(health.last_probe_at)

    @admin.display(description="why", ordering="reason")
    def why(self, health: WorkspaceIntegrationHealth) -> str:
        return wording.why(health.reason) if health.state in TROUBLED else ""

    @admin.display(description="paused")
    def paused(self, health: WorkspaceIntegrationHealth) -> str:
        """What the account holds up; asked for those that are down only."""
        return ", ".join(map(str, effects.effects_of(health.integration))) if health.is_down else ""

    @admin.display(description="in the workspace")
    def health_page(self, health: WorkspaceIntegrationHealth) -> SafeString:
        """For staff who are members: an admin here is an outsider there."""
        return format_html(
            '<a href="{}">Health page (for its members)</a>',
            reverse("inbox:health", args=[health.workspace_id]),
        )

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Who may have accounts called."""
        return request.user.has_perm("integrations.change_workspaceintegrationhealth")

    @admin.action(description="Check now", permissions=["operate"])
    def check_now(self, request: HttpRequest, rows: QuerySet[WorkspaceIntegrationHealth]) -> None:
        """Have the ticked accounts probed by a worker, so that no page waits for a provider."""
        asked = 0
        for health in rows.select_related("integration"):
            if registry.spec_of(health.provider).probe:
                watch.enqueue_probe(health.integration)
                self.log_change(request, health, "Checked by hand.")
                asked += 1
        self.message_user(
            request,
            f"{asked} of {len(rows)} accounts are being checked; reload in a few seconds.",
            messages.SUCCESS if asked == len(rows) else messages.WARNING,
        )
