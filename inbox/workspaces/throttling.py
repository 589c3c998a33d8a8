"""Limits how often a client may try to log in, change a password, or ask for a password link.

Three limits apply to the last AXES_COOLOFF_TIME. django-axes stores the tries.

- AXES_FAILURE_LIMIT: tries per account and source.
- SOURCE_LIMIT: tries per source, for all accounts together.
- ACCOUNT_LIMIT: tries per account, from all sources together. Beyond it each source still has ATTACKED_LIMIT tries: an
  attacker gets few guesses, and the owner can still log in from a new source. Sources from which the account has logged
  in before are exempt.

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
"""The wrong codes of an account in that time after which only sources that it knows may try: many sources with two
tries each would guess six digits.
"""
FORGOTTEN_LIMIT = 10
TRUSTED_FOR = timedelta(days=60)
"""An account trusts a source for this long after a login from it."""
CODES_OF = "code of "
"""The prefix of the name that counts wrong codes of an account, so that a correct password does not clear them."""
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

    Behind TRUSTED_PROXY proxies, it is the entry of X-Forwarded-For that the outermost proxy added, counted from the
    right. Entries further left were sent by the client. Without such an entry it is the address of the connection's
    peer, which is None for a Unix socket.
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
    """Returns the address in `entry` without port and zone, or None. Some proxies add a port."""
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
    """Returns how many more wrong passwords the client may enter for `username`. At 0 or less the client must wait."""
    credentials = get_credentials(username)
    failures: int = AxesProxyHandler.get_failures(request, credentials)
    return int(settings.AXES_FAILURE_LIMIT) - failures


def may_ask_for_link(request: HttpRequest) -> bool:
    """Counts a request for a password link. Returns False if the client must wait; AxesMiddleware then says so."""
    return may_try(request, FORGOTTEN) and note_try(request, FORGOTTEN)


def may_try(request: HttpRequest, name: str) -> bool:
    """Whether the client may make another attempt under `name`. If not, AxesMiddleware informs the client."""
    is_allowed = bool(AxesProxyHandler.is_allowed(request, get_credentials(name)))
    if not is_allowed:
        locked = cast(AxesRequest, request)
        locked.axes_locked_out, locked.axes_credentials = True, get_credentials(name)
    return is_allowed


def note_try(request: HttpRequest, name: str) -> bool:
    """Counts an attempt under `name`. Returns False if the client must now wait; AxesMiddleware then says so."""
    AxesProxyHandler.user_login_failed(__name__, get_credentials(name), request)
    return not cast(AxesRequest, request).axes_locked_out


def forget_tries(request: HttpRequest, name: str) -> None:
    """Clears the attempts of this client's source under `name`, after a successful one."""
    username = account_name(request, get_credentials(name))
    AccessAttempt.objects.filter(username=username, ip_address=guess_source(request)).delete()


class Throttle(AxesDatabaseHandler):  # type: ignore[misc]  # django-axes has no types
    """Applies all three limits in django-axes: its failure count reaches AXES_FAILURE_LIMIT with the first of them."""

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
