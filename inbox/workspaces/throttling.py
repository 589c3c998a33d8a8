"""Limits how often a client may try to log in, change a password, or ask for a password link.

django-axes stores the tries. Three limits apply to the tries within the last AXES_COOLOFF_TIME:

- AXES_FAILURE_LIMIT: tries per account and source.
- SOURCE_LIMIT: tries per source, for all accounts together.
- ACCOUNT_LIMIT: tries per account, from all sources together. Beyond this limit, each source still has ATTACKED_LIMIT
  tries, so an attacker gets few guesses, and the owner can still log in from a new source. Sources from which the owner
  has recently logged in (TRUSTED_FOR) are exempt.

A successful login clears the tries of its own account from its own source, and nothing else.
"""

import ipaddress
import logging
from datetime import timedelta
from typing import Any, cast

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_username, get_credentials
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest
from django.utils import timezone

logger = logging.getLogger(__name__)

SOURCE_LIMIT = 30
ACCOUNT_LIMIT = 60
ATTACKED_LIMIT = 2
CODES_LIMIT = 120
"""The number of wrong codes per account within AXES_COOLOFF_TIME. Beyond this limit, only trusted sources may try,
because an attacker with many sources, each with two tries, could guess a code of six digits.
"""
FORGOTTEN_LIMIT = 10
TRUSTED_FOR = timedelta(days=60)
"""The time after a login during which the account trusts the source of that login."""
CODES_OF = "code of "
"""The prefix of the name under which an account's wrong codes are counted. A correct password does not clear them,
because tries of passwords are counted under the name without this prefix.
"""
FORGOTTEN = "password link"
"""The name under which requests for password links are counted. It is not an address, so no account can have it."""


class AxesRequest(HttpRequest):
    """A request with the attributes that django-axes sets."""

    axes_ip_address: str | None
    axes_locked_out: bool
    axes_credentials: dict[str, Any] | None


def guess_source(request: HttpRequest) -> str | None:
    """Returns the source of a client's tries: its IPv4 address, or the first address of its IPv6 /64 network."""
    text = client_address(request)
    if text is None or ":" not in text:
        return text
    return str(ipaddress.IPv6Address(int(ipaddress.IPv6Address(text)) >> 64 << 64))


def client_address(request: HttpRequest) -> str | None:
    """Returns the IP address of the client.

    Behind proxies (TRUSTED_PROXY is their number), this is the entry of X-Forwarded-For that the outermost proxy added,
    counted from the right; the client sent the entries further left. Without such an entry, this is the address of the
    connection's peer, or None for a Unix socket.
    """
    peer = _address(request.META.get("REMOTE_ADDR", ""))
    proxies = settings.TRUSTED_PROXY
    if not proxies:
        return peer
    entries = request.headers.get("X-Forwarded-For", "").split(",")
    address = _address(entries[-proxies]) if len(entries) >= proxies else None
    if address is None:
        logger.warning("no client address from the proxies", extra={"trusted_proxy": proxies})
    return address or peer


def _address(entry: str) -> str | None:
    """Returns the IP address in `entry` without port and zone; None without an address. Some proxies add a port."""
    text = entry.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def account_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Returns the name under which tries are counted: the lower-case email address in `credentials`, or ""."""
    return ((credentials or {}).get(settings.AXES_USERNAME_FORM_FIELD) or "").strip().lower()


def tries_left(request: HttpRequest, username: str) -> int:
    """Returns how many wrong passwords the client may still enter for `username`. At 0 or less, it must wait."""
    credentials = get_credentials(username)
    failures: int = AxesProxyHandler.get_failures(request, credentials)
    return int(settings.AXES_FAILURE_LIMIT) - failures


def may_ask_for_link(request: HttpRequest) -> bool:
    """Counts a request for a password link. Returns False if the client must wait; AxesMiddleware then informs it."""
    return may_try(request, FORGOTTEN) and note_try(request, FORGOTTEN)


def may_try(request: HttpRequest, name: str) -> bool:
    """Whether the client may make another attempt under `name`. If not, AxesMiddleware informs the client."""
    is_allowed = bool(AxesProxyHandler.is_allowed(request, get_credentials(name)))
    if not is_allowed:
        locked = cast(AxesRequest, request)
        locked.axes_locked_out, locked.axes_credentials = True, get_credentials(name)
    return is_allowed


def note_try(request: HttpRequest, name: str) -> bool:
    """Counts an attempt under `name`. Returns False if the client must now wait; AxesMiddleware then informs it."""
    AxesProxyHandler.user_login_failed(__name__, get_credentials(name), request)
    return not cast(AxesRequest, request).axes_locked_out


def forget_tries(request: HttpRequest, name: str) -> None:
    """Clears the attempts from this client's source under `name`. Called after a successful attempt."""
    username = account_name(request, get_credentials(name))
    AccessAttempt.objects.filter(username=username, ip_address=guess_source(request)).delete()


class Throttle(AxesDatabaseHandler):  # type: ignore[misc]  # django-axes has no types
    """Makes django-axes apply all three limits: it gets AXES_FAILURE_LIMIT as its count once any of them is reached."""

    def get_failures(self, request: AxesRequest, credentials: dict[str, Any] | None = None) -> int:
        """Returns AXES_FAILURE_LIMIT minus the tries that the strictest of the three limits still allows."""
        username, source = get_client_username(request, credentials), request.axes_ip_address
        recent = AccessAttempt.objects.filter(attempt_time__gte=get_cool_off_threshold(request))

        def allowance(limit: int, **of: str | None) -> int:
            return limit - (recent.filter(**of).aggregate(sum=Sum("failures_since_start"))["sum"] or 0)

        each = FORGOTTEN_LIMIT if username == FORGOTTEN else settings.AXES_FAILURE_LIMIT
        allowances = [
            allowance(each, username=username, ip_address=source),
            allowance(SOURCE_LIMIT, ip_address=source),
        ]
        is_attacked = username != FORGOTTEN and allowance(ACCOUNT_LIMIT, username=username) <= 0
        if is_attacked and not _is_trusted(username, source):
            allowances.append(allowance(ATTACKED_LIMIT, username=username, ip_address=source))
            if username.startswith(CODES_OF):
                allowances.append(allowance(CODES_LIMIT, username=username))
        return int(settings.AXES_FAILURE_LIMIT) - min(allowances)


def _is_trusted(username: str, source: str | None) -> bool:
    since = timezone.now() - TRUSTED_FOR
    log_ins = AccessLog.objects.filter(
        username=username.removeprefix(CODES_OF),
        ip_address=source,
        ip_address__isnull=False,
        attempt_time__gt=since,
    )
    return bool(log_ins.exists())
