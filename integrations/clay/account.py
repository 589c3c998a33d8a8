"""How Clay's tables are: whether they have addresses. Clay can only be tried by a row."""

from django.conf import settings

from integrations.checks import Test, Wrong
from integrations.clay.client import ClayClient
from integrations.models import Integration


def usable(account: Integration) -> bool:
    """A table's address is all that it has."""
    own = account.config.get("linkedin_table_url") or account.config.get("phone_table_url")
    return bool(own or settings.CLAY_LINKEDIN_TABLE_WEBHOOK_URL or settings.CLAY_PHONE_TABLE_WEBHOOK_URL)


def operator_urls() -> tuple[str, ...]:
    return settings.CLAY_LINKEDIN_TABLE_WEBHOOK_URL, settings.CLAY_PHONE_TABLE_WEBHOOK_URL


def check_tables(test: Test) -> str:
    named = [str(table) for table in ClayClient.for_integration(test.account).tables]
    if not named:
        raise Wrong("No table has an address.", "Put the tables’ webhook addresses in under Settings.")
    return f"For {' and '.join(named)}. Clay can only be tried by a row."
