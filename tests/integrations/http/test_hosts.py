"""Where calls may go."""

import socket
from uuid import UUID

import pytest

from integrations.errors import CallOutcome
from integrations.http.hosts import HostRefused, check_address, check_url
from integrations.http.session import ProviderSession
from jobs.deadline import Deadline


@pytest.fixture
def production(settings):
    settings.ALLOW_LOOPBACK_PROVIDERS = False
    settings.PROVIDER_HOSTS = ["emailbison=send.example.com", "emailbison=mail.example.com:8443"]
    settings.GHL_BASE_URL = "https://ghl.example.com:8444/api"
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
        ("slack", "HTTPS://Slack.Com:443/api/"),
        ("slack", "https://slack.com?x=1"),
        ("slack", "https://slack.com#x"),
        ("emailbison", "https://mail.example.com:8443/api"),
        ("emailbison", "https://mail.example.com/api"),
        ("ghl", "https://ghl.example.com:8444/"),
        ("unipile", "https://api12.unipile.com:14234"),
        ("unipile", "https://api8.unipile.com"),
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
        "https://slack.com:/",
        "https://slack.com:8443/",
        "https://slack.com:0/",
        "https://slack.com:80/",
        "https://slack.com:65979/",
        "https://slack.com:4434434434/",
        "https://slack.com:-443/",
        "https://slack.com:٤٤٣/",
        "https://evil.example\\.slack.com/",
        "https://evil.example\\@slack.com/",
        "https://slack.com\\.evil.example/",
        "https:\\\\slack.com/",
        "https://evil.example\t.slack.com/",
        "https://evil.example\n.slack.com/",
        "https://evil.example\r\n.slack.com/",
        "https://evil.example .slack.com/",
        "https://evil.example\x00.slack.com/",
        "https://evil.example\x7f.slack.com/",
        "https://evil.example%5c.slack.com/",
        "https://evil.example%2f.slack.com/",
        "https://evil.example%00.slack.com/",
        "https://slack%2ecom/",
        "https://evil.example%23@slack.com/",
        "https://evil.example#.slack.com/",
        "https://evil.example?.slack.com/",
        "https://evil.example;.slack.com/",
        "https://evil.example,slack.com/",
        "https://evil.example:443.slack.com/",
        "https://:443/",
        "https://@slack.com/",
        "https://key@slack.com/",
        "https://slack.com.@evil.example/",
        "https://slack.com../",
        "https://.slack.com../",
        "https://bücher.slack.com/",
        "https://ｓlack.com/",
        "https://slack。com/",
        "https://ſlack.com/",
        "https://[::ffff:1.1.1.1]/",
        "https://[::1%25eth0]/",
        "https://[slack.com]/",
        "https://slack.com[::1]/",
        "https:slack.com/",
        "https:/slack.com/",
        "https:///slack.com/",
        "//slack.com/",
        "slack.com",
        "javascript://slack.com/",
        " https://slack.com/",
        "\thttps://slack.com/",
        "https://slack.com\n",
        "",
    ],
)
def test_everything_else_is_refused(production, url):
    with pytest.raises(HostRefused):
        check_url("slack", url)


@pytest.mark.parametrize(
    ("provider", "url"),
    [
        ("emailbison", "https://send.example.com:8443"),
        ("emailbison", "https://mail.example.com:8444"),
        ("ghl", "https://ghl.example.com:8443"),
        ("ghl", "https://services.leadconnectorhq.com:8444"),
        ("unipile", "https://api8.unipile.com:22"),
        ("unipile", "https://api8.unipile.com:65536"),
    ],
)
def test_port_that_nobody_named_is_refused_with_the_way_to_name_it(production, provider, url):
    with pytest.raises(
        HostRefused, match=r"port \d+ of \S+ is not allowed. An operator can add \S+:\d+ to PROVIDER_HOSTS"
    ):
        check_url(provider, url)


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
        "fec0::1", "3fff::1", "192.88.99.1", "192.31.196.1", "192.175.48.1", "192.52.193.1", "2001:4:112::1",
        "2620:4f:8000::1", "2a00:1098::5efe:10.0.0.1", "2a00:1098::200:5efe:127.0.0.1", "2a00:1098:2c::10.0.0.1",
        "2001:67c:2960:6464::169.254.169.254",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(production, address):
    with pytest.raises(HostRefused):
        check_address(address)


def test_public_addresses_pass(production):
    check_address("1.1.1.1")
    for address in ("2606:4700:4700::1111", "2a00:1098::1", "2a00:1098:2c::1.1.1.1", "64:ff9b::1.1.1.1"):
        check_address(address)


@pytest.mark.django_db
def test_a_name_that_resolves_to_us_is_refused_before_a_byte_is_sent(
    production, settings, monkeypatch, reports
):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def rebound(host, *args, flags=0, **kwargs):
        if flags:
            raise OSError
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", port))
        return [public, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("integrations.http.transport.socket.getaddrinfo", rebound)
    settings.PROVIDER_HOSTS = [f"slack=slack.com:{port}"]
    with pytest.raises(HostRefused) as caught:
        ProviderSession(provider="slack").request(
            "GET", f"https://slack.com:{port}/", operation="x", deadline=Deadline.after_ms(1000)
        )
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()
    listener.close()
    assert caught.value.sent is False
    assert [report.outcome for report in reports] == [CallOutcome.REJECTED]


OWNER, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize("url", ["https://send.acme.example/api", "https://eu.send.acme.example:8443/"])
def test_a_host_that_names_its_workspace_serves_no_other(production, settings, url):
    settings.PROVIDER_HOSTS = [f"emailbison=send.acme.example:8443@{OWNER}", "emailbison=acme.example:8443"]
    check_url("emailbison", url, OWNER)
    for stranger in (OTHER, None):
        with pytest.raises(HostRefused, match="is reserved for another workspace"):
            check_url("emailbison", url, stranger)
    check_url("emailbison", "https://acme.example/", OTHER)


def test_a_host_of_the_providers_own_can_be_given_to_one_workspace(production, settings):
    settings.PROVIDER_HOSTS = [f"emailbison=send.emailbison.com@{str(OWNER).upper()}"]
    check_url("emailbison", "https://send.emailbison.com/", OWNER)
    check_url("emailbison", "https://dedi.emailbison.com/", OTHER)
    with pytest.raises(HostRefused):
        check_url("emailbison", "https://send.emailbison.com/", OTHER)


@pytest.mark.django_db
def test_a_call_for_another_workspace_is_not_made(production, settings, monkeypatch):
    """Guard: the workspace in GuardedAdapter.send."""
    names: list[str] = []

    def resolve(host, *_args, flags=0, **_more):
        if not flags:
            names.append(host)
        raise OSError

    monkeypatch.setattr("integrations.http.transport.socket.getaddrinfo", resolve)
    settings.PROVIDER_HOSTS = [f"emailbison=send.acme.example@{OWNER}"]
    for workspace_id in (OTHER, OWNER):
        session = ProviderSession(
            provider="emailbison",
            base_url="https://send.acme.example",
            workspace_id=workspace_id,
            max_retries=0,
        )
        with pytest.raises(Exception, match=r"reserved for another workspace|unreachable \(resolve\)"):
            session.request("GET", "/", operation="x", deadline=Deadline.after_ms(1000))
        assert names == ([] if workspace_id == OTHER else ["send.acme.example"])
