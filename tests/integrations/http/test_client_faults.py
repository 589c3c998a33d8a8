"""Each client against a provider that misbehaves on the socket: what it is called, how many calls, and time kept."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from integrations.calendly.client import CalendlyClient
from integrations.carriers import Answered, Recipient
from integrations.clay.client import ClayClient, Table
from integrations.emailbison.client import EmailBisonClient
from integrations.errors import CallCancelled, CallInterrupted, ProviderError, ProviderTimeout
from integrations.ghl.client import GhlClient
from integrations.instantly.client import InstantlyClient
from integrations.models import Integration
from integrations.openai.client import OpenAIClient
from integrations.openai.schema import ModelAnswer
from integrations.slack.client import SlackClient
from integrations.smartlead.client import SmartLeadClient
from integrations.unipile.client import UnipileClient
from jobs import deadline as deadlines
from jobs.deadline import Deadline
from tests import forms
from tests.integrations import fault_server as faults
from tests.integrations.fault_server import FaultServer, FullBacklog, answer
from tests.waiting import SLACK_S

pytestmark = [pytest.mark.django_db, pytest.mark.faults]

BUDGET_MS = 500
ROOMY_MS = 3_000
"""For what answers at once: a hiccup of the machine shall not cost a retry."""


class Said(ModelAnswer):
    text: str


def connect(client, provider, url, **config):
    return client.for_integration(
        Integration(
            provider=provider,
            external_account_id="acc",
            config={"base_url": url, **config},
            credentials={"api_key": "k", "bot_token": "xoxb"},
        )
    )


def ask(url, deadline):
    settings.OPENAI_BASE_URL = url
    return OpenAIClient().ask(
        feature="x",
        prompt_version="1",
        model="gpt-5-mini",
        instructions="i",
        text="t",
        schema=Said,
        max_output_tokens=100,
        workspace_id=None,
        deadline=deadline,
    )


Operation = Callable[[str, Deadline], object]
READS: dict[str, Operation] = {
    "emailbison": lambda url, d: connect(EmailBisonClient, "emailbison", url).sent_emails("1", d),
    "unipile": lambda url, d: connect(UnipileClient, "unipile", url).profile("dana", d),
    "ghl": lambda url, d: connect(GhlClient, "ghl", url).contact("c1", d),
    "slack": lambda url, d: connect(SlackClient, "slack", url).identity(d),
    "smartlead": lambda url, d: connect(SmartLeadClient, "smartlead", url).campaigns(d),
    "instantly": lambda url, d: connect(InstantlyClient, "instantly", url).emails_of("a@example.com", d),
    "calendly": lambda url, d: connect(CalendlyClient, "calendly", url).me(d),
    "openai": ask,
}
SENDS: dict[str, Operation] = {
    "emailbison": lambda url, d: connect(EmailBisonClient, "emailbison", url).reply(
        "1", message_html="<p>x</p>", sender_email_id="2", to=[Recipient("a@example.com")], deadline=d
    ),
    "unipile": lambda url, d: connect(UnipileClient, "unipile", url).send_message("ACo", "x", d),
    "ghl": lambda url, d: connect(GhlClient, "ghl", url).send_sms("c1", "x", d),
    "clay": lambda url, d: connect(ClayClient, "clay", "", linkedin_table_url=url).add_row(
        Table.LINKEDIN, {}, d
    ),
    "slack": lambda url, d: connect(SlackClient, "slack", url, channel="C1").post("x", d),
    "slack by webhook": lambda url, d: SlackClient.for_integration(
        Integration(provider="slack", credentials={"webhook_url": f"{url}/services/T1/B1"})
    ).post("x", d),
    "smartlead": lambda url, d: connect(SmartLeadClient, "smartlead", url).reply(
        Answered(
            external_id="m",
            thread_id="s",
            account_address="us@example.com",
            subject="x",
            body="x",
            sent_at=datetime(2026, 11, 30, tzinfo=UTC),
            campaign_id="1",
        ),
        to_email="a@example.com",
        html="x",
        deadline=d,
    ),
    "instantly": lambda url, d: connect(InstantlyClient, "instantly", url).reply(
        "u", eaccount="a@example.com", subject="x", text="x", deadline=d
    ),
}


@pytest.fixture(autouse=True)
def model_key(settings, monkeypatch):
    settings.OPENAI_API_KEY = "sk-test"
    settings.OPENAI_BASE_URL = settings.OPENAI_BASE_URL  # put back afterwards: `ask` changes it
    monkeypatch.setattr("integrations.http.retry.BACKOFF.multiplier", 0.005)
    warm_up()


@cache
def warm_up() -> None:
    """The first call of a process through OpenAI's SDK imports it, which takes more than a short Deadline."""
    with FaultServer(answer()) as server, suppress(ProviderError):
        READS["openai"](server.url, Deadline.after_ms(60_000))


def failed(operation, url, outcome="timeout"):
    """The error that the call ended with; asserts that it kept its time."""
    budget_ms = BUDGET_MS if outcome == "timeout" else ROOMY_MS
    began = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        operation(url, Deadline.after_ms(budget_ms))
    assert time.monotonic() - began <= budget_ms / 1000 + SLACK_S
    return caught.value


# Behaviour, what it is called, calls of a read (1 + retries), `sent` of a send.
TABLE = {
    "hangs after accepting": (faults.hang, "timeout", 1, None),
    "hangs in its headers": (faults.hang_in_headers, "timeout", 1, None),
    "hangs in its body": (faults.hang_in_body, "timeout", 1, None),
    "drips its headers": (faults.drip_headers, "timeout", 1, None),
    "drips its body": (faults.drip_body, "timeout", 1, None),
    "closes without a word": (faults.drop, "unreachable", 3, None),
    "resets": (faults.reset, "unreachable", 3, None),
    "breaks off in its body": (faults.cut_body, "provider_error", 3, None),
    "resets in its body": (faults.reset_body, "provider_error", 3, None),
    "answers 503": (answer(503, {}), "provider_error", 3, None),
    "answers 429 with a date": (
        answer(429, {}, {"Retry-After": "Wed, 21 Oct 2093 07:28:00 GMT"}),
        "rate_limited",
        1,
        False,
    ),
    "answers 429 for an hour": (answer(429, {}, {"Retry-After": "3600"}), "rate_limited", 1, False),
    "answers 401": (answer(401, {}), "auth", 1, False),
    "answers 400": (answer(400, {}), "rejected", 1, False),
}
NEEDS_JSON = {
    "answers half a JSON": (faults.half_json, "provider_error", 3, None),
    "answers HTML": (faults.html, "provider_error", 3, None),
    "answers nothing": (faults.empty, "provider_error", 3, None),
}


@pytest.mark.parametrize(("provider", "fault"), forms.spread(READS, TABLE | NEEDS_JSON, one_in=4))
def test_a_read(provider, fault, reports):
    behaviour, outcome, calls, _ = (TABLE | NEEDS_JSON)[fault]
    with FaultServer(behaviour) as server:
        error = failed(READS[provider], server.url, outcome)
        assert server.calls == calls
    assert (error.outcome, [report.outcome for report in reports]) == (outcome, [outcome])


@pytest.mark.parametrize(("provider", "fault"), forms.spread(SENDS, TABLE, one_in=4))
def test_a_send_is_made_once(provider, fault, reports):
    behaviour, outcome, _, sent = TABLE[fault]
    with FaultServer(behaviour) as server:
        error = failed(SENDS[provider], server.url, outcome)
        assert server.calls == 1
    assert (error.outcome, error.sent) == (outcome, sent)
    assert [report.outcome for report in reports] == [outcome]


@pytest.mark.parametrize("provider", READS)
def test_a_read_from_a_server_that_does_not_accept(provider, reports):
    with FullBacklog() as server:
        error = failed(READS[provider], server.url)
    assert (error.outcome, [report.outcome for report in reports]) == ("timeout", ["timeout"])


@pytest.mark.parametrize("provider", SENDS)
def test_a_send_to_a_server_that_does_not_accept_never_left(provider):
    with FullBacklog() as server:
        error = failed(SENDS[provider], server.url)
    assert (error.outcome, error.sent) == ("timeout", False)


STOPS = {"cancelled": CallCancelled, "shutdown": CallInterrupted}


@pytest.fixture
def stop(request, monkeypatch):
    """A server's behaviour: the reason to stop comes up when it has the request, and it says nothing more."""
    raised = {name: threading.Event() for name in STOPS}
    monkeypatch.setattr(deadlines, "shutdown_requested", raised["shutdown"])

    def behave(server, conn) -> None:
        raised[request.param].set()
        faults.hang(server, conn)

    return request.param, behave, raised["cancelled"].is_set


@pytest.mark.parametrize(("provider", "stop"), forms.spread(READS, STOPS, one_in=2), indirect=["stop"])
def test_a_read_ends_with_its_caller_and_is_not_tried_again(provider, stop, reports, caplog):
    caplog.set_level(logging.INFO, logger="integrations.http.call_reports")
    reason, behave, cancelled = stop
    with FaultServer(behave) as server:
        with pytest.raises(STOPS[reason]):  # and no timeout
            READS[provider](server.url, Deadline.after_ms(20_000, cancelled=cancelled))
        assert server.calls == 1
    assert [report.outcome for report in reports] == [reason]
    assert [line.levelno for line in caplog.records] == [logging.INFO]


@pytest.mark.parametrize(("provider", "stop"), forms.spread(SENDS, STOPS, one_in=2), indirect=["stop"])
def test_a_send_under_way_is_ended_by_its_time_alone(provider, stop):
    """Cutting it off for its caller would turn an outcome that is about to be known into an unknown one."""
    _, behave, cancelled = stop
    with FaultServer(behave) as server:
        began = time.monotonic()
        with pytest.raises(ProviderTimeout):
            SENDS[provider](server.url, Deadline.after_ms(BUDGET_MS, cancelled=cancelled))
        assert BUDGET_MS / 1000 <= time.monotonic() - began <= BUDGET_MS / 1000 + SLACK_S
        assert server.calls == 1


def test_every_client_is_in_the_suite():
    folder = Path(__file__).parents[3] / "integrations"
    tested = {name.split()[0] for name in READS.keys() | SENDS.keys()}
    assert {path.parent.name for path in folder.glob("*/client.py")} == tested
