"""Where calls may go."""

import socket

import pytest

from integrations.errors import Outcome
from integrations.hosts import HostRefused, check_address, check_url
from integrations.http import ProviderSession
from jobs.deadline import Deadline


@pytest.fixture
def production(settings):
    settings.ALLOW_LOOPBACK_PROVIDERS = False
    settings.PROVIDER_HOSTS = ["emailbison=send.example.com"]
    settings.UNIPILE_DSN = "https://api8.unipile.com:13851"


@pytest.mark.parametrize(
    ("provider", "url"),
    [
        ("emailbison", "https://send.meetinboxxia.com/api"),
        ("emailbison", "https://dedi.emailbison.com/api"),
        ("emailbison", "https://send.example.com"),
        ("unipile", "https://api8.unipile.com:13851/api/v1"),
        ("slack", "https://hooks.slack.com/services/x"),
        ("slack", "https://SLACK.com./api/"),
    ],
)
def test_the_providers_own_hosts_pass(production, provider, url):
    check_url(provider, url)


@pytest.mark.parametrize(
    "url",
    [
        "http://slack.com/api",
        "https://slack.com.example.org/api",
        "https://notslack.com/api",
        "https://user:pass@slack.com/api",
        "https://slack.com@example.org/api",
        "https://127.0.0.1/api",
        "https://localhost/api",
        "http://127.0.0.1:8900/slack",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://send.example.com/",
        "file:///etc/passwd",
        "https://slack.com:notaport/",
        "",
    ],
)
def test_everything_else_is_refused(production, url):
    with pytest.raises(HostRefused):
        check_url("slack", url)


def test_loopback_passes_only_where_it_is_allowed(settings):
    settings.ALLOW_LOOPBACK_PROVIDERS = True
    check_url("slack", "http://127.0.0.1:8900/slack")
    with pytest.raises(HostRefused):
        check_url("slack", "http://10.0.0.1:8900/slack")


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "127.0.0.1", "0.0.0.0", "100.64.0.1", "::1",
        "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "224.0.0.1", "255.255.255.255",
        "64:ff9b::a00:1", "2002:0a00:0001::1", "::10.0.0.1", "64:ff9b:1::1", "240.0.0.1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(production, address):
    with pytest.raises(HostRefused):
        check_address(address)


def test_public_addresses_pass(production):
    check_address("1.1.1.1")
    check_address("2606:4700:4700::1111")


@pytest.mark.django_db
def test_a_name_that_resolves_to_us_is_refused_before_a_byte_is_sent(production, monkeypatch, reports):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def rebound(host, *args, flags=0, **kwargs):
        if flags:
            raise OSError
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", port))
        return [public, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("integrations.transport.socket.getaddrinfo", rebound)
    with pytest.raises(HostRefused) as caught:
        ProviderSession(provider="slack").request(
            "GET", f"https://slack.com:{port}/", operation="x", deadline=Deadline.after_ms(1000)
        )
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()
    listener.close()
    assert caught.value.sent is False
    assert [report.outcome for report in reports] == [Outcome.REJECTED]
