"""Re-encrypts stored secrets with the newest of FIELD_ENCRYPTION_KEYS, so that an older key can be removed."""

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Value
from django.db.models.functions import Cast

from integrations.fields import EncryptedJSONField, decrypt, encrypt, holds_nothing

SLICE = 500
UNREADABLE = 0
"""The position that stands for "no key" in counts by a key's position, which begin with 1, the newest."""


def encrypted_fields() -> list[tuple[type[models.Model], str]]:
    """Returns each model that stores secrets with the name of the field, sorted by the model's label."""
    fields = [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, EncryptedJSONField)
    ]
    return sorted(fields, key=lambda pair: (pair[0]._meta.label, pair[1]))


def needed_keys(model: type[models.Model], field: str) -> Counter[int]:
    """Counts the rows that need each key, by the key's position from 1, or UNREADABLE. A stored {} needs no key."""
    return Counter(_place(token) for _, token in _tokens(model, field) if not _is_spare(model, field, token))


def rotate(model: type[models.Model], field: str) -> int:
    """Re-encrypts the secrets that an older key has encrypted. Returns the number of written rows."""
    written = 0
    for pk, token in _tokens(model, field):
        if _place(token) > 1:
            fresh = Value(encrypt(decrypt(token)), output_field=models.TextField())
            written += _rows(model, field).filter(pk=pk, ciphertext=token).update(**{field: fresh})
    return written


def fingerprints() -> list[str]:
    """Returns fingerprints of the available keys that stored secrets need. A fingerprint does not reveal its key."""
    places = {place for model, field in encrypted_fields() for place in needed_keys(model, field)}
    return [
        _fingerprint(settings.FIELD_ENCRYPTION_KEYS[place - 1]) for place in sorted(places - {UNREADABLE})
    ]


def fingerprints_at_hand() -> list[str]:
    return [_fingerprint(key) for key in settings.FIELD_ENCRYPTION_KEYS]


def _fingerprint(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:12]


def _tokens(model: type[models.Model], field: str) -> Iterator[tuple[object, str]]:
    """Yields each row's primary key and token. Reads in slices, without a cursor or transaction between them."""
    last = None
    while True:
        rows = _rows(model, field).filter(ciphertext__isnull=False).order_by("pk")
        page = list(
            (rows if last is None else rows.filter(pk__gt=last)).values_list("pk", "ciphertext")[:SLICE]
        )
        yield from page
        if len(page) < SLICE:
            return
        last = page[-1][0]


def _rows(model: type[models.Model], field: str) -> "models.QuerySet[models.Model]":
    # The cast returns the stored text unchanged. No model has a field of this name.
    return model._base_manager.annotate(ciphertext=Cast(field, models.TextField()))


def _place(token: str) -> int:
    for number, key in enumerate(settings.FIELD_ENCRYPTION_KEYS, 1):
        try:
            Fernet(key).decrypt(token.encode())
        except InvalidToken:
            continue
        return number
    return UNREADABLE


def _is_spare(model: type[models.Model], field: str, token: str) -> bool:
    has_default = model._meta.get_field(field).has_default()  # type: ignore[union-attr]
    return has_default and holds_nothing(token) and _place(token) == UNREADABLE
