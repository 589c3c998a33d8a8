"""Creates workspaces with all they need: an owner, an integration for each webhook source, and a key for each.
Adds members.
"""

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
    """A workspace that was just created, with its owner (`admin`). `keys` maps the name of
    a webhook source to its new webhook key.
    """

    workspace: Workspace
    admin: User
    keys: dict[str, str]


@transaction.atomic
def create(name: str, admin_email: str, password: str | None = None, **fields: Any) -> NewWorkspace:
    """Creates a workspace whose owner is the person with the address `admin_email`, with an account and a webhook key
    for each source of webhooks. `fields` are columns of Workspace. `password` is the owner's, see `add_member`.

    Raises AddressNotProven if that person has an account but has not proven the address, and no `password` is given.
    """
    workspace = Workspace.objects.create(name=name, **fields)
    admin = add_member(workspace, admin_email, Membership.Role.OWNER, password)
    keys = {}
    for source in registry.keyed_sources().values():
        integration = Integration.objects.create(workspace=workspace, provider=source.provider)
        keys[source.name] = WebhookKey.issue(integration).secret
    return NewWorkspace(workspace, admin, keys)


class AddressNotProven(ValueError):
    """The e-mail address belongs to an account whose password somebody else than its owner may know."""


@transaction.atomic
def add_member(workspace: Workspace, email: str, role: str, password: str | None = None) -> User:
    """Makes the person with the address `email` a member of `workspace` with this role, for an operator. Creates the
    user if there is none, with `password`. A member gets the new role.

    An existing user keeps their password if they have proven that the address is theirs. If not, the person who made
    the account may know its password. Then `password` replaces it; without `password` this raises AddressNotProven.
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
    """Creates a new webhook key for the provider account and returns the path of its webhook address; "", and no key,
    if the provider posts no webhooks.
    """
    source = registry.address_of(integration.provider)
    return webhook_path(source.name, WebhookKey.issue(integration).secret) if source else ""


def webhook_path(source: str, key: str) -> str:
    """The path to which a provider posts its webhooks. `source` is the webhook source's name, and `key` the secret in
    the path.
    """
    return f"/api/webhooks/{source}/{key}/"


class WorkspaceNotFound(ValueError):
    """No workspace has this name, or more than one has."""


def get_workspace(name: str) -> Workspace:
    """The workspace with this id, or with this name in any letter case. Raises WorkspaceNotFound if none or several
    have it.
    """
    with contextlib.suppress(ValueError):
        if workspace := Workspace.objects.filter(pk=uuid.UUID(name)).first():
            return workspace
    workspaces = list(Workspace.objects.filter(name__iexact=name)[:2])
    if not workspaces:
        raise WorkspaceNotFound(f"There is no workspace named “{name}”. Give its name or its id.")
    if len(workspaces) > 1:
        raise WorkspaceNotFound(f"Several workspaces are named “{name}”. Give the id instead.")
    return workspaces[0]
