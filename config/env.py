"""Reads and checks the product's settings from environment variables, which no other module reads.

A number out of range is moved into the range with a warning. A value that cannot be used stops the process. Whitespace
around a value is removed, because a trailing newline in a secret would silently break a login.
"""

import logging
import os
import re
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

logger = logging.getLogger(__name__)

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
HOST = r"[a-z0-9.-]+(?::[0-9]{1,5})?"
PLAIN_HOST = re.compile(HOST + r"|\[[0-9a-f:.]+\](?::[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
PROVIDER_HOST = re.compile(rf"[a-z]+={HOST}(?:@{UUID})?", re.ASCII | re.IGNORECASE)


class Env:
    """Reads environment variables as typed values. `default` stands for an unset or, except in `flag`, an empty one."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    def text(self, name: str, default: str = "") -> str:
        """The text of the environment variable, without surrounding whitespace."""
        return self._environ.get(name, "").strip() or default

    def flag(self, name: str) -> bool:
        """The environment variable as a boolean: False if the variable is unset or empty. Raises ImproperlyConfigured
        for a word that is in neither TRUE nor FALSE.
        """
        word = self.text(name).lower()
        if word in {*TRUE, *FALSE}:
            return word in TRUE
        raise ImproperlyConfigured(f"{name} must be 1 or 0 (also true/false, yes/no, on/off).")

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """The environment variable as an integer, moved into `low` to `high` with a warning. Raises
        ImproperlyConfigured if the value is not an integer.
        """
        raw = self.text(name)
        if not raw:
            return default
        try:
            number = int(raw)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a whole number from {low} to {high}.") from None
        clamped = min(max(number, low), high)
        if clamped != number:
            logger.warning("setting clamped", extra={"setting": name, "low": low, "high": high})
        return clamped

    def words(self, name: str, default: str = "") -> list[str]:
        """The items of a comma-separated environment variable, stripped of whitespace. Empty items are left out."""
        return [part.strip() for part in self.text(name, default).split(",") if part.strip()]

    def url(self, name: str, default: str = "", schemes: tuple[str, ...] = ("https", "http")) -> str:
        """The URL in the environment variable, without a trailing slash. Raises ImproperlyConfigured if the value is
        not an absolute URL, its scheme is not in `schemes`, or its host is not plain ASCII.
        """
        url = self.text(name, default).rstrip("/")
        if url:
            parts = urlsplit(url)
            if parts.scheme not in schemes or not parts.netloc:
                raise ImproperlyConfigured(f"{name} must be a URL beginning with {' or '.join(schemes)}://.")
            if "http" in schemes and not PLAIN_HOST.fullmatch(parts.netloc):
                raise ImproperlyConfigured(
                    f"{name} must name a host in plain letters and digits, with an optional port: https://host:port."
                )
        return url

    def provider_hosts(self, name: str) -> list[str]:
        """A list of `provider=host[:port]` entries, each with an optional `@` and the id of the only workspace that may
        call the host. Raises ImproperlyConfigured for an entry in another form.
        """
        entries = self.words(name)
        if not all(map(PROVIDER_HOST.fullmatch, entries)):
            raise ImproperlyConfigured(
                f"{name} must list provider=host or provider=host:port, separated by commas. A workspace’s ID can"
                " follow, as in provider=host@id."
            )
        return entries


def postgres_config(url: str, name: str = "DATABASE_URL") -> dict[str, Any]:
    """Django's database settings for `postgres://user:password@host:port/name?option=value`.

    `host=/path` in the query sets the directory of a Unix socket. Raises ImproperlyConfigured for another scheme or a
    missing database name. The error names the variable `name` instead of the URL, which may contain a password.
    """
    try:
        config: Any = dj_database_url.parse(url)
    except ValueError:
        config = {}
    if config.get("ENGINE") != "django.db.backends.postgresql" or not config["NAME"]:
        raise ImproperlyConfigured(
            f"{name} must be a URL like postgres://user:password@host:5432/name. PostgreSQL is the only database."
        )
    options = config.get("OPTIONS", {})
    elsewhere = {key.upper(): options.pop(key) for key in ("host", "port") if key in options}
    return {**config, **elsewhere, "ENGINE": "jobs.postgresql", "OPTIONS": options}


def email_config(url: str, *, debug: bool, name: str = "EMAIL_URL") -> dict[str, Any]:
    """Django's mail settings for `smtp://user:password@host:port?from=address`.

    smtp:// means STARTTLS, and smtps:// means TLS from the start. Without a URL, mail is printed if `debug`, or else
    discarded. Raises ImproperlyConfigured for another scheme or a missing host. The error names the variable `name`
    instead of the URL, which may contain a password.
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


def metrics_dir(folder: str, *, release: Path) -> str:
    """Creates the directory in which a host's processes share their Prometheus counters, and tells prometheus_client,
    which must be imported later, to use it. If the setting is empty, the directory is one for this user and release.
    Raises ImproperlyConfigured if the directory cannot be created or belongs to another user.
    """
    path = Path(
        folder
        or f"{tempfile.gettempdir()}/holdfast-metrics-{os.geteuid()}-{zlib.crc32(str(release).encode()):x}"
    )
    try:
        path.mkdir(mode=0o777 if folder else 0o700, parents=True, exist_ok=True)
        owner = path.lstat().st_uid
    except OSError as error:
        raise ImproperlyConfigured(
            f"PROMETHEUS_MULTIPROC_DIR: {path} cannot be created: {error.strerror}."
        ) from None
    if not folder and owner != os.geteuid():
        raise ImproperlyConfigured(
            f"PROMETHEUS_MULTIPROC_DIR: {path} belongs to another user. Name another folder."
        )
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(path)
    return str(path)


def presence_cache(broker_url: str, folder: str) -> dict[str, Any]:
    """The cache in which web processes share who is reading a conversation: Redis at `broker_url` for all hosts, or
    else `folder` for one gunicorn, or else this process alone.
    """
    if broker_url:
        options = {
            "socket_timeout": 0.2,
            "socket_connect_timeout": 0.2,
            "serializer": "inbox.pages.desk.presence.Plain",
        }
        return {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": broker_url,
            "KEY_PREFIX": "holdfast",
            "VERSION": 2,  # the previous release stores values that are not JSON under version 1
            "OPTIONS": options,
        }
    if folder:
        return {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": folder}
    return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "presence"}
