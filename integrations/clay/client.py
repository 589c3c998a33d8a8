"""Clay: rows into its tables, which look people up and call back. Facts: docs/reference/clay.md.

A table's webhook takes no credentials: its address is the secret. 10 rows a minute over all processes; what is too
much is put off (ProviderRateLimited), never dropped.
"""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Self

from django.conf import settings

from integrations.client import secrets_of, session_for
from integrations.errors import ProviderMisconfigured
from integrations.http import ProviderSession
from integrations.models import Integration
from integrations.ratelimit import RateLimit
from jobs.deadline import Deadline

ROWS, WINDOW_S = 10, 60.0


class Table(StrEnum):
    """What a table finds out."""

    LINKEDIN = "linkedin"
    PHONE = "phone"


class ClayClient:
    """Rows for the tables of one workspace."""

    def __init__(self, session: ProviderSession, urls: Mapping[Table, str]) -> None:
        self._session = session
        self._urls = urls

    @classmethod
    def for_integration(cls, integration: Integration) -> Self:
        """The integration's own tables, else the installation's.

        Raises SecretsUnreadable: an answer that nobody can check is not asked for.
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
        """Those that have an address."""
        return [table for table, url in self._urls.items() if url]

    # Reference: https://www.clay.com/university/guide/webhook-integration-guide
    def add_row(self, table: Table, row: Mapping[str, str], deadline: Deadline) -> None:
        """Put `row` into a table; called once. Keys: `leadId`, `emailAddress`, `firstName`, `lastName`, `fullName`,
        `companyName`, `companyDomain`, `state`, and `linkedInProfile` for phones.

        Raises ProviderMisconfigured where the table's address is not set.
        """
        url = self._urls[table]
        if not url:
            raise ProviderMisconfigured(
                f"Clay: {table}_table_url is not set. Set it in the integration's settings."
            )
        self._limited(url).request(
            "POST",
            url,
            operation=f"add_{table}_row",
            deadline=deadline,
            json={name: str(value) for name, value in row.items()},
            expect_json=False,
        )

    def _limited(self, url: str) -> ProviderSession:
        """The limit is the table's, whichever workspace feeds it; its address is a secret, so it is named by a hash."""
        key = f"clay:{sha256(url.encode()).hexdigest()[:32]}"
        return self._session.with_rate_limit(RateLimit(key, ROWS, WINDOW_S))
