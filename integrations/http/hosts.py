"""Decides where calls may go: only named hosts and ports, https, and public addresses.

A workspace admin may set a base URL. Without these checks, a URL could lead to our own network (SSRF). The URL is
checked just before its request is sent (`transport.GuardedAdapter`), and by the same code in the form where it is
entered. The IP address is checked when the connection is opened, and the connection uses exactly that address. So it
does not matter if a host name resolves differently a moment later.
"""

import ipaddress
import re
from collections.abc import Collection
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from integrations import registry
from integrations.errors import ProviderMisconfigured
from jobs.block_values import during

HTTPS = 443
PLAIN = re.compile(
    r"(https?)://((?:[a-z0-9-]+\.)*[a-z0-9-]+\.?|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?(?=[/?#]|\Z)",
    re.ASCII | re.IGNORECASE,
)
"""A scheme, host and port that all parsers read alike: no user name, percent sign, blank or non-ASCII letter."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")
SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            *("192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24"),
            *("2001:4:112::/48", "2620:4f:8000::/48", "3fff::/20", "fec0::/10"),
        ),
    )
)
"""Networks in IANA's special-purpose registries that `ipaddress` classifies as public: AS112, AMT and 6to4 relays,
documentation, and the former site-local addresses.
"""
ISATAP = {0x0000_5EFE, 0x0200_5EFE}
"""The third quarter of an ISATAP address (RFC 5214). The last quarter is an IPv4 address in the network behind."""
UNUSED = ipaddress.ip_network("0.0.0.0/8")
HEARTBEAT = "heartbeat"
"""Stands for a provider in calls to HEARTBEAT_URL, which may be at any public host."""
COMPANY = "company"
"""Stands for a provider in calls to the issuer of the company's login (OIDC_ISSUER). The issuer names its own
addresses, which may be at any public host.
"""
RECEIVER = "receiver"
"""Stands for a provider when events are sent to programs, whose endpoints may be at any public host."""


_opened_port: ContextVar[int] = ContextVar("opened_port", default=0)


def opened(port: int) -> AbstractContextManager[None]:
    """Lets only this thread call `http://127.0.0.1:<port>`, where a fire drill has started its own sandbox
    (docs/adr/0031-the-fire-drill-calls-a-sandbox-of-its-own.md).
    """
    return during(_opened_port, port)


class HostRefused(ProviderMisconfigured):
    """A provider's address is not on the allow-list, not https, or not public. No call was made."""


class Address(NamedTuple):
    """Scheme and host in lower case. The host has no trailing dot."""

    scheme: str
    host: str
    port: int


class AllowedHost(NamedTuple):
    """A host with its subdomains, its ports besides 443, and the only workspace that may use it ("" for all)."""

    host: str
    ports: Collection[int]
    owner: str = ""


def address_of(provider: str, url: str) -> Address:
    """Returns the scheme, host and port of `url`. Raises HostRefused if the host does not match PLAIN."""
    match = PLAIN.match(url)
    if match is None:
        raise HostRefused(
            f"{provider}: the address must be https://, a host in plain letters and digits, and an optional port."
        )
    scheme, host, port = match.groups()
    scheme = scheme.lower()
    default = HTTPS if scheme == "https" else 80
    return Address(scheme, host.lower().removesuffix("."), int(port) if port else default)


def allowed_places(provider: str) -> tuple[AllowedHost, ...]:
    """Returns the provider's own hosts, those in `settings.PROVIDER_HOSTS`, and the addresses that an operator set.

    An entry of PROVIDER_HOSTS is `provider=host` or `provider=host:port`. It may end with `@` and the id of a
    workspace, which is then the only one that may use the host. Raises UnknownProvider.
    """
    if provider == HEARTBEAT:
        return (_place(provider, settings.HEARTBEAT_URL),)
    spec = registry.spec_of(provider)
    places = [AllowedHost(host, spec.ports) for host in spec.hosts]
    for entry in settings.PROVIDER_HOSTS:
        if entry.startswith(f"{provider}="):
            host, _, owner = entry.partition("=")[2].partition("@")
            places.append(_place(provider, f"https://{host}", owner.lower()))
    urls = [spec.base_url()] if spec.base_url else []
    urls += spec.operator_urls() if spec.operator_urls else ()
    return (*places, *(_place(provider, url) for url in urls if url))


def _place(provider: str, url: str, owner: str = "") -> AllowedHost:
    address = address_of(provider, url)
    return AllowedHost(address.host, (address.port,), owner)


def check_url(provider: str, url: str, workspace_id: UUID | None = None) -> None:
    """Raises HostRefused, which says what is allowed, if this workspace (or None) may not call `url`."""
    address = address_of(provider, url)
    if settings.ALLOW_LOOPBACK_PROVIDERS and _is_loopback(address.host):
        return
    if _opened_port.get() and address == ("http", "127.0.0.1", _opened_port.get()):
        return
    if address.scheme != "https":
        raise HostRefused(f"{provider}: the address must begin with https://.")
    if provider in (COMPANY, RECEIVER):
        return
    places = [place for place in allowed_places(provider) if f".{address.host}".endswith(f".{place.host}")]
    if not places:
        raise HostRefused(
            f"{provider}: the host {address.host} is not allowed. An operator can add it to PROVIDER_HOSTS."
        )
    owners = {place.owner for place in places} - {""}
    if owners and str(workspace_id) not in owners:
        raise HostRefused(f"{provider}: the host {address.host} is reserved for another workspace.")
    if address.port != HTTPS and not any(address.port in place.ports for place in places):
        raise HostRefused(
            f"{provider}: port {address.port} of {address.host} is not allowed. An operator can add"
            f" {address.host}:{address.port} to PROVIDER_HOSTS."
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_address(address: str, port: int = 0) -> None:
    """Raises HostRefused if an IP address is not public, unless it is an allowed or `opened` loopback address."""
    ip = _reached(ipaddress.ip_address(address.partition("%")[0]))
    if ip.is_loopback and (settings.ALLOW_LOOPBACK_PROVIDERS or (port and port == _opened_port.get())):
        return
    if not ip.is_global or ip.is_multicast or ip.is_reserved or any(ip in network for network in SPECIAL):
        raise HostRefused("the provider's host name resolves to an address that is not public.")


def _reached(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Returns the IPv4 address that an IPv6 address embeds (mapped, NAT64, ISATAP, 6to4, Teredo), else the address.

    A NAT64 may use any 96-bit prefix (RFC 6052). So an IPv6 address counts as a NAT64 address if its third quarter is
    zero and its last quarter is a private IPv4 address. Small numbers, as in host parts, do not count.
    """
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    low, third = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF), int(ip) >> 32 & 0xFFFFFFFF
    if ip in NAT64 or third in ISATAP or (third == 0 and low not in UNUSED and not low.is_global):
        return low
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)
