"""Connected accounts in the admin. Credentials and keys are neither shown nor read from the database here."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from config.modeladmin import BaseAdmin, RecordAdmin, WorkspaceFilter, known_values
from integrations import registry
from integrations.models import Integration, WebhookKey


@admin.register(Integration)
class IntegrationAdmin(BaseAdmin):
    """Switched on and off and renamed here; connected and disconnected where credentials can be tested."""

    list_display = ("provider", "name", "workspace", "external_account_id", "enabled", "updated_at")
    list_filter = (known_values("provider", registry.labels), "enabled", WorkspaceFilter)
    list_select_related = ("workspace",)
    search_fields = ("name", "external_account_id__exact", "workspace__name")
    search_help_text = "Name, workspace, the provider's account id, or an id"
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Integration]:
        return super().get_queryset(request).defer("credentials")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Integration | None = None) -> bool:
        return False


@admin.register(WebhookKey)
class WebhookKeyAdmin(RecordAdmin):
    workspace_path = "integration__workspace"
    list_display = ("id", "integration", "workspace", "created_at", "expires_at", "last_used_at")
    list_filter = (WorkspaceFilter, known_values("integration__provider", registry.labels))
    list_select_related = ("integration__workspace",)
    fields = ("integration", "created_at", "expires_at", "last_used_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookKey]:
        return super().get_queryset(request).defer("secret", "key_hash", "integration__credentials")

    @admin.display(description="workspace")
    def workspace(self, key: WebhookKey) -> str:
        return key.integration.workspace.name
