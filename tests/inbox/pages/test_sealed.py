"""What lists accounts, keys or workspaces loads their secrets closed: none is decrypted until something uses it."""

import pytest
from django.test import Client

from integrations import fields, registry
from integrations.health import writer
from integrations.models import WebhookKey
from tests import factories

MEMBERS, OWNERS = (
    ("inbox", "health", "integrations", "people", "start"),
    ("inbox", "start", "deliveries", "jobs"),
)
ADMIN = ("integrations/integration", "integrations/webhookkey", "integrations/workspaceintegrationhealth")


@pytest.fixture
def stored(workspace):
    """An account of every provider that has secrets, with its health and an address, and the key of erased people."""
    for provider in registry.stating("secrets"):
        secrets = {one.name: f"secret {one.name}" for one in registry.spec_of(provider).secrets}
        account = factories.make_integration(
            workspace, provider, external_account_id="acc", credentials=secrets, config={"channel": "C1"}
        )
        writer.record(account, writer.Signal(writer.SignalKind.REFUSED, "unauthorized"))
        WebhookKey.issue(account)
    workspace.erasure_key = "k" * 43
    workspace.save()


def test_no_list_decrypts_what_it_lists(stored, workspace, people, monkeypatch):
    admin = Client()
    admin.force_login(factories.make_user(is_staff=True, is_superuser=True))
    monkeypatch.setattr(fields, "decrypt", lambda token: pytest.fail("a secret was decrypted"))
    for client, pages in ((people.member, MEMBERS), (people.owner, OWNERS)):
        for page in pages:
            assert client.get(f"/w/{workspace.pk}/{page}/").status_code == 200, page
    for page in (*(f"/admin/{name}/" for name in ADMIN), "/admin/inbox/workspace/", "/readyz"):
        assert admin.get(page).status_code == 200, page
