"""The admin's health board: the accounts of all workspaces, worst first. Staff can have accounts checked."""

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST

from admin import accounts
from admin.base import RecordAdmin, RecordInline, right
from admin.columns import Column, chip, choice_filter, known_values, row_url
from admin.scope import scope_of
from inbox.health import banner, sentences
from inbox.models import MailboxAlarm, audit
from inbox.pages.access import next_url, signed_in
from inbox.pages.operations.health import Page, act, banner_part
from inbox.pages.templatetags.holdfast import ago
from inbox.workspaces import account_effects
from inbox.workspaces.accounts import name_of
from integrations import registry
from integrations.health import probes
from integrations.models import TROUBLED, HealthState, HealthTransition, WorkspaceIntegrationHealth

AT_ONCE = 100
"""The most accounts that one request checks."""


STANDINGS = {"down": ("Down", accounts.DOWN), "trouble": ("Having trouble", TROUBLED)}
"""The choices of the list's filter `standing`: each with its label and the states of accounts that it shows."""


def in_standing(
    rows: QuerySet[WorkspaceIntegrationHealth], choice: str
) -> QuerySet[WorkspaceIntegrationHealth]:
    _, states = STANDINGS.get(choice, ("", ()))
    return rows.filter(state__in=states)


def since(field: str, words: str) -> Column:
    """Returns a column that shows the time since `field`."""

    @admin.display(description=words, ordering=field)
    def column(health: WorkspaceIntegrationHealth) -> SafeString:
        return ago(getattr(health, field))

    column.__name__ = field
    return column


class TransitionInline(RecordInline):
    """The account's past changes, newest first. Only `integrations.health.writer` writes them."""

    model = HealthTransition
    fields = readonly_fields = ("at", "before", "after", "reason")
    ordering = ("-at", "-pk")


@admin.register(WorkspaceIntegrationHealth)
class HealthBoard(RecordAdmin):
    """The list of accounts in use, with the actions for an account in trouble."""

    plain_texts = ("words",)
    list_display = (
        "account",
        chip("state", "health", accounts.WORST_FIRST),
        since("since", "since"),
        "why",
        since("last_success_at", "last success"),
        since("last_failure_at", "last failure"),
        since("last_received_at", "last event"),
        since("last_probe_at", "last check"),
    )
    list_filter = (
        choice_filter(
            "standing", lambda: {name: words for name, (words, _) in STANDINGS.items()}, in_standing
        ),
        known_values("state", HealthState),
        known_values("provider", registry.labels),
    )
    list_select_related = ("integration",)
    paginator = Paginator  # type: ignore[assignment]  # as many rows as accounts, so they are counted
    search_fields = (
        "workspace__name__istartswith",
        "integration__name__istartswith",
        "integration__external_account_id__exact",
        "reason",
    )
    search_help_text = "Workspace, account, provider’s account ID, or reason"
    ordering = (accounts.WORST_FIRST, "since", "pk")
    actions = ("check_now",)
    readonly_fields = ("paused",)
    pages_in_workspace = (("Health page", "inbox:health"),)
    inlines = (TransitionInline,)
    views: ClassVar = {"banner/": "banner", "<int:pk>/act/": "act"}

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkspaceIntegrationHealth]:
        return super().get_queryset(request).filter(integration__enabled=True, workspace__drill_of=None)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Returns the list of accounts, each with the work that waits for the account. One query reads this work."""
        changelist = super().get_changelist_instance(request)
        rows = list(changelist.result_list)
        waiting = account_effects.effects_of_each([row.integration for row in rows if row.is_down])
        for row in rows:
            row.waiting = waiting.get(row.integration_id, [])
        changelist.result_list = rows
        return changelist

    def list_context(self, request: HttpRequest) -> dict[str, Any]:
        return {"title": "Accounts of all workspaces"}

    @admin.display(description="account", ordering="provider")
    def account(self, health: WorkspaceIntegrationHealth) -> str:
        return str(health.integration)

    @admin.display(description="why", ordering="reason")
    def why(self, health: WorkspaceIntegrationHealth) -> str:
        """Says why the account is in trouble, and what waits because of the account."""
        if health.state not in TROUBLED:
            return ""
        return "; ".join(filter(None, (sentences.why(health.reason), self.paused(health))))

    @admin.display(description="paused")
    def paused(self, health: WorkspaceIntegrationHealth) -> str:
        """Says what waits because the account is down, such as "3 follow-ups are paused", or "". The list counts
        waiting work for all its rows at once and caches the counts in `health.waiting`.
        """
        waiting = vars(health).get("waiting")
        if waiting is None:
            waiting = account_effects.effects_of(health.integration) if health.is_down else []
        return ", ".join(waiting)

    def in_words(self, row: WorkspaceIntegrationHealth) -> str:
        return f"{name_of(row.integration)}: {row.workspace.name}"

    @admin.action(description="Check now", permissions=["check"])
    def check_now(
        self, request: HttpRequest, rows: QuerySet[WorkspaceIntegrationHealth]
    ) -> HttpResponse | None:
        """Makes a worker check at most AT_ONCE selected accounts. Providers without a health check are skipped."""
        if question := self.ask_first(request, rows, AT_ONCE, harmless=True):
            return question
        chosen = list(rows[:AT_ONCE])
        checked = [health for health in chosen if registry.spec_of(health.provider).probe]
        probes.enqueue_probes([health.integration for health in checked])
        for health in checked:
            audit.record(health.workspace_id, signed_in(request), "health.check", health.integration)
        self.message_user(
            request,
            f"Checking {len(checked)} of {len(chosen)} accounts. This list shows the results.",
            messages.SUCCESS if len(checked) == len(chosen) else messages.WARNING,
        )
        return None

    # --- actions on an account ---

    has_check_permission = right(accounts.CHECK)

    @method_decorator(require_GET)
    def banner(self, request: HttpRequest) -> HttpResponse:
        """Returns the account banner for an open page, or a 204 response if the page already shows it (`seen`)."""
        return banner_part(request, accounts.banner_of(request))

    @method_decorator(require_POST)
    def act(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Takes the action `do` of the form at `<account>/act/`, as the Health page does. Raises PermissionDenied."""
        if not self.has_check_permission(request):
            raise PermissionDenied
        health = cast(WorkspaceIntegrationHealth, self.get_object(request, str(pk)))
        page = Page(
            back=next_url(request, row_url(health)),
            act_url=request.path,
            template="admin/integrations/workspaceintegrationhealth/reconnect.html",
            context=self.admin_site.each_context(request) | {"title": "Reconnect", "opts": self.opts},
        )
        return act(request, health.integration, page)

    def row_context(self, request: HttpRequest, row: WorkspaceIntegrationHealth) -> dict[str, Any]:
        if row.state not in TROUBLED:
            return {}
        return {
            "line": banner.line(row, row.workspace),
            "why": sentences.why(row.reason),
            "act_url": reverse("admin:integrations_workspaceintegrationhealth_act", args=[row.pk]),
            "may_act": self.has_check_permission(request),
            "key_url": accounts.key_url(row, scope_of(request)),
        }


@admin.register(MailboxAlarm)
class MailboxAlarmAdmin(RecordAdmin):
    """Mailboxes whose mail bounced, was reported as spam, or got fewer answers than before."""

    workspace_path = "integration__workspace"
    plain_texts = ("address",)
    list_display = ("since", "integration", "address", "rate", "count", "mails", "days", "last_at", "told_at")
    ordering = ("-since", "-pk")
