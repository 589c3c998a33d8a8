"""Gives each workspace an account for the model, which is created on first use and uses the installation's key.

docs/adr/0039-the-model-is-an-account-of-each-workspace.md gives the reasons.
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
    """Returns the workspace's account, created on first use. None without a workspace or without the database."""
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
    """Records in the account's health that OpenAI refuses our request, or that its address is not allowed.

    Reports of finished calls do not record this, because at other providers a rejected request says nothing about the
    account. If the database is unavailable, it is only logged.
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
