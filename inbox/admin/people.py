"""Users, workspaces and who is in them."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from config.modeladmin import BaseAdmin, RecordAdmin, WorkspaceFilter, link, list_link
from inbox.forms.login import OperatorsPasswordForm
from inbox.models import (
    Draft,
    Invitation,
    Lead,
    Membership,
    Message,
    OutboundSend,
    User,
    WebhookDelivery,
    Workspace,
)

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")
WAYS_IN = ("email", "password")


@admin.register(User)
class UserAdmin(BaseAdmin, StockUserAdmin):
    """Django's own, by e-mail address. Only a superuser gives rights, makes accounts, and sets addresses and passwords.

    Other staff could otherwise keep a password for somebody who is asked into a workspace that is not theirs.
    """

    workspace_path = "memberships__workspace"
    ordering = ("email",)
    list_display = ("email", "name", "workspaces_of", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "first_name", "last_name")
    search_help_text = "Address or name"
    change_password_form = OperatorsPasswordForm
    readonly_fields = ("last_login", "date_joined", "address_proven_at")
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        ("Preferences", {"fields": ("theme", "single_key_shortcuts")}),
        ("Rights", {"fields": ("is_active", *RIGHTS)}),
        ("Dates", {"fields": ("last_login", "date_joined", "address_proven_at")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).annotate(workspace_count=Count("memberships"))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return (
            self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, *RIGHTS, *WAYS_IN)
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and request.user.is_superuser

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        if not request.user.is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        if not change:
            obj.address_proven_at = timezone.now()  # a superuser is an operator, who vouches for the address
        elif "email" in form.changed_data:
            obj.address_proven_at = None
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    @staticmethod
    def _may_touch(request: HttpRequest, user: User | None) -> bool:
        """A new password for a superuser would be a way to become one."""
        privileged = user is not None and (user.is_staff or user.is_superuser) and user.pk != request.user.pk
        return request.user.is_superuser or not privileged

    @admin.display(description="name")
    def name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description="workspaces", ordering="workspace_count")
    def workspaces_of(self, user: User) -> SafeString:
        return list_link(Membership, str(user.workspace_count), user=user.pk)


@admin.register(Workspace)
class WorkspaceAdmin(BaseAdmin):
    workspace_path = "pk"
    list_display = ("name", "timezone", "sends_paused", "daily_send_cap", "created_at")
    list_filter = ("sends_paused",)
    search_fields = ("name",)
    search_help_text = "Name or id"
    readonly_fields = ("id", "created_at", "contents")

    def has_delete_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        return False  # it would take every record with it

    @admin.display(description="what it holds")
    def contents(self, workspace: Workspace) -> SafeString:
        models = (Membership, Lead, Message, Draft, OutboundSend, WebhookDelivery)
        links = [
            list_link(model, str(model._meta.verbose_name_plural).capitalize(), workspace=workspace.pk)
            for model in models
        ]
        return SafeString(" · ".join(links))


class MembershipForm(ModelForm):
    def clean_user(self) -> User:
        user = self.cleaned_data["user"]
        if user.address_proven_at is None:
            raise ValidationError(
                "Nobody has proven that this address is theirs, so somebody else may know the password. "
                "Invite it on the People page, or have its owner set a password first (manage.py password_link)."
            )
        return user


@admin.register(Membership)
class MembershipAdmin(BaseAdmin):
    """Who joins is asked on the People page; only a superuser puts somebody in."""

    form = MembershipForm
    list_display = ("user", "workspace_link", "role", "created_at")
    list_filter = ("role", WorkspaceFilter)
    list_select_related = ("user", "workspace")
    search_fields = ("user__email", "workspace__name")
    search_help_text = "Address or workspace"
    raw_id_fields = ("user", "workspace")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("user", "workspace") if obj else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and request.user.is_superuser

    @admin.display(description="workspace", ordering="workspace__name")
    def workspace_link(self, membership: Membership) -> SafeString:
        return link(membership.workspace)


@admin.register(Invitation)
class InvitationAdmin(RecordAdmin):
    list_display = ("email", "workspace", "role", "state", "created_at", "expires_at")
    list_filter = ("state", "role", WorkspaceFilter)
    list_select_related = ("workspace",)
    search_fields = ("email", "workspace__name")
    search_help_text = "Address or workspace"
