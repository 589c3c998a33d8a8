"""What all clients of providers have in common: their sessions, and files at addresses that webhooks bring."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from integrations import registry
from integrations.attachments import Attachment
from integrations.client import ProviderClient
from integrations.errors import SecretsUnreadable
from integrations.fields import Unreadable
from integrations.http.hosts import HostRefused
from integrations.models import Integration

CLIENTS = {client.__module__.split(".")[-2]: client for client in ProviderClient.__subclasses__()}


def test_a_client_without_a_session_stops_the_start():
    with pytest.raises(ImproperlyConfigured, match="Sessionless has no session_of"):
        type("Sessionless", (ProviderClient,), {})


@pytest.mark.parametrize("provider", sorted(CLIENTS.keys() & registry.specs().keys()))
def test_secrets_that_cannot_be_read_are_named_before_a_setting_that_is_missing(provider, settings):
    settings.UNIPILE_DSN = settings.EMAILBISON_BASE_URL = settings.GHL_BASE_URL = ""
    account = Integration(provider=provider, credentials=Unreadable("token"))
    with pytest.raises(SecretsUnreadable):
        CLIENTS[provider].for_integration(account)


@pytest.mark.parametrize("provider", ["emailbison", "ghl"])
@pytest.mark.parametrize("url", ["/api/keys", "//files.example.com/plan.pdf", "api/keys", ""])
def test_a_file_s_address_is_a_whole_url_and_no_path_that_the_key_would_open(provider, url, soon, sandbox):
    account = Integration(
        provider=provider,
        external_account_id="1",
        config={"base_url": sandbox.url(provider)},
        credentials={"api_key": "key-1"},
    )
    with pytest.raises(HostRefused):
        registry.spec_of(provider).files.fetch(account, "1", Attachment(id="7", url=url), soon)
    assert sandbox.requests(provider=provider) == []
