"""Secrets at rest: what no key opens is carried through unharmed, and is never taken for nothing."""

import copy
import pickle

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import connection
from django.test import override_settings

from integrations import fields, registry
from integrations.client import required_secret
from integrations.errors import SecretsUnreadable
from integrations.fields import DecryptionError, Unreadable, encrypt, holds_nothing, holds_something
from integrations.models import Integration
from tests import factories

pytestmark = pytest.mark.django_db


def stored(account: Integration) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT credentials FROM integrations_integration WHERE id = %s", [account.pk])
        return cursor.fetchone()[0]


@pytest.fixture
def account():
    return factories.make_integration(factories.make_workspace(), credentials={"api_key": "sk-live"})


USES = {
    "get": lambda secret: secret.get("api_key"),
    "item": lambda secret: secret["api_key"],
    "slice": lambda secret: secret[-4:],
    "unpack": lambda secret: {**secret},
    "iterate": lambda secret: list(secret),
    "contains": lambda secret: "api_key" in secret,
    "length": lambda secret: len(secret),
    "text": lambda secret: str(secret),
    "format": lambda secret: f"Bearer {secret}",
    "encode": lambda secret: secret.encode(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_an_unreadable_secret_raises_at_every_use_and_is_never_empty(account, use):
    factories.lose_key(account)
    assert account.is_unreadable and account.credentials and account.credentials != {}
    with pytest.raises(DecryptionError):
        use(account.credentials)


def test_an_unreadable_secret_shows_nothing_and_can_be_copied(account):
    factories.lose_key(account)
    assert repr(account.credentials) == "<unreadable secret>"
    for twin in (copy.copy(account), copy.deepcopy(account), pickle.loads(pickle.dumps(account))):
        assert twin.credentials.token == account.credentials.token


def test_saving_a_row_whose_secret_is_unreadable_keeps_the_token_as_it_was(account):
    key = factories.lose_key(account)
    token = stored(account)
    account.name = "Sales"
    account.save()
    assert stored(account) == token
    with override_settings(FIELD_ENCRYPTION_KEYS=[key]):
        account.refresh_from_db()
        assert (account.name, account.credentials) == ("Sales", {"api_key": "sk-live"})


def test_a_row_is_loaded_closed_and_what_is_asked_of_it_opens_nothing(account, monkeypatch):
    blank = factories.make_integration(account.workspace, "smartlead", credentials={})
    opened = []
    decrypt = fields.decrypt
    monkeypatch.setattr(fields, "decrypt", lambda token: opened.append(token) or decrypt(token))
    loaded, empty = Integration.objects.get(pk=account.pk), Integration.objects.get(pk=blank.pk)
    assert (loaded.has_secrets, loaded.is_unreadable) == (True, False)
    assert (empty.has_secrets, empty.is_unreadable) == (False, False)
    assert "sk-live" not in repr(vars(loaded)) and opened == []
    assert loaded.credentials == loaded.credentials == {"api_key": "sk-live"}
    assert opened == [stored(account)]


def test_what_is_saved_is_encrypted_with_the_newest_key_though_nobody_read_it(account):
    """Else a row that was loaded before `rotate_keys` would come back under the old key after it."""
    old = factories.lose_key(account)
    with override_settings(FIELD_ENCRYPTION_KEYS=[*settings.FIELD_ENCRYPTION_KEYS, old]):
        Integration.objects.get(pk=account.pk).save()
    account.refresh_from_db()
    assert account.credentials == {"api_key": "sk-live"}


@pytest.mark.parametrize("damaged", ["", "gAAAAA", "no token at all", "ä", '{"api_key": "x"}'])
def test_what_is_no_token_is_unreadable_too(account, damaged):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE integrations_integration SET credentials = %s", [damaged])
    account = Integration.objects.get(pk=account.pk)
    assert account.is_unreadable and isinstance(account.credentials, Unreadable)


def test_an_account_without_secrets_of_its_own_stays_one_whatever_key_wrote_it():
    """Else each account that waits to be set up would be broken with the key."""
    blank = factories.make_integration(factories.make_workspace(), "smartlead", credentials={})
    factories.lose_key(blank)
    assert blank.credentials == {}


@pytest.mark.parametrize(
    "name", sorted({one.name for spec in registry.specs().values() for one in spec.secrets})
)
def test_the_shortest_credential_is_not_taken_for_nothing(account, name):
    assert not holds_nothing(encrypt(f'{{"{name}": "x"}}'))
    account.credentials = {name: "x"}
    account.save()
    factories.lose_key(account)
    assert account.is_unreadable


@pytest.mark.parametrize("value", [{}, [], {"k": "x"}, {"api_key": ""}, {"api_key": "x"}, {"k": "ä" * 9}])
def test_whether_a_secret_is_stored_is_the_same_before_and_after_it_was_opened(account, value, settings):
    Integration.objects.filter(pk=account.pk).update(credentials=value)
    for keys in (settings.FIELD_ENCRYPTION_KEYS, [Fernet.generate_key().decode()]):
        settings.FIELD_ENCRYPTION_KEYS = keys
        loaded = Integration.objects.get(pk=account.pk)
        closed = holds_something(loaded, "credentials")
        assert loaded.credentials is not Ellipsis  # it is opened now
        assert holds_something(loaded, "credentials") is closed


def test_the_installation_s_own_key_never_takes_the_place_of_one_that_cannot_be_read(account):
    factories.lose_key(account)
    with pytest.raises(SecretsUnreadable) as refused:
        required_secret(account, "api_key")
    assert "FIELD_ENCRYPTION_KEYS" in str(refused.value) and refused.value.sent is False


def test_a_new_key_in_front_reads_what_the_old_one_wrote(account):
    with override_settings(
        FIELD_ENCRYPTION_KEYS=[Fernet.generate_key().decode(), factories.lose_key(account)]
    ):
        account.refresh_from_db()
        assert account.credentials == {"api_key": "sk-live"}
