"""Secrets of a developer's own machine: made once, kept in `.local/`, so that DEBUG=1 is all it takes to start."""

import base64
import binascii
import json
import os
import secrets
from pathlib import Path

STORE = Path(__file__).resolve().parent.parent / ".local" / "secrets"


def secret(name: str) -> str:
    """A random secret of 67 characters, the same at every call and in every process of this checkout."""
    return _stored(name, secrets.token_urlsafe(50))


def fernet_key(name: str) -> str:
    """A random Fernet key, kept like `secret`."""
    return _stored(name, base64.urlsafe_b64encode(os.urandom(32)).decode())


def is_fernet_key(value: str) -> bool:
    """Whether `value` is 32 bytes in URL-safe base64."""
    try:
        return len(base64.urlsafe_b64decode(value.encode())) == 32
    except (binascii.Error, ValueError):
        return False


def _stored(name: str, fresh: str) -> str:
    path = STORE / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # The name appears only with its content complete: two processes that start at once agree on one secret.
        temporary = path.with_name(f"{name}.{os.getpid()}.tmp")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(fresh))
        try:
            os.link(temporary, path)
        finally:
            temporary.unlink()
    except FileExistsError:
        pass
    return json.loads(path.read_text())
