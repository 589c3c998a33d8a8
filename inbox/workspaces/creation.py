"""Creates workspaces with an owner, and with an account and a webhook key for each webhook source. Adds members."""

import contextlib
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from inbox.models import Membership, User, Workspace
from integrations import registry
from integrations.models import Integration, WebhookKey


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    """A new workspace with its owner (`admin`). `keys` maps the names of webhook sources to their keys."""

    workspace: Workspace
    admin: User
    keys: dict[str, str]


@transaction.atomic
def create(name: str, admin_email: str, password: str | None = None, **fields: Any) -> NewWorkspace:
    """Creates a workspace whose owner has the address `admin_email`. `fields` are columns of Workspace. `password` is
    the owner's password. Raises AddressNotProven as `add_member` does.
    """
    workspace = Workspace.objects.create(name=name, **fields)
    admin = add_member(workspace, admin_email, Membership.Role.OWNER, password)
    keys = {}
    for source in registry.keyed_sources().values():
        integration = Integration.objects.create(workspace=workspace, provider=source.provider)
        keys[source.name] = WebhookKey.issue(integration).secret
    return NewWorkspace(workspace, admin, keys)


class AddressNotProven(ValueError):
    """The address belongs to a user, but somebody other than the owner of the address may know the user's password."""


@transaction.atomic
def add_member(workspace: Workspace, email: str, role: str, password: str | None = None) -> User:
    """Makes the person with the address `email` a member with this role, on behalf of an operator. Creates the user
    with `password` if necessary. An existing member gets the new role.

    A user who has proven the address keeps their password. Otherwise, a stranger may have created the user and may know
    the password, so `password` replaces it. Raises AddressNotProven if `password` is None in this case.
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
    """Creates a webhook key and returns the path of its address; "" if the provider posts no webhooks."""
    source = registry.address_of(integration.provider)
    return webhook_path(source.name, WebhookKey.issue(integration).secret) if source else ""


def webhook_path(source: str, key: str) -> str:
    """Returns the path to which a provider posts webhooks for this source and secret key."""
    return f"/api/webhooks/{source}/{key}/"


class WorkspaceNotFound(ValueError):
    """No workspace, or more than one, has this name."""


def get_workspace(name: str) -> Workspace:
    """Returns the workspace with this id, or with this name in any letter case. Raises WorkspaceNotFound."""
    with contextlib.suppress(ValueError):
        if workspace := Workspace.objects.filter(pk=uuid.UUID(name)).first():
            return workspace
    workspaces = list(Workspace.objects.filter(name__iexact=name)[:2])
    if not workspaces:
        raise WorkspaceNotFound(f"There is no workspace named “{name}”. Give its name or its id.")
    if len(workspaces) > 1:
        raise WorkspaceNotFound(f"Several workspaces are named “{name}”. Give the id instead.")
    return workspaces[0]
