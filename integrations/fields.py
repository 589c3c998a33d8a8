"""Secrets at rest: JSON encrypted with the first of FIELD_ENCRYPTION_KEYS, readable with any of them.

Our own few lines, because the packaged field returns ciphertext on a wrong key and is unsafe with threads
(docs/adr/0005). A value that no key opens is read as `Unreadable`: the row can be loaded, shown and saved, and only
whoever uses the secret meets the error. Failing closed is the point.
"""

import base64
import binascii
import json
from functools import lru_cache
from typing import Any, NoReturn

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

SHORTEST_TOKEN_BYTES = 73
"""Fernet: version 1, time 8, vector 16, one block of ciphertext 16, signature 32."""


@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


class DecryptionError(Exception):
    """No configured key opens a stored secret. Put the key it was written with back into FIELD_ENCRYPTION_KEYS."""


def encrypt(value: str) -> str:
    """`value` as a Fernet token under the newest key."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(value.encode()).decode()


def decrypt(token: str) -> str:
    """The text of a Fernet token. Raises DecryptionError where no key fits."""
    try:
        return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken:
        raise DecryptionError(DecryptionError.__doc__) from None


USES = {name for kind in (dict, list, str) for name in dir(kind) if not name.startswith("__")}
"""What can be asked of a secret that is readable."""


class Unreadable:
    """A stored secret that none of today's keys opens.

    It is true, as something is stored; saved, it goes back to the database as it came. Every other use raises
    DecryptionError, so that it is never taken for a secret that is missing.
    """

    __slots__ = ("token",)

    def __init__(self, token: str) -> None:
        self.token = token

    def __repr__(self) -> str:
        return "<unreadable secret>"

    def __getattr__(self, name: str) -> NoReturn:
        if name in USES:
            self._refuse()
        raise AttributeError(name)  # asked by Python and Django themselves, as for a copy

    def _refuse(self, *_args: object) -> NoReturn:
        raise DecryptionError(DecryptionError.__doc__)

    __str__ = __format__ = __len__ = __iter__ = __getitem__ = __contains__ = _refuse

    def __bool__(self) -> bool:
        return True


def holds_nothing(token: str) -> bool:
    """Whether a Fernet token is too short to hold a secret, whatever its key: one block is at most 15 characters of
    JSON, and the shortest credentials, such as {"api_key": "x"}, have 16. So it is what an account without secrets of
    its own has stored: {}."""
    try:
        return len(base64.urlsafe_b64decode(token.encode())) == SHORTEST_TOKEN_BYTES
    except (binascii.Error, ValueError):
        return False


class EncryptedJSONField(models.TextField):
    """A JSON value that is only ever text in the database: encrypted, never searchable, never in a form.

    Where no key opens it, it is read as `Unreadable`; where it can hold nothing, as the field's default.
    """

    def __init__(self, *args, **kwargs) -> None:
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    def get_prep_value(self, value):
        if isinstance(value, Unreadable):
            return value.token
        return None if value is None else encrypt(json.dumps(value))

    def from_db_value(self, value, expression, connection) -> Any:
        if value is None:
            return None
        try:
            return json.loads(decrypt(value))
        except DecryptionError:
            nothing = self.has_default() and holds_nothing(value)
            return self.get_default() if nothing else Unreadable(value)

    def to_python(self, value):
        return value

    def value_to_string(self, obj):
        return self.get_prep_value(self.value_from_object(obj))
