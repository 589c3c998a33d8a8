"""Adds rows to Clay's tables, which look people up and post the results to us (docs/reference/clay.md).

A table's URL is its secret. A table accepts at most 10 rows a minute from all processes; other rows wait.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from hashlib import sha256
from typing import Self

from django.conf import settings

from integrations.client import secrets_of, session_for
from integrations.errors import ProviderMisconfigured
from integrations.http.ratelimit import RateLimit
from integrations.http.session import ProviderSession
from integrations.models import Integration
from jobs.deadline import Deadline

ROWS, WINDOW_S = 10, 60.0


class Table(StrEnum):
    LINKEDIN = "linkedin"
    PHONE = "phone"


class ClayClient:
    def __init__(self, session: ProviderSession, urls: Mapping[Table, str]) -> None:
        self._session = session
        self._urls = urls

    @classmethod
    def for_integration(cls, integration: Integration) -> Self:
        """Returns a client for the account's own tables, or else the installation's.

        Raises SecretsUnreadable if the secret for Clay's callbacks cannot be decrypted, as results need it.
        """
        secrets_of(integration)
        config = integration.config
        urls = {
            Table.LINKEDIN: config.get("linkedin_table_url") or settings.CLAY_LINKEDIN_TABLE_WEBHOOK_URL,
            Table.PHONE: config.get("phone_table_url") or settings.CLAY_PHONE_TABLE_WEBHOOK_URL,
        }
        return cls(session_for(integration, base_url="", timeout_ms=settings.CLAY_TIMEOUT_MS), urls)

    @property
    def tables(self) -> list[Table]:
        return [table for table, url in self._urls.items() if url]

    # Reference: https://www.clay.com/university/guide/webhook-integration-guide
    def add_row(self, table: Table, row: Mapping[str, str], deadline: Deadline) -> None:
        """Adds a row, in one call without retries. Raises ProviderMisconfigured if the account's table has no URL.

        The keys of `row` are `leadId`, `emailAddress`, `firstName`, `lastName`, `fullName`, `companyName`,
        `companyDomain` and `state`; a row that asks for a phone number also has `linkedInProfile`.
        """
        url = self._urls[table]
        if not url:
            raise ProviderMisconfigured(
                f"Clay: {table}_table_url isn’t set. Set it in the account’s settings."
            )
        self._limited(url).request(
            "POST",
            url,
            operation=f"add_{table}_row",
            deadline=deadline,
            json={name: str(cell) for name, cell in row.items()},
            expect_json=False,
        )

    def _limited(self, url: str) -> ProviderSession:
        """Limits calls to a table across all workspaces. The URL is a secret, so its hash names the limit."""
        key = f"clay:{sha256(url.encode()).hexdigest()[:32]}"
        return replace(self._session, rate_limit=RateLimit(key, ROWS, WINDOW_S))
