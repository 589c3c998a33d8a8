"""A new workspace comes complete: its owner, an integration per webhook source, and a key for each."""

import contextlib
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from inbox.models import Membership, User, Workspace
from integrations import registry
from integrations.models import Integration, WebhookKey


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    """`keys` maps a webhook source's name to its new key."""

    workspace: Workspace
    admin: User
    keys: dict[str, str]


@transaction.atomic
def create(name: str, admin_email: str, password: str | None = None, **fields) -> NewWorkspace:
    """Create a workspace that `admin_email` owns. Raises AddressNotProven as `add_member` does."""
    workspace = Workspace.objects.create(name=name, **fields)
    admin = add_member(workspace, admin_email, Membership.Role.OWNER, password)
    keys = {}
    for source in registry.keyed_sources().values():
        integration = Integration.objects.create(workspace=workspace, provider=source.provider)
        keys[source.name] = WebhookKey.issue(integration).secret
    return NewWorkspace(workspace, admin, keys)


class AddressNotProven(ValueError):
    """The address has an account whose password somebody else may know."""


@transaction.atomic
def add_member(workspace: Workspace, email: str, role: str, password: str | None = None) -> User:
    """An operator gives `email` a role in `workspace`; the user is made where there is none yet.

    An existing user keeps their password, unless nobody has proven that the address is theirs: then whoever made the
    account may know it. It is replaced by `password`; without one, raises AddressNotProven.
    """
    email, now = email.strip().lower(), timezone.now()
    user = User.objects.select_for_update().filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, password, address_proven_at=now)
    elif user.address_proven_at is None:
        if password is None:
            raise AddressNotProven(email)
        user.set_password(password)
        user.address_proven_at = now
        user.save(update_fields=["password", "address_proven_at"])
    Membership.objects.update_or_create(workspace=workspace, user=user, defaults={"role": role})
    return user


def issue_key(integration: Integration) -> str:
    """A new webhook key for `integration`; returns its address, or "" for a provider that posts no webhooks."""
    source = registry.address_of(integration.provider)
    return webhook_path(source.name, WebhookKey.issue(integration).secret) if source else ""


def webhook_path(source: str, key: str) -> str:
    """The address that a provider posts to."""
    return f"/api/webhooks/{source}/{key}/"


class WorkspaceNotFound(ValueError):
    """No workspace, or more than one, goes by that name."""


def named(name: str) -> Workspace:
    """The workspace with this id, or with this name in any letter case. Raises WorkspaceNotFound."""
    with contextlib.suppress(ValueError):
        if workspace := Workspace.objects.filter(pk=uuid.UUID(name)).first():
            return workspace
    found = list(Workspace.objects.filter(name__iexact=name)[:2])
    if not found:
        raise WorkspaceNotFound(f"There is no workspace named “{name}”. Give its name or its id.")
    if len(found) > 1:
        raise WorkspaceNotFound(f"Several workspaces are named “{name}”. Give the id instead.")
    return found[0]
