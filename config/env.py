"""Settings come from the environment, through here and nowhere else: stripped, validated, clamped or refused.

Out of range is clamped with a warning; what cannot be parsed stops the process with the variable's name and what is
allowed. A trailing newline in a secret once switched a whole product off without a word, hence the stripping.
"""

import logging
import os
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

logger = logging.getLogger(__name__)

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
HOST = r"[a-z0-9.-]+(?::[0-9]{1,5})?"
PLAIN_HOST = re.compile(HOST + r"|\[[0-9a-f:.]+\](?::[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
PROVIDER_HOST = re.compile(rf"[a-z]+={HOST}", re.ASCII | re.IGNORECASE)


class Env:
    """Typed reads from one mapping of environment variables; an empty value counts as unset."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    def text(self, name: str, default: str = "", choices: Iterable[str] | None = None) -> str:
        """The stripped value. Raises ImproperlyConfigured where `choices` are given and it is none of them."""
        value = self._environ.get(name, "").strip() or default
        if choices is not None and value and value not in choices:
            raise ImproperlyConfigured(f"{name} must be one of: {', '.join(choices)}.")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean. Raises ImproperlyConfigured for anything but 1/0, true/false, yes/no, on/off."""
        raw = self._environ.get(name)
        if raw is None:
            return default
        value = raw.strip().lower()
        if value in TRUE:
            return True
        if value in FALSE:
            return False
        raise ImproperlyConfigured(f"{name} must be 1 or 0 (also true/false, yes/no, on/off).")

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """An integer, clamped to [low, high] with a warning. Raises ImproperlyConfigured when it is no integer."""
        raw = self.text(name)
        if not raw:
            return default
        try:
            value = int(raw)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a whole number from {low} to {high}.") from None
        clamped = min(max(value, low), high)
        if clamped != value:
            logger.warning("setting clamped", extra={"setting": name, "low": low, "high": high})
        return clamped

    def words(self, name: str, default: str = "") -> list[str]:
        """A comma-separated list without its empty parts."""
        return [part.strip() for part in self.text(name, default).split(",") if part.strip()]

    def url(self, name: str, default: str = "", schemes: tuple[str, ...] = ("https", "http")) -> str:
        """An absolute URL without its trailing slash. Raises ImproperlyConfigured for any other form."""
        value = self.text(name, default).rstrip("/")
        if value:
            parts = urlsplit(value)
            if parts.scheme not in schemes or not parts.netloc:
                raise ImproperlyConfigured(f"{name} must be a URL beginning with {' or '.join(schemes)}://.")
            if "http" in schemes and not PLAIN_HOST.fullmatch(parts.netloc):
                raise ImproperlyConfigured(
                    f"{name} must name its host in plain letters and digits, with a port if need be: https://host:port."
                )
        return value

    def provider_hosts(self, name: str) -> list[str]:
        """A comma-separated list of `provider=host` or `provider=host:port`. Raises ImproperlyConfigured otherwise."""
        entries = self.words(name)
        if not all(map(PROVIDER_HOST.fullmatch, entries)):
            raise ImproperlyConfigured(
                f"{name} must list provider=host or provider=host:port, separated by commas."
            )
        return entries


def postgres_config(url: str, name: str = "DATABASE_URL") -> dict:
    """Django's database settings for a `postgres://user:password@host:port/name?option=value` URL.

    A socket directory may stand in the query as `host=/path`. Raises ImproperlyConfigured for another scheme or a
    missing database name; the message never holds the URL, which may hold a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured(f"{name} must begin with postgres:// (PostgreSQL is the only database).")
    dbname = unquote(parts.path.lstrip("/"))
    if not dbname:
        raise ImproperlyConfigured(
            f"{name} must end with the name of a database, as in postgres://host/name."
        )
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or unquote(parts.hostname or "")
    try:
        port = options.pop("port", None) or parts.port or ""
    except ValueError:
        raise ImproperlyConfigured(f"{name} holds a port that is not a number.") from None
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": dbname,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(port),
        "OPTIONS": options,
    }


def email_config(url: str, *, debug: bool, name: str = "EMAIL_URL") -> dict:
    """Django's mail settings for `smtp://user:password@host:port?from=address` (smtps:// for TLS from the start).

    Without a URL mail is printed in development and dropped in production. Raises ImproperlyConfigured; the message
    never holds the URL.
    """
    if not url:
        kind = "console" if debug else "dummy"
        return {"EMAIL_BACKEND": f"django.core.mail.backends.{kind}.EmailBackend"}
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ImproperlyConfigured(f"{name} must be a URL beginning with smtp:// or smtps://.")
    secure = parts.scheme == "smtps"
    sender = dict(parse_qsl(parts.query)).get("from") or f"holdfast@{parts.hostname}"
    return {
        "EMAIL_BACKEND": "integrations.mail.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if secure else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": secure,
        "EMAIL_USE_TLS": not secure,
        "DEFAULT_FROM_EMAIL": sender,
    }
