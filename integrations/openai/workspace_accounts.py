"""Gives each workspace an account for the model, made on first use. It uses the installation's key.

The reasons: docs/adr/0039-the-model-is-an-account-of-each-workspace.md.
"""

import logging
from uuid import UUID

from django.db import Error

from integrations.errors import (
    ADDRESS_REFUSED,
    REQUEST_REFUSED,
    ProviderError,
    ProviderMisconfigured,
)
from integrations.health import writer
from integrations.http.hosts import HostRefused
from integrations.models import Integration
from integrations.openai import NAME
from integrations.visits import visit
from jobs.db import drop_connection

logger = logging.getLogger(__name__)


def of(workspace_id: UUID | None) -> Integration | None:
    """The workspace's account, made on first use. None without a workspace, or if the database is away."""
    if workspace_id is None:
        return None
    try:
        with visit():
            account, _ = Integration.objects.get_or_create(
                workspace_id=workspace_id, provider=NAME, external_account_id=""
            )
    except Error:
        logger.warning("model asked without its account", exc_info=True)
        drop_connection()
        return None
    return account


def refused(account: Integration | None, error: ProviderError | ProviderMisconfigured) -> None:
    """Record in the account's health that OpenAI refuses our request or that its address is not allowed.

    Reports of finished calls do not record this, because a rejected request says nothing about other providers'
    accounts. If the database is away, it is only logged.
    """
    if account is None:
        return
    reason = ADDRESS_REFUSED if isinstance(error, HostRefused) else REQUEST_REFUSED
    words = error.said if isinstance(error, ProviderError) else str(error)
    try:
        with visit():
            writer.record(account, writer.Signal(writer.SignalKind.REFUSED, reason, words=words))
    except Error:
        logger.warning("refusal of the model not noted", exc_info=True)
        drop_connection()
