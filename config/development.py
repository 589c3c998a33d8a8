"""Creates a developer's secrets once, in `.local/secrets`, so that the product starts with nothing but DEBUG=1."""

import base64
import binascii
import json
import os
import secrets
from pathlib import Path

STORE = Path(__file__).resolve().parent.parent / ".local" / "secrets"


def secret(name: str) -> str:
    """A random secret of 67 characters. All processes of this checkout get the same one for the same `name`."""
    return _stored(name, secrets.token_urlsafe(50))


def fernet_key(name: str) -> str:
    """A random Fernet key. All processes of this checkout get the same one for the same `name`."""
    return _stored(name, base64.urlsafe_b64encode(os.urandom(32)).decode())


def is_fernet_key(key: str) -> bool:
    """Whether `key` is a valid Fernet key: 32 bytes in URL-safe base64."""
    try:
        return len(base64.urlsafe_b64decode(key.encode())) == 32
    except (binascii.Error, ValueError):
        return False


def _stored(name: str, fresh: str) -> str:
    path = STORE / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # The secret's file gets its name only when it is complete. So two processes that start at the same time read
        # the same secret, and neither reads half of one.
        temporary = path.with_name(f"{name}.{os.getpid()}.tmp")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(fresh))
        try:
            os.link(temporary, path)
        finally:
            temporary.unlink()
    except FileExistsError:
        pass
    secret: str = json.loads(path.read_text())
    return secret
