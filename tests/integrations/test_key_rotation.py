"""`rotate_keys`: after it the newest key alone opens every stored secret, and no secret was changed or lost."""

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from inbox.models import SecondFactor, Workspace
from integrations import key_rotation
from integrations.models import IdempotencyKey, Integration, WebhookEndpoint, WebhookKey
from tests import factories

pytestmark = pytest.mark.django_db

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture
def account():
    with override_settings(FIELD_ENCRYPTION_KEYS=[OLD]):
        workspace = factories.make_workspace()
        made = factories.make_integration(workspace, credentials={"api_key": "sk-live"})
        factories.make_integration(workspace, provider="ghl", credentials={})
        return made


def run(*args: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *args, stdout=out)
    return out.getvalue()


def test_a_check_says_how_many_rows_need_which_key_and_writes_nothing(account):
    with override_settings(FIELD_ENCRYPTION_KEYS=[NEW, OLD]):
        before = key_rotation.needed_keys(Integration, "credentials")
        with pytest.raises(CommandError, match="Rows that need an older key: 2"):
            run("--check")
        assert key_rotation.needed_keys(Integration, "credentials") == before == {2: 2}


def test_after_it_the_newest_key_alone_opens_every_secret(account):
    with override_settings(FIELD_ENCRYPTION_KEYS=[NEW, OLD]):
        said = run()
    assert "integrations_integration.credentials: 2 rows encrypted with the newest key" in said
    assert "You can remove the others." in said
    with override_settings(FIELD_ENCRYPTION_KEYS=[NEW]):
        account.refresh_from_db()
        assert account.credentials == {"api_key": "sk-live"}
        assert "The newest key opens every stored secret." in run("--check")


def test_a_second_run_writes_nothing(account):
    with override_settings(FIELD_ENCRYPTION_KEYS=[NEW, OLD]):
        run()
        assert key_rotation.rotate(Integration, "credentials") == 0


def test_a_secret_that_no_key_opens_is_left_and_told(account):
    with (
        override_settings(FIELD_ENCRYPTION_KEYS=[NEW]),
        pytest.raises(CommandError, match="Rows that no key opens: 1"),
    ):
        run()
    with override_settings(FIELD_ENCRYPTION_KEYS=[OLD]):
        account.refresh_from_db()
        assert account.credentials == {"api_key": "sk-live"}


def test_a_secret_that_is_changed_meanwhile_keeps_the_change(account, monkeypatch):
    """The row is written between reading and rotating it, as a person does who puts in a new key."""
    encrypt = key_rotation.encrypt

    def change_first(text: str) -> str:
        changed = encrypt('{"api_key": "sk-new"}')
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE integrations_integration SET credentials = %s WHERE id = %s", [changed, account.pk]
            )
        return encrypt(text)

    with override_settings(FIELD_ENCRYPTION_KEYS=[NEW, OLD]):
        monkeypatch.setattr(key_rotation, "encrypt", change_first)
        key_rotation.rotate(Integration, "credentials")
        account.refresh_from_db()
        assert account.credentials == {"api_key": "sk-new"}


def test_every_field_that_stores_secrets_is_rotated():
    assert key_rotation.encrypted_fields() == [
        (SecondFactor, "key"),
        (Workspace, "erasure_key"),
        (IdempotencyKey, "answer"),
        (Integration, "credentials"),
        (WebhookEndpoint, "previous_secret"),
        (WebhookEndpoint, "secret"),
        (WebhookKey, "secret"),
    ]


def test_many_rows_are_read_in_slices(account, monkeypatch):
    monkeypatch.setattr(key_rotation, "SLICE", 1)
    with override_settings(FIELD_ENCRYPTION_KEYS=[NEW, OLD]):
        assert key_rotation.rotate(Integration, "credentials") == 2
