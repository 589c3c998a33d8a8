"""How often somebody may try: to log in, to change a password, to have a password link mailed.

Three limits over the last AXES_COOLOFF_TIME, kept by django-axes: AXES_FAILURE_LIMIT tries per account and source,
SOURCE_LIMIT per source over all accounts, ACCOUNT_LIMIT per account over all sources. The last one spares the sources
that the account has logged in from: nobody elsewhere can keep its owner out. A log-in that succeeds takes back its own
account's tries from its own source, nothing else.
"""

import ipaddress
import logging
from datetime import timedelta

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
FORGOTTEN_LIMIT = 10
KNOWN_FOR = timedelta(days=60)
"""How long a source counts as the account's own after a log-in."""
FORGOTTEN = "password link"
"""What requests for password links are counted under. No account has this name, as it is no address."""


def client_address(request: HttpRequest) -> str | None:
    """Where `request` comes from: an IPv4 address, or the first address of an IPv6 client's /64 network.

    Behind TRUSTED_PROXY proxies that is the entry of X-Forwarded-For which the outermost of them added, counted from
    the right: whatever stands further left was sent by the client. Where there are fewer entries, or that one is no
    address, it is the peer of the connection; None where the peer has no address (a Unix socket).
    """
    peer = _network(request.META.get("REMOTE_ADDR", ""))
    proxies = settings.TRUSTED_PROXY
    if not proxies:
        return peer
    entries = request.headers.get("X-Forwarded-For", "").split(",")
    address = _network(entries[-proxies]) if len(entries) >= proxies else None
    if address is None:
        logger.warning("no client address from the proxies", extra={"trusted_proxy": proxies})
    return address or peer


def _network(entry: str) -> str | None:
    """`entry` may hold a port, as some proxies add it."""
    text = entry.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(address) >> 64 << 64))


def account_name(request: HttpRequest, credentials: dict | None) -> str:
    """What tries are counted under: the address as UserManager.get_by_natural_key reads it."""
    return ((credentials or {}).get(settings.AXES_USERNAME_FORM_FIELD) or "").strip().lower()


def tries_left(request: HttpRequest, username: str) -> int:
    """How many wrong passwords for `username` are left to the source of `request` before it has to wait."""
    credentials = get_credentials(username)
    return settings.AXES_FAILURE_LIMIT - AxesProxyHandler.get_failures(request, credentials)


def may_ask_for_link(request: HttpRequest) -> bool:
    """Count one request for a password link. False where its source has asked too often: AxesMiddleware then answers
    with the page that says so."""
    credentials = get_credentials(FORGOTTEN)
    if AxesProxyHandler.is_allowed(request, credentials):
        AxesProxyHandler.user_login_failed(__name__, credentials, request)
    else:
        request.axes_locked_out = True
    return not request.axes_locked_out


class Throttle(AxesDatabaseHandler):
    """Counts as failures what is missing from AXES_FAILURE_LIMIT to the nearest of the limits."""

    def get_failures(self, request: HttpRequest, credentials: dict | None = None) -> int:
        username, source = get_client_username(request, credentials), request.axes_ip_address
        recent = AccessAttempt.objects.filter(attempt_time__gte=get_cool_off_threshold(request))

        def left(limit: int, **of: str | None) -> int:
            return limit - (recent.filter(**of).aggregate(sum=Sum("failures_since_start"))["sum"] or 0)

        each = FORGOTTEN_LIMIT if username == FORGOTTEN else settings.AXES_FAILURE_LIMIT
        lefts = [left(each, username=username, ip_address=source), left(SOURCE_LIMIT, ip_address=source)]
        if username != FORGOTTEN:
            over_all = left(ACCOUNT_LIMIT, username=username)
            if over_all < min(lefts) and not _known(username, source):
                lefts.append(over_all)
        return settings.AXES_FAILURE_LIMIT - min(lefts)


def _known(username: str, source: str | None) -> bool:
    """Whether the account has logged in from `source` of late."""
    since = timezone.now() - KNOWN_FOR
    return AccessLog.objects.filter(
        username=username, ip_address=source, ip_address__isnull=False, attempt_time__gt=since
    ).exists()
