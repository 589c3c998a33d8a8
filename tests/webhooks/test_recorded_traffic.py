"""What a replayed line is held against: its recorded verdict, or what became of it in a run before."""

import pytest

from inbox.models import WebhookDelivery
from inbox.webhooks import recorded_traffic
from inbox.webhooks.recorded_traffic import Answer, RecordedDelivery, Replayer, _unmet
from integrations.models import WebhookKey
from tests import factories


def answer(number: int, expect: str, verdict: str, *, again: bool = False, state: bool = False) -> Answer:
    body = {"AccountStatus": {}} if state else {"event": number}
    return Answer(RecordedDelivery(number, 0, "northwind", "email", body, expect), verdict, again)


def told(*group: Answer) -> list[tuple[int, str, str]]:
    return [(line.number, expected, verdict) for line, expected, verdict in _unmet(list(group))]


def test_a_line_that_was_accepted_before_is_a_duplicate_now():
    assert told(answer(1, "accepted", "duplicate", again=True)) == []
    assert told(answer(1, "accepted", "accepted", again=True)) == [(1, "duplicate", "accepted")]


def test_a_line_that_was_not_posted_before_is_judged_as_recorded():
    assert told(answer(1, "accepted", "accepted")) == []
    assert told(answer(1, "accepted", "duplicate")) == [(1, "accepted", "duplicate")]
    assert told(answer(1, "rejected", "accepted", again=True)) == [(1, "rejected", "accepted")]


def test_an_accounts_state_is_news_again_unless_it_was_the_last():
    assert told(answer(1, "accepted", "accepted", again=True, state=True)) == []
    assert told(answer(1, "accepted", "duplicate", again=True, state=True)) == []
    assert told(answer(1, "accepted", "rejected", again=True, state=True)) == [(1, "duplicate", "rejected")]
    assert told(answer(1, "accepted", "duplicate", state=True)) == [(1, "accepted", "duplicate")]


def test_verdicts_swap_within_a_moment_of_which_one_was_accepted_before():
    before = [answer(1, "accepted", "duplicate"), answer(2, "duplicate", "duplicate", again=True)]
    assert told(*before) == []
    first = [answer(1, "accepted", "duplicate"), answer(2, "duplicate", "accepted")]
    assert told(*first) == []
    both = [answer(1, "accepted", "accepted"), answer(2, "duplicate", "accepted")]
    assert told(*both) == [(2, "duplicate", "accepted")]


@pytest.mark.django_db
def test_a_lead_that_a_body_names_is_the_one_of_the_labels_workspace():
    workspaces = {label: factories.make_workspace() for label in ("northwind", "bluebird")}
    leads = {label: factories.make_lead(workspaces[label], email="dana@example.org") for label in workspaces}
    replayer = Replayer("", workspaces)
    line = RecordedDelivery(1, 0, "northwind", "clay", {}, "accepted")
    for name, label in (("", "northwind"), ("northwind:", "northwind"), ("bluebird:", "bluebird")):
        body = recorded_traffic.LEAD.search(f"{{{{lead:{name}Dana@example.org}}}}")
        assert replayer._lead_id(line, body) == str(leads[label].pk)


@pytest.mark.django_db(transaction=True)
def test_a_day_that_is_posted_again_meets_its_expectations_also_where_a_body_has_a_secret(live_server):
    """Its digest is stored of the body without the secret."""
    workspace = factories.make_workspace()
    account = factories.make_integration(workspace, "smartlead")
    WebhookKey.issue(account)
    body = {
        "event_type": "LEAD_UNSUBSCRIBED",
        "campaign_id": 501,
        "sl_lead_email": "dean@farrowfeed.example.com",
        "event_timestamp": "2026-10-14T19:02:56Z",
        "secret_key": "whsec_example",
    }
    lines = [RecordedDelivery(1, 0, "copperfield", "smartlead", body, "accepted")]
    workspaces = {"copperfield": workspace}
    for _ in range(3):
        before = recorded_traffic.accepted_before(workspaces.values())
        report = Replayer(live_server.url, workspaces, before=before).run(lines)
        assert (report.posted, report.unmet) == (1, [])
    assert sorted(WebhookDelivery.objects.values_list("verdict", flat=True)) == [
        "accepted",
        "duplicate",
        "duplicate",
    ]
