"""The health board of the admin: connected accounts of all workspaces, the worst first. Staff can have them checked."""

from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from admin import accounts
from admin.acting import ActingAdmin
from admin.base import RecordInline, WorkspaceFilter, known_values, link
from inbox.health import sentences
from inbox.models import audit
from inbox.pages.access import signed_in
from inbox.pages.state_marks import state_of
from inbox.pages.templatetags.holdfast import ago, render_chip
from inbox.workspaces import account_effects
from inbox.workspaces.accounts import account_name
from integrations import registry
from integrations.health import probes
from integrations.models import TROUBLED, HealthState, HealthTransition, WorkspaceIntegrationHealth

AT_ONCE = 100
"""The most accounts that one request has checked."""


class StandingFilter(admin.SimpleListFilter):
    """Filters accounts to those that are down, or to those in any trouble."""

    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [("down", "Down"), ("trouble", "In trouble")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (standing := self.value()):
            return queryset
        return queryset.filter(state__in={"down": accounts.DOWN, "trouble": TROUBLED}.get(standing, ()))


class TransitionInline(RecordInline):
    """The account's past changes, newest first. Only `integrations.health.writer` writes them."""

    model = HealthTransition
    fields = readonly_fields = ("at", "before", "after", "reason")
    ordering = ("-at", "-pk")


@admin.register(WorkspaceIntegrationHealth)
class HealthBoard(ActingAdmin):
    workspace_path = "workspace"
    plain_texts = ("words",)
    list_display = (
        "account",
        "workspace_link",
        "state_chip",
        "for_how_long",
        "why",
        "last_success",
        "failed",
        "last_event",
        "last_check",
    )
    list_filter = (
        StandingFilter,
        known_values("state", HealthState),
        known_values("provider", registry.labels),
        WorkspaceFilter,
    )
    list_select_related = ("workspace", "integration")
    paginator = Paginator  # type: ignore[assignment]  # as many rows as accounts: they are counted
    search_fields = (
        "workspace__name__istartswith",
        "integration__name__istartswith",
        "integration__external_account_id__exact",
        "reason",
    )
    search_help_text = (
        "Beginning of the workspace's or the account's name, the provider's account id, or a reason"
    )
    ordering = (accounts.WORST_FIRST, "since", "pk")
    actions = ("check_now",)
    readonly_fields = ("paused",)
    inlines = (TransitionInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkspaceIntegrationHealth]:
        rows = super().get_queryset(request).defer("integration__credentials")
        return rows.filter(integration__enabled=True, workspace__drill_of=None)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, with what waits for the accounts that it shows, which one query finds for all of them."""
        changelist = super().get_changelist_instance(request)
        rows = list(changelist.result_list)
        waiting = account_effects.effects_of_each([row.integration for row in rows if row.is_down])
        for row in rows:
            row.waiting = waiting.get(row.integration_id, [])
        changelist.result_list = rows
        return changelist

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(
            request, {"title": "Accounts of all workspaces", **(extra_context or {})}
        )

    @admin.display(description="account", ordering="provider")
    def account(self, health: WorkspaceIntegrationHealth) -> str:
        return str(health.integration)

    @admin.display(description="workspace", ordering="workspace__name")
    def workspace_link(self, health: WorkspaceIntegrationHealth) -> SafeString:
        return link(health.workspace)

    @admin.display(description="state", ordering=accounts.WORST_FIRST)
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
        """Why it is in trouble, and what waits because of it."""
        if health.state not in TROUBLED:
            return ""
        return "; ".join(filter(None, (sentences.why(health.reason), self.paused(health))))

    @admin.display(description="paused")
    def paused(self, health: WorkspaceIntegrationHealth) -> str:
        """What waits because the account is down, such as "3 follow-ups are paused"; "" if it is up or nothing waits.
        The list counts for all its rows at once and keeps the result in `health.waiting`. Elsewhere this counts itself.
        """
        waiting = vars(health).get("waiting")
        if waiting is None:
            waiting = account_effects.effects_of(health.integration) if health.is_down else []
        return ", ".join(map(str, waiting))

    def in_words(self, row: WorkspaceIntegrationHealth) -> str:
        return f"{account_name(row)}: {row.workspace.name}"

    def workspace_pages(self, row: WorkspaceIntegrationHealth) -> list[tuple[str, str]]:
        return [("Health page", reverse("inbox:health", args=[row.workspace_id]))]

    @admin.action(description="Check now", permissions=["check"])
    def check_now(
        self, request: HttpRequest, rows: QuerySet[WorkspaceIntegrationHealth]
    ) -> HttpResponse | None:
        """Has the ticked accounts, 100 at most, probed by a worker, so that no page waits for a provider. Accounts of
        a provider without a probe are left out, and the page says how many are checked.
        """
        if question := self.ask_first(request, rows, "check_now", AT_ONCE, harmless=True):
            return question
        chosen = list(rows[:AT_ONCE])
        checked = [health for health in chosen if registry.spec_of(health.provider).probe]
        probes.enqueue_probes([health.integration for health in checked])
        for health in checked:
            audit.record(health.workspace_id, signed_in(request), "health.check", health.integration)
        self.message_user(
            request,
            f"{len(checked)} of {len(chosen)} accounts are being checked; this list shows what comes of it.",
            messages.SUCCESS if len(checked) == len(chosen) else messages.WARNING,
        )
        return None
