"""Which address an account calls if it names none: the operator's, and nobody else's."""

from urllib.parse import urlsplit

import pytest

from integrations import destinations, registry
from integrations.client import base_url_of
from integrations.errors import ProviderMisconfigured
from integrations.models import Integration
from tests import factories

pytestmark = pytest.mark.django_db
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
    with pytest.raises(ProviderMisconfigured, match="base_url isn’t set"):
        base_url_of(account())
