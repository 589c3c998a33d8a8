"""A provider that changes its form is noticed: by name, once, and never where nothing has changed."""

import contextlib
import copy
from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.urls import reverse

from inbox import guarantees
from inbox.models import DatabaseOrigin, Deviation, WebhookDelivery
from inbox.webhooks import contract_watch
from integrations import contract, registry
from integrations.emailbison import payloads
from jobs.deadline import Deadline
from jobs.ticks import TICKS, run_tick
from tests.factories import make_delivery
from tests.recorded import DAY_START, Line, documented, payload, traffic
from tests.webhooks.posting import Poster

pytestmark = pytest.mark.django_db
PROXY = {
    "User-Agent": "GuzzleHttp/7",
    "X-Forwarded-For": "203.0.113.9",
    "X-Request-Id": "r-1",
    "Cf-Ray": "8f1",
    "Traceparent": "00-1",
    "Authorization": "Bearer of-a-proxy-that-we-do-not-ask",
}
BROKEN = {("email", "event", "LEAD_REPLIED_V2"), ("email", "field", "data.reply.id.value")}
"""What the recorded day says itself is strange: an invented event type, and an object for an id."""


@pytest.fixture
def northwind(poster: Poster) -> Poster:
    return poster


def post(poster: Poster, lines: list[Line], headers: dict[str, str] = PROXY) -> None:
    for line in lines:
        with time_machine.travel(line.at, tick=False):
            poster.post(line.source, line.body, **headers)


def watch(at: timedelta) -> dict[str, int]:
    with time_machine.travel(DAY_START + at, tick=False):
        return contract_watch.tick(Deadline.after_ms(20_000))


def found() -> set[tuple[str, str, str]]:
    return set(Deviation.objects.values_list("source", "kind", "name"))


def test_a_recorded_day_is_plain_and_ten_changes_of_it_are_named_within_an_hour(northwind, caplog):
    lines = list(traffic())
    post(northwind, lines)
    assert watch(timedelta(hours=12))["compared"] == WebhookDelivery.objects.count() > 600
    assert found() == BROKEN

    sources = ("email", "ghl/sms", "linkedin", "smartlead", "instantly", "calendly")
    first = {
        source: next(
            line
            for line in lines
            if (line.source, line.expect) == (source, "accepted")
            and (source != "email" or line.body["data"].get("lead"))
        )
        for source in sources
    }

    def change(source: str, alter: Callable[[dict], object], **headers: str) -> None:
        body = copy.deepcopy(first[source].body)
        alter(body)
        with time_machine.travel(DAY_START + timedelta(hours=12), tick=False):
            northwind.post(source, body, **PROXY | headers)

    change("email", lambda body: body["event"].update(type="LEAD_FORWARDED"))
    change("email", lambda body: body["data"]["lead"].update(persona="cto"))
    change("email", lambda body: body["data"]["lead"].update(status="hibernating"))
    change("email", lambda body: None, **{"X-Bison-Signature": "t=1,v1=5f3a9c"})
    change("ghl/sms", lambda body: body["location"].update(region="EMEA"))
    change("linkedin", lambda body: body.update(conversation={"id": 1, "topic": "x"}))
    change("smartlead", lambda body: body.update(event_type="EMAIL_FORWARDED"))
    change("smartlead", lambda body: body.update(thread={"id": 7}))
    change("instantly", lambda body: body.update(event_type="reply_forwarded", type="reply_forwarded"))
    change("calendly", lambda body: body["payload"].update(host={"name": "x"}))
    assert TICKS["contract-watch"].every_s + contract_watch.SETTLED.total_seconds() < 3600
    watch(timedelta(hours=13))
    assert found() - BROKEN == {
        ("email", "event", "LEAD_FORWARDED"),
        ("email", "field", "data.lead.persona"),
        ("email", "status", "data.lead.status: hibernating"),
        ("email", "header", "x-bison-signature"),
        ("ghl/sms", "field", "location.region"),
        ("linkedin", "field", "conversation"),
        ("smartlead", "event", "EMAIL_FORWARDED"),
        ("smartlead", "field", "thread"),
        ("instantly", "event", "reply_forwarded"),
        ("calendly", "field", "payload.host"),
    }
    assert "data.lead.persona" in [record.__dict__.get("new") for record in caplog.records]
    row = Deviation.objects.get(name="x-bison-signature")
    delivery = WebhookDelivery.objects.get(pk=row.example)
    assert delivery.headers["X-Bison-Signature"] == "[secret]", "the name is kept, the value never"
    assert row.integration == northwind.integration("email")


@pytest.mark.parametrize("provider", ["smartlead", "instantly", "emailbison"])
def test_what_a_provider_publishes_is_in_its_contract(provider):
    address = registry.address_of(provider)
    assert {name: address.contract.deviations(body, {}) for name, body in documented(provider).items()} == {
        name: set() for name in documented(provider)
    }


def test_every_event_that_is_read_is_in_the_contract_of_its_address():
    for name, source in registry.webhook_sources().items():
        contract_events = set(source.contract.events)
        ours = {"enrichment.linkedin", "enrichment.phone", "InboundSMS", "Appointment"}  # names that we give
        assert {event for event in source.events if name != "ghl/sms"} - ours <= contract_events, name


def test_names_of_people_s_own_fields_and_their_values_are_no_news():
    email = registry.webhook_source("email").contract
    body = {"event": {"type": "LEAD_REPLIED"}, "data": {"lead": {"custom_variables": [{"Dog": "Rex"}]}}}
    assert email.deviations(body, {}) == set()
    unnamed = {("field", "data.lead.*"), ("status", "data.lead.status: *"), ("header", "*")}
    headers = {"X-Reply-To-4155550199": ""}
    for words in ("said “never mail me”", "please never mail me", "dana@reyes.example", "call 4155550199"):
        body["data"]["lead"] = {"dana@reyes.example": 1, "4155550199": 2, "Dana Reyes": 3, "status": words}
        assert email.deviations(body, headers) == unnamed, "no name, address, number or sentence is kept"
    instantly = registry.webhook_source("instantly").contract
    assert instantly.deviations({"event_type": "Do Not Contact", "favourite_colour": "red"}, {}) == set()
    clay = registry.webhook_source("clay").contract
    row = {"leadId": "1", "type": "Dana Reyes", "result": "dana-reyes", "outcome": "Reyes Dental"}
    assert clay.deviations(row, {}) == set(), "people name the columns of a table"
    slack = registry.webhook_source("slack/interactions").contract
    inputs = {"type": "block_actions", "function_data": {"inputs": {"customer": "Dana"}}}
    assert slack.deviations(inputs, {}) == set()


def test_what_was_counted_is_not_counted_again_and_operators_are_told_anew_at_ten_times_as_many(
    northwind, caplog
):
    body = payload("smartlead", "email_reply") | {"mood": "good"}

    def come(times: int, at: timedelta) -> None:
        for number in range(times):
            with time_machine.travel(DAY_START + at + timedelta(milliseconds=number), tick=False):
                northwind.post("smartlead", body)

    come(2, timedelta(0))
    assert watch(timedelta(seconds=30)) == {"compared": 0, "told": 0}, "their transactions may not have ended"
    assert watch(timedelta(minutes=5)) == {"compared": 2, "told": 1}
    assert watch(timedelta(minutes=6)) == {"compared": 0, "told": 0}
    come(17, timedelta(minutes=7))
    assert watch(timedelta(minutes=12))["told"] == 0
    come(1, timedelta(minutes=13))
    assert watch(timedelta(minutes=20))["told"] == 1
    row = Deviation.objects.get(kind="field")
    assert (row.count, row.told_count, row.name) == (20, 20, "mood")
    assert row.example == WebhookDelivery.objects.order_by("-pk").first().pk
    reports = [record for record in caplog.records if record.__dict__.get("new") == "mood"]
    assert [record.__dict__["count"] for record in reports] == [2, 20]


def test_a_slice_that_another_process_has_counted_is_not_counted_twice(northwind, monkeypatch):
    with time_machine.travel(DAY_START, tick=False):
        northwind.post("smartlead", payload("smartlead", "email_reply") | {"mood": "good"})
    deviations = contract_watch._deviations

    def slow(delivery):
        monkeypatch.setattr(contract_watch, "_deviations", deviations)
        contract_watch.tick(Deadline.after_ms(20_000))  # the other process, meanwhile
        yield from deviations(delivery)

    monkeypatch.setattr(contract_watch, "_deviations", slow)
    watch(timedelta(minutes=5))
    assert Deviation.objects.get().count == 1


def test_our_own_samples_replays_and_fetched_messages_are_not_compared(northwind):
    account, body = northwind.integration("email"), b'{"event": {"type": "STRANGE_ONE"}}'
    with time_machine.travel(DAY_START, tick=False):
        about = {"source": "email", "integration": account, "body": body, "received_at": DAY_START}
        first = make_delivery(northwind.workspace, **about, sample=True)
        make_delivery(northwind.workspace, **about, replay_of=first)
        make_delivery(northwind.workspace, **about, event_type="BACKFILL")
    assert watch(timedelta(minutes=5))["compared"] == 3
    assert not Deviation.objects.exists()


def test_an_account_that_sends_no_end_of_new_names_fills_no_table(northwind, monkeypatch):
    monkeypatch.setattr(contract_watch, "MOST", 5)
    with time_machine.travel(DAY_START, tick=False):
        northwind.post(
            "smartlead", payload("smartlead", "email_reply") | {f"new_{word}": 1 for word in "abcdefghij"}
        )
    watch(timedelta(minutes=5))
    assert Deviation.objects.exclude(name=contract.ANY).count() == 5
    others = Deviation.objects.get(name=contract.ANY)
    assert (others.kind, others.count, others.told_count) == ("field", 1, 1), "one delivery had more"
    with time_machine.travel(DAY_START + timedelta(minutes=6), tick=False):
        northwind.post("smartlead", payload("smartlead", "email_reply") | {"event_type": "EMAIL_FORWARDED"})
    assert watch(timedelta(minutes=10))["told"] == 1
    assert Deviation.objects.filter(kind="event", name=contract.ANY).count() == 1


def test_one_delivery_with_thousands_of_new_names_costs_no_more_than_one_with_some(
    northwind, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(contract_watch, "MOST", 5)
    with time_machine.travel(DAY_START, tick=False):
        names = {f"new_{''.join(letters)}": 1 for letters in product("abcdefghij", repeat=3)}
        northwind.post("smartlead", payload("smartlead", "email_reply") | names)
    with django_assert_max_num_queries(60):
        assert watch(timedelta(minutes=5))["compared"] == 1
    assert Deviation.objects.count() == 6


def test_operators_see_it_on_the_admin_s_first_page_in_doctor_and_in_the_metrics(northwind, client, capsys):
    with time_machine.travel(DAY_START, tick=False):
        northwind.post("smartlead", payload("smartlead", "email_reply") | {"mood": "good"})
    with time_machine.travel(DAY_START + timedelta(minutes=5), tick=False):
        run_tick("contract-watch")
        assert guarantees.contract_news()["smartlead"] == 1
        assert guarantees.contract_news()["email"] == 0
        with contextlib.suppress(CommandError):  # other things may be left to mend here
            call_command("doctor", "--no-providers")
        assert "field mood isn’t in the contract (1×, Northwind, SmartLead" in capsys.readouterr().out
        user = northwind.workspace.memberships.get(role="owner").user
        client.force_login(user)
        page = client.get(reverse("admin:index")).content.decode()
        assert "Provider changes" in page and "smartlead" in page
        rows = client.get(reverse("admin:inbox_deviation_changelist") + "?told=lately").content.decode()
        assert "mood" in rows
    with time_machine.travel(DAY_START + timedelta(days=8), tick=False):
        assert guarantees.contract_news()["smartlead"] == 0, "it is no news for ever"


def test_a_provider_without_a_contract_stops_the_start(tmp_path):
    module = type("payloads", (), {"__file__": str(tmp_path / "payloads.py")})
    with pytest.raises(ImproperlyConfigured, match=r"contract.toml does not declare what “email” receives"):
        contract.contract_of(module, "email")
    (tmp_path / "contract.toml").write_text("[email]\ntype = 'event'\n")
    with pytest.raises(ImproperlyConfigured, match="fields"):
        contract.contract_of(module, "email")
    with pytest.raises(ImproperlyConfigured, match="“other”"):
        contract.contract_of(payloads, "other")


def test_the_first_comparison_goes_a_day_back(northwind):
    DatabaseOrigin.objects.update(watched_through=None)
    with time_machine.travel(DAY_START, tick=False):
        northwind.post("smartlead", payload("smartlead", "email_reply"))
    assert watch(timedelta(hours=26))["compared"] == 0
