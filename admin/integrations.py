"""Admin pages of connected accounts. The pages never read credentials or keys from the database."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.safestring import SafeString

from admin.base import BY_ID, EditAdmin, RecordAdmin
from admin.columns import known_values, link
from admin.scope import INSTALLATION
from integrations import registry
from integrations.health import probes
from integrations.models import (
    AiCall,
    ApiToken,
    CircuitBreaker,
    DayReceipt,
    HealthTransition,
    IdempotencyKey,
    Integration,
    Notice,
    RateWindow,
    ReplyPoll,
    WebhookAttempt,
    WebhookEndpoint,
    WebhookKey,
)


@admin.display(description="provider", ordering="provider")
def provider_name(row: Any) -> str:
    provider: str = row.provider
    return registry.labels().get(provider, provider)


@admin.display(description="cost", ordering="cost_microusd")
def cost(row: Any) -> str:
    """Formats the cost of a row in dollars, to four decimal places, or "" if the price is unknown."""
    return "" if row.cost_microusd is None else f"${row.cost_microusd / 1_000_000:,.4f}"


@admin.register(Integration)
class IntegrationAdmin(EditAdmin):
    """Connected accounts. Staff can rename accounts and switch them on or off; switching an account on starts a check.
    The workspace's own pages connect accounts, because credentials can be tested there.
    """

    secret_fields = ("credentials",)
    plain_texts = ("config",)
    list_display = (provider_name, "name", "external_account_id", "enabled", "updated_at")
    list_filter = (known_values("provider", registry.labels), "enabled")
    ordering = ("provider", "created_at", "pk")
    search_fields = ("name__istartswith", "external_account_id__exact", "workspace__name__istartswith")
    search_help_text = "Name, workspace, provider’s account ID, or another ID"
    fields = (
        "workspace",
        "provider",
        "name",
        "external_account_id",
        "enabled",
        "config",
        "created_at",
        "updated_at",
    )
    readonly_fields = ("workspace", "provider", "external_account_id", "config", "created_at", "updated_at")
    pages_in_workspace = (("Open in the workspace", "inbox:integration-settings", "pk"),)

    def save_model(
        self, request: HttpRequest, obj: Integration, form: "ModelForm[Integration]", change: bool
    ) -> None:
        obj.save(
            update_fields=[*form.changed_data, "updated_at"]
        )  # only the columns of the form, because the other columns may have changed since
        if obj.enabled and "enabled" in form.changed_data:
            probes.look_at_secrets(obj)
            if registry.spec_of(obj.provider).probe:
                probes.enqueue_probe(obj)


@admin.register(WebhookKey)
class WebhookKeyAdmin(RecordAdmin):
    """The creation, expiry and last use of each webhook key, without the key."""

    workspace_path = "integration__workspace"
    named_by = "integration"
    secret_fields = ("secret", "key_hash")
    list_filter = (known_values("integration__provider", registry.labels),)


@admin.register(ApiToken)
class ApiTokenAdmin(RecordAdmin):
    """API tokens of programs, without their hashes. The workspace's own pages create and revoke API tokens."""

    secret_fields = ("token_hash",)
    list_display = ("name", "visible", "created_at", "expires_at", "revoked_at", "last_used_at")
    fields = ("workspace", "name", "visible", "scopes", "sources", *list_display[2:])


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(RecordAdmin):
    """Writes that programs made through the API in the last 24 hours, without the stored responses."""

    workspace_path = "token__workspace"
    named_by = "token"
    secret_fields = ("answer", "key", "body_hash")


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(RecordAdmin):
    """The webhook endpoints of programs, without their secrets. The workspace's own page changes webhook endpoints."""

    secret_fields = ("secret", "previous_secret")
    plain_texts = ("url",)
    list_display = (
        "created_at",
        "url",
        "events",
        "include_text",
        "failing_since",
        "disabled_at",
        "disabled_for",
    )
    pages_in_workspace = (("Programs", "inbox:programs"),)


@admin.register(WebhookAttempt)
class WebhookAttemptAdmin(RecordAdmin):
    """Attempts to send events to webhook endpoints, newest first, with their outcomes."""

    workspace_path = "endpoint__workspace"
    list_display = (
        "id",
        "endpoint",
        "event",
        "number",
        "due_at",
        "finished_at",
        "outcome",
        "status",
        "error",
    )
    ordering = ("-id",)


@admin.register(HealthTransition)
class HealthTransitionAdmin(RecordAdmin):
    """Changes of accounts' health states. Only `integrations.health.writer` writes them."""

    workspace_path = "health__workspace"
    list_display = ("at", "account", "before", "after", "reason")
    list_select_related = ("health__integration",)

    @admin.display(description="account")
    def account(self, transition: HealthTransition) -> SafeString:
        return link(transition.health, str(transition.health.integration))


@admin.register(Notice)
class NoticeAdmin(RecordAdmin):
    """Notices by Slack or email, with their destinations and whether they arrived."""

    trace_kind = "notice"
    text_fields = ("text",)
    plain_texts = ("destination",)
    list_display = ("created_at", "kind", "path", "destination", "state", "reason")
    ordering_of_one = ("-created_at",)


@admin.register(AiCall)
class AiCallAdmin(RecordAdmin):
    """Calls to the language model, without the text of questions and answers."""

    list_display = (
        "created_at",
        "feature",
        "model",
        "outcome",
        "input_tokens",
        "output_tokens",
        cost,
        "duration_ms",
    )
    list_filter = ("created_at",)
    id_fields = ("job_id",)
    search_fields = (BY_ID,)
    search_help_text = "ID of the call or its job"
    ordering_of_one = ("-created_at",)


@admin.register(CircuitBreaker)
class CircuitBreakerAdmin(RecordAdmin):
    """Circuit breakers of failing providers: which are open, until when, and why."""

    list_display = ("key", provider_name, "opened_at", "open_until", "throttled_until", "reason")
    list_filter = (known_values("provider", registry.labels),)
    ordering = ("-open_until", "key")


@admin.register(RateWindow)
class RateWindowAdmin(RecordAdmin):
    """Our own rate limits, each with the number of recent calls that count towards it."""

    workspace_path = INSTALLATION
    list_display = ("key", "calls")
    ordering = ("key",)
    readonly_fields = ("calls",)

    @admin.display(description="recent calls")
    def calls(self, window: RateWindow) -> int:
        return len(window.stamps)


@admin.register(ReplyPoll)
class ReplyPollAdmin(RecordAdmin):
    """For each account, the time up to which its messages were compared with the provider's list, and the number of
    messages that the comparison found.
    """

    workspace_path = "integration__workspace"
    named_by = "integration"
    ordering = ("due_at",)


@admin.register(DayReceipt)
class DayReceiptAdmin(RecordAdmin):
    """The messages of one day in the provider's lists, compared with those stored here."""

    workspace_path = "integration__workspace"
    named_by = "integration"
    list_display = (
        "integration",
        "day",
        "kind",
        "listed",
        "held",
        "fetched",
        "ignored",
        "missing",
        "reasons",
    )
    plain_texts = ("reasons",)
    ordering = ("-day",)
