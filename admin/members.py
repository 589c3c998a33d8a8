"""Admin pages of users, workspaces, memberships and invitations."""

import contextlib
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString

from admin import roles
from admin.base import BaseAdmin, RecordAdmin
from admin.columns import list_link
from admin.scope import WORKSPACE_ADMIN, choose, scope_of
from inbox.leads import promises
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
from inbox.pages.access import signed_in
from inbox.pages.account.login import OperatorsPasswordForm
from inbox.pages.settings.workspace import TIMES, WorkspaceForm
from inbox.workspaces import people

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")
WAYS_IN = ("email", "password", "company_key")
RUNNING = (Membership.Role.OWNER, Membership.Role.ADMIN)


class RightsForm(UserChangeForm):  # type: ignore[type-arg]
    """The form for a user's permissions, without those that follow from the user's roles in workspaces. The group
    Workspace admin is not offered, because a form opened before the user's last role ended would restore the group.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "groups" in self.fields:  # only superusers change these fields
            groups: Any = self.fields["groups"]
            groups.queryset = groups.queryset.exclude(name=WORKSPACE_ADMIN)
            self.initial["groups"] = [
                group for group in self.initial.get("groups", []) if group.name != WORKSPACE_ADMIN
            ]

    def clean_is_staff(self) -> bool:
        staff: bool = self.cleaned_data["is_staff"]
        if not staff and self.instance.memberships.filter(role__in=RUNNING).exists():
            raise ValidationError(
                "This person is staff because they run a workspace. Change their role there first, remove "
                "their groups and permissions, or untick “Active” to lock them out."
            )
        return staff

    def clean_company_key(self) -> str | None:
        key: str | None = self.cleaned_data["company_key"]
        if key not in (None, self.instance.company_key):
            raise ValidationError("Only the company login can set this. Keep it or clear it.")
        return key


@admin.register(User)
class UserAdmin(BaseAdmin, StockUserAdmin):  # type: ignore[type-arg]
    """Users. Only a superuser grants permissions, creates users, and sets addresses and passwords. Otherwise staff
    could set the password of a user who is invited to a workspace that the staff may not see.
    """

    workspace_path = "memberships__workspace"
    asks_again = True
    ordering = ("email",)
    list_display = ("email", "name", "workspaces_of", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email__istartswith", "first_name__istartswith", "last_name__istartswith")
    search_help_text = "Email or name"
    form = RightsForm
    change_password_form = OperatorsPasswordForm
    plain_texts = ("company_key",)
    readonly_fields = ("last_login", "date_joined", "address_proven_at", "emergency")
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        ("Preferences", {"fields": ("theme", "density", "single_key_shortcuts")}),
        ("Rights", {"fields": ("is_active", "emergency", *RIGHTS)}),
        ("Dates", {"fields": ("last_login", "date_joined", "address_proven_at", "company_key")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        theirs = scope_of(request).limit(Membership.objects.filter(user=OuterRef("pk")), "workspace")
        counted = theirs.order_by().values("user").annotate(count=Count("pk")).values("count")
        users: QuerySet[User] = super().get_queryset(request)
        return users.annotate(workspace_count=Coalesce(Subquery(counted), 0))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None or request.user.is_superuser:
            return super().get_fieldsets(request, obj)
        (name, first), *rest = self.fieldsets
        shown = tuple(field for field in first["fields"] if field != "password")
        return ((name, {"fields": shown}), *rest)

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

    def save_model(self, request: HttpRequest, obj: User, form: "ModelForm[User]", change: bool) -> None:
        if not change:
            obj.address_proven_at = timezone.now()  # a superuser is an operator and vouches for the address
        elif "email" in form.changed_data:
            obj.address_proven_at = None
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: "ModelForm[User]", formsets: Any, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        roles.follow_roles(form.instance)  # the form has omitted the group Workspace admin

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    @staticmethod
    def _may_touch(request: HttpRequest, user: User | None) -> bool:
        """Whether staff may edit or delete `user`. Staff who could edit a superuser could log in as them."""
        privileged = user is not None and (user.is_staff or user.is_superuser) and user.pk != request.user.pk
        return request.user.is_superuser or not privileged

    @admin.display(description="name")
    def name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description="workspaces", ordering="workspace_count")
    def workspaces_of(self, user: User) -> SafeString:
        return list_link(Membership, str(vars(user)["workspace_count"]), user=user.pk)


@admin.register(Workspace)
class WorkspaceAdmin(BaseAdmin):
    """Workspaces. Settings follow the same rules here as on the settings page. Settings that are not in this form have
    pages of their own.
    """

    workspace_path = "pk"
    form = WorkspaceForm
    plain_texts = ("signature", "service_description", "notice_tags", "promises")
    secret_fields = ("erasure_key",)
    ordering = ("name", "pk")
    list_display = ("name", "timezone", "sends_paused", "daily_send_cap", "created_at")
    list_filter = ("sends_paused",)
    search_fields = ("name__istartswith",)
    search_help_text = "Name or ID"
    actions = ("narrow",)
    pages_in_workspace = (
        ("Inbox", "inbox:list"),
        ("Settings", "inbox:settings"),
        ("People", "inbox:people"),
    )
    related_lists = (
        ("Memberships", Membership, "workspace"),
        ("Leads", Lead, "workspace"),
        ("Messages", Message, "workspace"),
        ("Drafts", Draft, "workspace"),
        ("Sends", OutboundSend, "workspace"),
        ("Deliveries", WebhookDelivery, "workspace"),
    )
    readonly_fields = (
        *("sends_paused", "notice_tags", "keep_messages_days", "keep_bodies_days", "keep_model_calls_days"),
        *("promises", "id", "created_at", "related"),
    )

    def save_model(
        self, request: HttpRequest, obj: Workspace, form: "ModelForm[Workspace]", change: bool
    ) -> None:
        if change:
            obj.save(update_fields=form.changed_data)  # saves only changed columns (ChangedColumnsForm)
            if TIMES.intersection(form.changed_data):
                promises.remake_soon(obj)
        else:
            super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        return False  # deleting a workspace would delete all its records

    @admin.action(description="Show only this workspace", permissions=["view"])
    def narrow(self, request: HttpRequest, workspaces: QuerySet[Workspace]) -> HttpResponse | None:
        """Narrows the admin to the selected workspace for this session."""
        if len(workspaces) != 1:
            messages.warning(request, "Select one workspace.")
            return None
        choose(request, workspaces[0].pk)
        return redirect("admin:index")


class MembershipForm(ModelForm):  # type: ignore[type-arg]
    by: Membership
    """The membership with which the user acts: their own in this workspace, or an owner's for a superuser."""

    def clean_role(self) -> str:
        role: str = self.cleaned_data["role"]
        if self.instance.pk and role != self.instance.role:
            try:
                people.check_rank(self.by, role, self.instance.role)
                people.check_owner_stays(self.instance, role)
            except people.NotAllowed as reason:
                raise ValidationError(str(reason)) from reason
        return role

    def clean_user(self) -> User:
        user: User = self.cleaned_data["user"]
        if user.address_proven_at is None:
            raise ValidationError(
                "The owner hasn’t confirmed this address, so someone else may know the password. Invite the "
                "address on the People page, or have the owner set a password first (manage.py password_link)."
            )
        return user


@admin.register(Membership)
class MembershipAdmin(BaseAdmin):
    """Memberships. Only a superuser adds members here; members are invited on the workspace's People page. Changes
    follow that page's rules: only owners appoint owners, and a workspace keeps at least one.
    """

    asks_again = True
    ordering = ("workspace__name", "pk")
    form = MembershipForm
    fields = ("user", "workspace", "role", "takes_leads")
    list_display = ("user__email", "role", "created_at")
    list_filter = ("role",)
    search_fields = ("user__email__istartswith", "workspace__name__istartswith")
    search_help_text = "Email or workspace name"
    raw_id_fields = ("user", "workspace")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("user", "workspace") if obj else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_allowed(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._is_allowed(request, obj, removes=True)

    def _is_allowed(
        self, request: HttpRequest, membership: Membership | None, *, removes: bool = False
    ) -> bool:
        with contextlib.suppress(people.NotAllowed):
            by = self._by(request, membership) if membership else None
            if by and membership and removes:
                people.check_rank(by, membership.role)
                people.check_owner_stays(membership, None)
            return True
        return False

    def get_form(
        self, request: HttpRequest, obj: Membership | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        if obj is not None and self.has_change_permission(request, obj):
            form.by = self._by(request, obj)
        return form

    def save_model(
        self, request: HttpRequest, obj: Membership, form: "ModelForm[Membership]", change: bool
    ) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        before = Membership.objects.get(pk=obj.pk)
        # responds with 403 if another user has removed the last other owner meanwhile
        if obj.role != before.role:
            people.change_role(self._by(request, obj), before, obj.role)
        columns = [name for name in form.changed_data if name != "role"]
        if columns:
            obj.save(update_fields=columns)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        people.remove(self._by(request, obj), obj)

    @staticmethod
    def _by(request: HttpRequest, membership: Membership) -> Membership:
        """Returns the membership with which the admin's user acts in the workspace of `membership`. A superuser acts as
        an owner of the workspace. Raises NotAllowed for any other user who is neither owner nor admin of the workspace.
        """
        user, workspace_id = signed_in(request), membership.workspace_id
        if user.is_superuser:
            return Membership(workspace_id=workspace_id, user=user, role=Membership.Role.OWNER)
        acting = Membership.objects.filter(workspace_id=workspace_id, user=user).first()
        if acting is None or not acting.at_least(Membership.Role.ADMIN):
            raise people.NotAllowed("Only owners and admins of a workspace can change its members.")
        return acting


@admin.register(Invitation)
class InvitationAdmin(RecordAdmin):
    ordering = ("-created_at", "-pk")
    list_display = ("email", "role", "state", "created_at", "expires_at")
    search_fields = ("email__istartswith", "workspace__name__istartswith")
    search_help_text = "Email or workspace name"
