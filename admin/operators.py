"""Admin pages for operators of the installation: groups, the admin's log, logins, and accesses to user text."""

import ipaddress
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin as StockGroupAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from admin.base import BaseAdmin, RecordAdmin
from admin.roles import GROUPS
from admin.scope import INSTALLATION
from inbox.models import TextAccess

if admin.site.is_registered(Group):
    admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(BaseAdmin, StockGroupAdmin):
    """Groups of permissions. Each upgrade resets the groups Support, Operator and Workspace admin, and no others."""

    workspace_path = INSTALLATION
    asks_again = True
    search_fields = ("name__istartswith",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).prefetch_related("permissions__content_type")

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.name not in GROUPS)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.name not in GROUPS)


@admin.register(LogEntry)
class LogEntryAdmin(RecordAdmin):
    """The admin's log of additions, changes and deletions. The audit log has the same entries, with values."""

    workspace_path = INSTALLATION
    plain_texts = ("change_message", "object_id", "object_repr")
    list_display = ("action_time", "user__email", "content_type", "object_repr", "action_flag")
    list_filter = ("action_time", "action_flag")
    search_fields = ("user__email__exact",)
    search_help_text = "Actor’s full email"


@admin.register(TextAccess)
class TextAccessAdmin(RecordAdmin):
    """Users who opened the texts of a workspace without being a member, with the reason and the expiry."""

    plain_texts = ("reason",)
    list_display = ("created_at", "user__email", "reason", "expires_at")
    list_filter = ("created_at",)


class LogInAdmin(RecordAdmin):
    """Base class for admin pages of logins, which django-axes writes."""

    workspace_path = INSTALLATION
    plain_texts = ("user_agent", "username", "http_accept", "path_info")
    list_filter = ("attempt_time",)
    search_fields = ("username__exact", "ip_address__exact")
    search_help_text = "Full email or IP address"

    def found_by(self, request: HttpRequest, name: str, term: str) -> list[QuerySet[Any]]:
        if name == "ip_address__exact":
            try:
                ipaddress.ip_address(term)
            except ValueError:
                return []
        return super().found_by(request, name, term)


@admin.register(AccessAttempt)
class AccessAttemptAdmin(LogInAdmin):
    """Failed logins that count towards a temporary lock of the account."""

    secret_fields = ("get_data", "post_data")
    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")


@admin.register(AccessLog)
class AccessLogAdmin(LogInAdmin):
    secret_fields = ("session_hash",)
    list_display = ("attempt_time", "username", "ip_address", "logout_time")


@admin.register(AccessFailureLog)
class AccessFailureLogAdmin(LogInAdmin):
    """Failed logins, if the installation stores them."""

    list_display = ("attempt_time", "username", "ip_address")
