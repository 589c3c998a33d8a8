from django.conf import settings

from integrations.clay.client import ClayClient
from integrations.health.checks import Test, Wrong
from integrations.models import Integration


def usable(account: Integration) -> bool:
    """Whether the account's or the installation's settings have the address of any of Clay's tables."""
    table = account.config.get("linkedin_table_url") or account.config.get("phone_table_url")
    return bool(table or settings.CLAY_LINKEDIN_TABLE_WEBHOOK_URL or settings.CLAY_PHONE_TABLE_WEBHOOK_URL)


def operator_urls() -> tuple[str, ...]:
    return settings.CLAY_LINKEDIN_TABLE_WEBHOOK_URL, settings.CLAY_PHONE_TABLE_WEBHOOK_URL


def check_tables(test: Test) -> str:
    tables = [str(table) for table in ClayClient.for_integration(test.account).tables]
    if not tables:
        raise Wrong("No table has a URL.", "Add the tables’ webhook URLs in the account’s settings.")
    return f"For {' and '.join(tables)}. Clay can only be tested by sending a real row."
