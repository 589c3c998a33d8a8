"""Whose delivery is it: a workspace, and the account that it came from."""

import uuid
from typing import NamedTuple

from django.utils import timezone

from inbox.models import Lead, Workspace
from integrations import registry
from integrations.models import Integration


class Unauthorized(Exception):
    """No key, a wrong one, a revoked one: the caller learns nothing about which."""


class Tenant(NamedTuple):
    """The workspace a delivery belongs to, and the account it came from; None where nobody here is meant."""

    workspace: Workspace | None
    integration: Integration | None


NOBODY = Tenant(None, None)


def named_in(source_name: str, body: bytes) -> Tenant:
    """Whom the bytes of a signed sender mean. Only for bytes whose signature was found good."""
    source = registry.webhook_source(source_name)
    if not source.signature:
        return NOBODY
    try:
        named = source.signature.names(source.decode(body), timezone.now())
    except (
        Exception
    ):  # not the sender's shape, or a defect of ours: `process` meets it again and keeps the delivery
        return NOBODY
    if named.account_id:
        return _account(source.provider, named.account_id)
    if named.lead_id:
        lead = Lead.objects.select_related("workspace").filter(pk=_uuid(named.lead_id)).first()
        return _of(lead and lead.workspace, source.provider)
    workspace = Workspace.objects.filter(pk=_uuid(named.workspace_id)).first()
    return _of(workspace, source.provider)


def _account(provider: str, account_id: str) -> Tenant:
    """The one account of that id; where several workspaces have it, nobody can say who is meant."""
    found = Integration.objects.select_related("workspace").filter(
        provider=provider, external_account_id=account_id
    )[:2]
    return Tenant(found[0].workspace, found[0]) if len(found) == 1 else NOBODY


def _of(workspace: Workspace | None, provider: str) -> Tenant:
    if workspace is None:
        return NOBODY
    return Tenant(workspace, workspace.integrations.filter(provider=provider).first())


def _uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None
