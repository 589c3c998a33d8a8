"""The last look at a request's address before it is sent, whichever client makes it; and which keys may go where."""

import pytest
import requests
from urllib3.util import parse_url

from inbox.workspaces import accounts
from integrations.emailbison.client import EmailBisonClient
from integrations.errors import ProviderMisconfigured, ProviderUnreachable
from integrations.http.hosts import HostRefused, address_of, check_url
from integrations.http.session import ProviderSession
from integrations.http.transport import adapter_of
from integrations.models import Integration
from integrations.slack.client import SlackClient
from integrations.unipile.client import UnipileClient
from jobs.deadline import Deadline
from tests.integrations.fault_server import FaultServer, answer
from tests.integrations.http.test_client_faults import READS, SENDS

pytestmark = pytest.mark.django_db

OWN_HOST = {
    "emailbison": "emailbison.com",
    "unipile": "unipile.com",
    "ghl": "services.leadconnectorhq.com",
    "clay": "clay.com",
    "slack": "slack.com",
    "slack by webhook": "hooks.slack.com",
    "smartlead": "server.smartlead.ai",
    "instantly": "api.instantly.ai",
    "calendly": "api.calendly.com",
    "openai": "api.openai.com",
}
OPERATORS = {"UNIPILE_API_KEY": "key-of-all", "SLACK_BOT_TOKEN": "xoxb-of-all"}


@pytest.fixture(autouse=True)
def production(settings, monkeypatch):
    """No loopback; where the operator has set an address, it is not one that a test goes to."""
    settings.ALLOW_LOOPBACK_PROVIDERS = False
    settings.OPENAI_API_KEY = "sk-test"
    settings.OPENAI_BASE_URL = settings.OPENAI_BASE_URL  # put back afterwards: `READS["openai"]` changes it
    settings.PROVIDER_HOSTS = []
    monkeypatch.setattr("integrations.http.retry.BACKOFF.multiplier", 0.005)
    settings.UNIPILE_DSN = "https://api8.unipile.com:13851"


@pytest.fixture
def looked_up(monkeypatch) -> list[str]:
    """The names that calls wanted to reach; none resolves."""
    names: list[str] = []

    def resolve(host, *_args, flags=0, **_more):
        if not flags:
            names.append(host)
        raise OSError

    monkeypatch.setattr("integrations.http.transport.socket.getaddrinfo", resolve)
    return names


CALLS = {f"{name} reads": call for name, call in READS.items()} | {
    f"{name} sends": call for name, call in SENDS.items()
}


FOREIGN = ["https://evil.example", "https://evil.example\\.{own}", "https://{own}:22", "http://{own}"]
OF_AN_OPERATOR = FOREIGN[1::2]
"""OpenAI's address is the operator's, who may name any host and port, but not plain HTTP."""


@pytest.mark.parametrize(
    ("call", "form"),
    [(call, form) for call in CALLS for form in (OF_AN_OPERATOR if call.startswith("openai") else FOREIGN)],
)
def test_no_client_calls_an_address_off_the_list(looked_up, call, form):
    """Guard: check_url in GuardedAdapter.send."""
    with pytest.raises(HostRefused) as refused:
        CALLS[call](form.format(own=OWN_HOST[call.rsplit(" ", 1)[0]]), Deadline.after_ms(2000))
    assert looked_up == []
    assert refused.value.sent is False


@pytest.mark.parametrize("call", [name for name in CALLS if not name.startswith("openai")])
def test_every_client_reaches_its_own_host(looked_up, call):
    """What the test above refuses is refused for its address, not for how it is called."""
    kind = call.rsplit(" ", 1)[0]
    with pytest.raises(Exception, match="unreachable"):
        CALLS[call](f"https://{OWN_HOST[kind]}", Deadline.after_ms(2000))
    assert set(looked_up) == {OWN_HOST[kind]}


@pytest.mark.parametrize(
    "url",
    [
        "https://bücher.slack.com/",
        "https://ｓlack.com/",
        "https://user:password@slack.com/",
        "https://key@slack.com/",
        "https://sl\tack.com/",
        "https://sla\nck.com/",
        " https://slack.com/",
    ],
)
def test_address_that_requests_would_rewrite_is_refused_as_it_stands(looked_up, url):
    """Guard: address_of before the request is prepared; `requests` translates, strips, or takes the password out."""
    session = ProviderSession(provider="slack")
    with pytest.raises(HostRefused):
        session.request("GET", url, operation="x", deadline=Deadline.after_ms(1000))
    assert looked_up == []


def test_absolute_url_out_of_an_answer_is_checked_too(looked_up):
    session = ProviderSession(provider="emailbison", base_url="https://dedi.emailbison.com")
    for url in ("https://evil.example/next?page=2", "https://dedi.emailbison.com\\@evil.example/"):
        with pytest.raises(HostRefused):
            session.request("GET", url, operation="x", deadline=Deadline.after_ms(1000))
    assert looked_up == []


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "/https://evil.example/", "/@evil.example/", "/\\evil.example"]
)
def test_path_out_of_an_answer_stays_on_the_host_of_its_account(looked_up, path):
    session = ProviderSession(provider="emailbison", base_url="https://dedi.emailbison.com", max_retries=0)
    with pytest.raises(ProviderUnreachable):
        session.request("GET", path, operation="x", deadline=Deadline.after_ms(1000))
    assert looked_up == ["dedi.emailbison.com"]


def test_request_that_was_made_elsewhere_is_checked_by_what_sends_it(looked_up):
    request = requests.Request("GET", "https://evil.example\\.unipile.com/api").prepare()
    with pytest.raises(HostRefused, match=r"evil\.example is not allowed"):
        adapter_of("unipile").send(request)
    assert looked_up == []


PIECES = [
    "",
    "a",
    ".",
    "..",
    "-",
    "@",
    ":",
    "\\",
    "%5c",
    "%2e",
    "\t",
    "\n",
    " ",
    "\x00",
    "é",
    "。",
    "/",
    "?",
    "#",
    ";",
    "[",
    "]",
    "443",
    "[::1]",
]


@pytest.mark.parametrize("before", PIECES)
def test_what_is_let_through_is_read_alike_by_everything_that_sends_it(before):
    """Every parser on the way must see the host that was checked."""
    urls = [
        url
        for between in PIECES
        for url in (
            f"https://{before}evil.example{between}unipile.com/x",
            f"https://unipile.com{between}{before}evil.example/x",
            f"https:{before}//unipile.com{between}evil.example",
            f"https://unipile.com{before}{between}",
        )
    ]
    for url in urls:
        try:
            check_url("unipile", url)
        except HostRefused:
            continue
        request = requests.Request("GET", url).prepare()
        connects_to, _ = adapter_of("unipile").build_connection_pool_key_attributes(request, True)
        address = address_of("unipile", url)
        assert address.host == "unipile.com" or address.host.endswith(".unipile.com")
        for read in (parse_url(url), parse_url(request.url)):
            assert (read.scheme, read.host.removesuffix("."), read.port or 443) == address
        assert connects_to["host"].removesuffix(".") == address.host
        assert (connects_to["port"] or 443) == address.port


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(settings, status):
    settings.ALLOW_LOOPBACK_PROVIDERS = True
    with (
        FaultServer(answer()) as target,
        FaultServer(answer(status, headers={"Location": target.url})) as server,
    ):
        session = ProviderSession(
            provider="slack", base_url=server.url, headers={"Authorization": "Bearer k"}
        )
        with pytest.raises(Exception, match=str(status)):
            session.request("GET", "/x", operation="x", deadline=Deadline.after_ms(2000))
        assert (server.calls, target.calls) == (1, 0)


class TestInstallationKeys:
    """The keys of the installation open everybody's accounts: they are sent to the operator's address only."""

    @pytest.fixture(autouse=True)
    def keys(self, settings):
        for name, value in OPERATORS.items():
            setattr(settings, name, value)

    def linkedin(self, **fields):
        return Integration(provider="unipile", external_account_id="acc-1", **fields)

    @pytest.mark.parametrize(
        "url", ["", "https://api8.unipile.com:13851", "https://API8.unipile.com.:13851/"]
    )
    def test_linkedin_key_goes_to_the_operators_address(self, url):
        account = self.linkedin(config={"base_url": url})
        assert UnipileClient.for_integration(account)._session.headers == {"X-API-KEY": "key-of-all"}
        assert accounts.usable(account)

    @pytest.mark.parametrize(
        "url",
        [
            "https://evil.example",
            "https://evil.example\\.unipile.com",
            "https://api9.unipile.com:13851",
            "https://api8.unipile.com:13852",
            "https://api8.unipile.com",
            "http://api8.unipile.com:13851",
            "https://x.api8.unipile.com:13851",
        ],
    )
    def test_stored_account_with_another_address_gets_no_key_of_the_installation(self, url):
        account = self.linkedin(config={"base_url": url})
        with pytest.raises(ProviderMisconfigured, match="api_key isn’t set"):
            UnipileClient.for_integration(account)
        assert not accounts.usable(account)
        account.credentials = {"api_key": "own"}
        assert UnipileClient.for_integration(account)._session.headers == {"X-API-KEY": "own"}

    def test_linkedin_key_goes_nowhere_where_the_operator_has_set_no_address(self, settings):
        settings.UNIPILE_DSN = ""
        for url in ("", "https://api8.unipile.com:13851"):
            with pytest.raises(ProviderMisconfigured):
                UnipileClient.for_integration(self.linkedin(config={"base_url": url}))

    def test_slack_token_goes_to_the_operators_address_only(self):
        account = Integration(provider="slack", config={"channel": "C1"})
        assert SlackClient.for_integration(account)._token == "xoxb-of-all"
        assert accounts.usable(account)
        account.config = {"channel": "C1", "base_url": "https://evil.slack.com/api"}
        with pytest.raises(ProviderMisconfigured, match="bot_token isn’t set"):
            SlackClient.for_integration(account)
        assert not accounts.usable(account)

    def test_other_providers_have_no_key_of_the_installation(self):
        with pytest.raises(ProviderMisconfigured, match="api_key isn’t set"):
            EmailBisonClient.for_integration(Integration(provider="emailbison"))
