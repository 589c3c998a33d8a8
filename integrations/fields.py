"""Secrets at rest: JSON encrypted with the first of FIELD_ENCRYPTION_KEYS, readable with any of them.

Our own few lines, because the packaged field returns ciphertext on a wrong key and is unsafe with threads
(docs/adr/0005). A value that no key opens raises: failing closed is the point.
"""

import json
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


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


class EncryptedJSONField(models.TextField):
    """A JSON value that is only ever text in the database: encrypted, never searchable, never in a form."""

    def __init__(self, *args, **kwargs) -> None:
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    def get_prep_value(self, value):
        return None if value is None else encrypt(json.dumps(value))

    def from_db_value(self, value, expression, connection):
        return None if value is None else json.loads(decrypt(value))

    def to_python(self, value):
        return value

    def value_to_string(self, obj):
        return self.get_prep_value(self.value_from_object(obj))
