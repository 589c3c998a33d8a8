"""Finds the workspace and the account of a delivery that is authenticated by a signature."""

import uuid
from typing import NamedTuple

from django.utils import timezone

from inbox.models import Lead, Workspace
from integrations import registry
from integrations.models import Integration


class Unauthorized(Exception):
    """A webhook request has no key, or an invalid or revoked one. The sender does not learn which."""


class Tenant(NamedTuple):
    """The workspace and account of a request; both are None if unknown."""

    workspace: Workspace | None
    integration: Integration | None


NOBODY = Tenant(None, None)


def named_in(source_name: str, body: bytes) -> Tenant:
    """Returns the workspace and account that a signed body names; NOBODY if they are unknown here, or if the source
    signs nothing. The caller must have checked the signature.
    """
    source = registry.webhook_source(source_name)
    if not source.signature:
        return NOBODY
    try:
        names = source.signature.names(source.decode(body), timezone.now())
    except Exception:  # a bad body or a defect of ours: `process` meets it again, and records the delivery
        return NOBODY
    if names.account_id:
        return _account(source.provider, names.account_id)
    if names.lead_id:
        lead = Lead.objects.select_related("workspace").filter(pk__in=_ids(names.lead_id)).first()
        return _of(lead.workspace if lead else None, source.provider)
    workspace = Workspace.objects.filter(pk__in=_ids(names.workspace_id)).first()
    return _of(workspace, source.provider)


def _account(provider: str, account_id: str) -> Tenant:
    accounts = Integration.objects.select_related("workspace").filter(
        provider=provider, external_account_id=account_id
    )[:2]
    return Tenant(accounts[0].workspace, accounts[0]) if len(accounts) == 1 else NOBODY


def _of(workspace: Workspace | None, provider: str) -> Tenant:
    if workspace is None:
        return NOBODY
    return Tenant(workspace, workspace.integrations.filter(provider=provider).first())


def _ids(text: str) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(text)]
    except ValueError:
        return []
