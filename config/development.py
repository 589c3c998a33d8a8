"""Makes secrets for a developer's machine once, in `.local/secrets`: the product starts with DEBUG=1 and nothing
else.
"""

import base64
import binascii
import json
import os
import secrets
from pathlib import Path

STORE = Path(__file__).resolve().parent.parent / ".local" / "secrets"


def secret(name: str) -> str:
    """A random secret of 67 characters. All processes of this checkout get the same one for `name`."""
    return _stored(name, secrets.token_urlsafe(50))


def fernet_key(name: str) -> str:
    """A random key for encrypting secrets. All processes of this checkout get the same one for `name`."""
    return _stored(name, base64.urlsafe_b64encode(os.urandom(32)).decode())


def is_fernet_key(key: str) -> bool:
    """Whether `key` can be a Fernet key (for encrypting secrets): 32 bytes in URL-safe base64."""
    try:
        return len(base64.urlsafe_b64decode(key.encode())) == 32
    except (binascii.Error, ValueError):
        return False


def _stored(name: str, fresh: str) -> str:
    path = STORE / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # The link gives the file its name once its content is complete. So two processes that start at the same time
        # cannot read half a secret, and they use the same one.
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
