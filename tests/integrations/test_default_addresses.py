"""Which address an account calls if it names none: the operator's, and nobody else's."""

from importlib import import_module
from urllib.parse import urlsplit

import pytest
from django.apps import apps

from integrations import destinations, registry
from integrations.client import base_url_of
from integrations.errors import ProviderMisconfigured
from integrations.models import Integration
from tests import factories

pytestmark = pytest.mark.django_db
migration = import_module("integrations.migrations.0016_addresses_of_emailbison")
OF_COMPANIES = {"services.leadconnectorhq.com", "slack.com", "api.openai.com", "server.smartlead.ai"} | {
    "api.instantly.ai",
    "api.calendly.com",
}


def account(key: str = "k", **config: str) -> Integration:
    return factories.make_integration(
        factories.make_workspace(),
        provider="emailbison",
        credentials={"api_key": key} if key else {},
        config=config,
    )


def test_no_provider_has_a_default_address_but_its_companys_own(settings):
    settings.EMAILBISON_BASE_URL = settings.UNIPILE_DSN = ""
    urls = {name: destinations.default_url(name) for name in registry.specs()}
    assert urls["emailbison"] == urls["unipile"] == ""
    assert {urlsplit(url).hostname for url in urls.values() if url} <= OF_COMPANIES | {"127.0.0.1"}


def test_an_account_without_an_address_is_not_called(settings):
    settings.EMAILBISON_BASE_URL = ""
    with pytest.raises(ProviderMisconfigured, match="base_url is not set"):
        base_url_of(account())


def test_the_migration_writes_the_old_default_into_accounts_that_relied_on_it(settings):
    settings.EMAILBISON_BASE_URL = ""
    relied, named, keyless = (
        account(calendar="x"),
        account(base_url="https://a.emailbison.com"),
        account(key=""),
    )
    for _ in range(2):
        migration.keep_address(apps, None)
    for row in (relied, named, keyless):
        row.refresh_from_db()
    assert relied.config == {"calendar": "x", "base_url": "https://send.meetinboxxia.com"}
    assert relied.credentials == {"api_key": "k"}
    assert (named.config, keyless.config) == ({"base_url": "https://a.emailbison.com"}, {})


def test_the_migration_leaves_accounts_that_follow_the_operators_address(settings):
    settings.EMAILBISON_BASE_URL = "https://mail.emailbison.com"
    row = account()
    migration.keep_address(apps, None)
    row.refresh_from_db()
    assert row.config == {}
