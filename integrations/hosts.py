"""Where calls may go: named hosts over https, public addresses. Everything else is refused before a byte is sent.

A workspace admin may set a base URL, so without this a tenant could point us at our own network (SSRF). The name is
checked when the URL is built, the address when the connection is made, and the connection goes to the address that
was checked: a name that resolves differently a moment later changes nothing.
"""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import urlsplit

from django.conf import settings

from integrations.errors import ProviderMisconfigured

HOST_SUFFIXES = {
    "emailbison": ("send.meetinboxxia.com", "emailbison.com"),
    "unipile": ("unipile.com",),
    "ghl": ("services.leadconnectorhq.com",),
    "clay": ("clay.com",),
    "slack": ("slack.com",),
    "openai": ("api.openai.com",),
    "smartlead": ("server.smartlead.ai",),
    "instantly": ("api.instantly.ai",),
    "calendly": ("api.calendly.com",),
}
NAT64 = ipaddress.ip_network("64:ff9b::/96")


_opened_port: ContextVar[int] = ContextVar("opened_port", default=0)


@contextmanager
def opened(port: int) -> Iterator[None]:
    """Let this thread, and nobody else, call `http://127.0.0.1:<port>` meanwhile: for a fire drill, whose provider is a
    sandbox that it has started itself (docs/adr/0031)."""
    token = _opened_port.set(port)
    try:
        yield
    finally:
        _opened_port.reset(token)


class HostRefused(ProviderMisconfigured):
    """The address is not on the allow-list, not https, or not public."""


def allowed_suffixes(provider: str) -> tuple[str, ...]:
    """Host names (and with them their subdomains) a provider may be reached at.

    Ours, those of `settings.PROVIDER_HOSTS` (`provider=host` entries, for white labels and proxies), and the host an
    operator set as the provider's base URL.
    """
    extra = [entry.partition("=")[2] for entry in settings.PROVIDER_HOSTS if entry.startswith(f"{provider}=")]
    operator_urls = {
        "emailbison": [settings.EMAILBISON_BASE_URL],
        "unipile": [settings.UNIPILE_DSN],
        "ghl": [settings.GHL_BASE_URL],
        "clay": [settings.CLAY_LINKEDIN_TABLE_WEBHOOK_URL, settings.CLAY_PHONE_TABLE_WEBHOOK_URL],
        "slack": [settings.SLACK_BASE_URL],
        "openai": [settings.OPENAI_BASE_URL],
    }.get(provider, [])
    named = [urlsplit(url).hostname or "" for url in operator_urls if url]
    return tuple(host.lower() for host in (*HOST_SUFFIXES[provider], *extra, *named) if host)


def check_url(provider: str, url: str) -> None:
    """Refuse a URL that calls of `provider` may not go to. Raises HostRefused, which names the host and the fix."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower().rstrip(".")
        port = parts.port
    except ValueError:
        raise HostRefused(f"{provider}: the address is not a URL.") from None
    if settings.ALLOW_LOOPBACK_PROVIDERS and _is_loopback(host):
        return
    if (parts.scheme, host) == ("http", "127.0.0.1") and port and port == _opened_port.get():
        return
    if parts.scheme != "https":
        raise HostRefused(f"{provider}: the address must begin with https://.")
    if parts.username or parts.password:
        raise HostRefused(f"{provider}: the address must not hold a user name or password.")
    if not any(host == suffix or host.endswith(f".{suffix}") for suffix in allowed_suffixes(provider)):
        raise HostRefused(
            f"{provider}: the host {host or '(none)'} is not allowed; an operator can add it to PROVIDER_HOSTS."
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(address: str, port: int = 0) -> None:
    """Refuse a resolved IP address that is not public. Raises HostRefused.

    Loopback passes where `ALLOW_LOOPBACK_PROVIDERS` is set (demo and tests), and where this thread has `opened` the
    port; other private ranges never do.
    """
    ip = _reached(ipaddress.ip_address(address.partition("%")[0]))
    if ip.is_loopback and (settings.ALLOW_LOOPBACK_PROVIDERS or (port and port == _opened_port.get())):
        return
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        raise HostRefused("the provider's host name resolves to an address that is not public.")


def _reached(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one stands for (mapped, NAT64, 6to4, Teredo), else the address itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)
