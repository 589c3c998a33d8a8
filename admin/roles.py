"""The groups with access to the admin, and their permissions.

The group Support reads all workspaces and changes nothing. The group Operator also acts on jobs, deliveries, sends and
accounts. The group Workspace admin does the same in the workspaces that the user owns or administers, and changes
members, settings and accounts there. A database trigger adds users to the group Workspace admin and removes them when
their roles change (inbox/sql/follow_roles.sql).
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import connections

from admin.scope import INSTALLATION, SEE_ALL, WORKSPACE_ADMIN
from inbox.models import User
from jobs.db import fetch

SUPPORT = "Support"
OPERATOR = "Operator"
GROUPS = (SUPPORT, OPERATOR, WORKSPACE_ADMIN)

ACTS = {
    "jobs.retry_backgroundjob",
    "jobs.move_backgroundjob",
    "jobs.cancel_backgroundjob",
    "jobs.discard_backgroundjob",
    "inbox.replay_webhookdelivery",
    "inbox.settle_outboundsend",
    "integrations.check_workspaceintegrationhealth",
}
"""Actions allowed to operators everywhere, and to workspace admins in their own workspaces."""

OPERATES = {
    SEE_ALL,
    "jobs.add_workspacelimit",
    "jobs.change_workspacelimit",
    "jobs.delete_workspacelimit",
}

RUNS = {
    "inbox.change_membership",
    "inbox.delete_membership",
    "inbox.change_workspace",
    "inbox.change_lead",
    "integrations.change_integration",
}
"""Changes allowed to workspace admins in their own workspaces: members, settings, leads' names and accounts."""

SUPERUSERS_ALONE = {"auth.group"}
"""Models that no group may view."""


def permissions_of(group: str) -> set[str]:
    """Returns the permissions of a group in GROUPS, as `app.codename`. Raises KeyError for an unknown group."""
    views = set(_views(everything=group != WORKSPACE_ADMIN))
    return views | {SUPPORT: {SEE_ALL}, OPERATOR: OPERATES | ACTS, WORKSPACE_ADMIN: RUNS | ACTS}[group]


def follow_roles(user: User) -> None:
    """Calls the database function `inbox_follow_roles`, which makes `user` staff in the group Workspace admin while
    they own or administer a workspace. A user who becomes staff this way loses other permissions.
    """
    fetch("SELECT inbox_follow_roles(%s)", [user.pk])


def _views(*, everything: bool) -> Iterator[str]:
    for model, model_admin in admin.site._registry.items():
        options = model._meta
        theirs = everything or getattr(model_admin, "workspace_path", INSTALLATION) != INSTALLATION
        if theirs and options.label_lower not in SUPERUSERS_ALONE:
            yield f"{options.app_label}.{get_permission_codename('view', options)}"


def fill(using: str = "default", **_kwargs: Any) -> None:
    """Gives each group in GROUPS exactly its permissions after each `migrate`, because new models bring new ones."""
    if Group._meta.db_table not in connections[using].introspection.table_names():
        return
    groups = list(Group.objects.using(using).filter(name__in=GROUPS))
    if not groups:
        return
    for app in {name.partition(".")[0] for group in groups for name in permissions_of(group.name)}:
        create_permissions(apps.get_app_config(app), verbosity=0, using=using)
    by_name = {
        f"{row.content_type.app_label}.{row.codename}": row
        for row in Permission.objects.using(using).select_related("content_type")
    }
    for group in groups:
        group.permissions.set([by_name[name] for name in permissions_of(group.name) if name in by_name])
