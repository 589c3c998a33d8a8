"""A model field for secrets. Secret fields are encrypted with the first of FIELD_ENCRYPTION_KEYS, and each of the keys
can decrypt them.

We wrote this field because the packaged one returns the encrypted text for a wrong key and is not thread-safe
(docs/adr/0005-encrypted-field.md). A loaded row holds its secret encrypted (`Sealed`), and reading the attribute
decrypts it. Pages that list rows call `no_key_opens` and `holds_something`, which decrypt nothing. A value that no key
can decrypt is read as `Unreadable`. So a row with an unreadable secret can be loaded, shown and saved, and only using
the secret fails.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.models.query_utils import DeferredAttribute

SHORTEST_TOKEN_BYTES = 73
"""The length of the shortest Fernet token: version 1, time 8, vector 16, one block of ciphertext 16, signature 32."""
MOST_IN_ONE_BLOCK = 15
"""The maximum number of characters of JSON that can be encrypted in the shortest token."""
SIGNATURE_BYTES, SIGNING_KEY_BYTES = 32, 16
"""The length of the HMAC-SHA256 at the end of a token. The first half of a Fernet key signs the token."""


@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


class DecryptionError(Exception):
    """No configured key decrypts a stored secret. Put the key that encrypted it back into FIELD_ENCRYPTION_KEYS."""


def encrypt(text: str) -> str:
    """Encrypts `text` with the newest of FIELD_ENCRYPTION_KEYS and returns a Fernet token."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Decrypts a Fernet token. Raises DecryptionError if none of FIELD_ENCRYPTION_KEYS can decrypt the token."""
    try:
        return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken:
        raise DecryptionError(DecryptionError.__doc__) from None


USES = {name for kind in (dict, list, str) for name in dir(kind) if not name.startswith("__")}
"""The methods that the value of a readable secret may have. `Unreadable` raises DecryptionError for each of them."""


class Unreadable:
    """A stored secret that none of the current FIELD_ENCRYPTION_KEYS can decrypt. The value is truthy, although the
    secret is unreadable.

    Saving it writes back the stored token. Every other use raises DecryptionError, so it never looks like a missing
    secret.
    """

    __slots__ = ("token",)

    def __init__(self, token: str) -> None:
        self.token = token

    def __repr__(self) -> str:
        return "<unreadable secret>"

    def __getattr__(self, name: str) -> NoReturn:
        if name in USES:
            self._refuse()
        # Python and Django look up other names themselves, for example to copy a value.
        raise AttributeError(name)

    def _refuse(self, *_args: object) -> NoReturn:
        raise DecryptionError(DecryptionError.__doc__)

    __str__ = __format__ = __len__ = __iter__ = __getitem__ = __contains__ = _refuse

    def __bool__(self) -> bool:
        return True


def holds_nothing(token: str) -> bool:
    """Whether a Fernet token is too short for a secret. Returns False for text that is not base64.

    One block of the cipher holds at most 15 characters of JSON, and the shortest credentials have 16. So a token of one
    block holds an empty dict.
    """
    try:
        return len(base64.urlsafe_b64decode(token.encode())) == SHORTEST_TOKEN_BYTES
    except (binascii.Error, ValueError):
        return False


def _fits_a_key(token: str) -> bool:
    """Whether one of FIELD_ENCRYPTION_KEYS signed a Fernet token, and so can decrypt it. Decrypts nothing."""
    try:
        signed = base64.urlsafe_b64decode(token.encode())
    except (binascii.Error, ValueError):
        return False
    content, signature = signed[:-SIGNATURE_BYTES], signed[-SIGNATURE_BYTES:]
    keys = (base64.urlsafe_b64decode(key)[:SIGNING_KEY_BYTES] for key in settings.FIELD_ENCRYPTION_KEYS)
    return any(hmac.compare_digest(hmac.digest(key, content, hashlib.sha256), signature) for key in keys)


@dataclass(frozen=True, slots=True)
class Sealed:
    """The encrypted secret of a loaded row, until the attribute is first read."""

    token: str

    def __repr__(self) -> str:
        return "<sealed secret>"


class _OpenedWhenRead(DeferredAttribute):
    """The attribute of a stored secret, which decrypts the secret when it is first read, not when the row is loaded."""

    field: "EncryptedJSONField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        stored = super().__get__(instance, cls)
        if isinstance(stored, Sealed):
            stored = vars(instance)[self.field.attname] = self.field.opened(stored.token)
        return stored

    def __set__(self, instance: models.Model, value: Any) -> None:
        vars(instance)[self.field.attname] = value


def no_key_opens(row: models.Model, name: str) -> bool:
    """Whether the field holds a secret that no key can decrypt. Decrypts nothing, unless the field was deferred."""
    stored = vars(row).get(name) or getattr(row, name)
    if not isinstance(stored, Sealed):
        return isinstance(stored, Unreadable)
    field = row._meta.get_field(name)
    assert isinstance(field, EncryptedJSONField)
    return not _fits_a_key(stored.token) and not (field.has_default() and holds_nothing(stored.token))


def holds_something(row: models.Model, name: str) -> bool:
    """Whether the field holds a secret, even one that no key can decrypt. Decrypts nothing, unless it was deferred."""
    stored = vars(row).get(name) or getattr(row, name)
    if isinstance(stored, Sealed | Unreadable):
        return not holds_nothing(stored.token)
    return len(json.dumps(stored)) > MOST_IN_ONE_BLOCK


class EncryptedJSONField(models.TextField):  # type: ignore[type-arg]  # Django takes none at run time
    """A JSON value that is encrypted in the database and decrypted when a row's attribute is read.

    The field cannot be searched or edited in forms. `values` and `values_list` return it as `Sealed`. A stored value
    that no configured key can decrypt is read as `Unreadable`. If its token is so short that it can only contain `{}`,
    it is read as the field's default.
    """

    # Only for django-stubs: the types that the attribute accepts and returns.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    descriptor_class = _OpenedWhenRead

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    def get_prep_value(self, value: Any) -> str | None:
        if isinstance(value, Sealed):
            value = self.opened(value.token)  # written values use the newest key
        if isinstance(value, Unreadable):
            return value.token
        return None if value is None else encrypt(json.dumps(value))

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def opened(self, token: str) -> Any:
        """Returns the stored value; `Unreadable` if no key decrypts it; the default if it is too short for a secret."""
        try:
            return json.loads(decrypt(token))
        except DecryptionError:
            nothing = self.has_default() and holds_nothing(token)
            return self.get_default() if nothing else Unreadable(token)

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> Any:
        return self.get_prep_value(self.value_from_object(obj))
