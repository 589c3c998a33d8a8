"""The ledger's pages: list, filters, detail, dry run, replay, and the job for all that failed."""

import pytest
from django.urls import reverse

from inbox.intake import handlers
from inbox.models import AuditEntry, Message, WebhookDelivery
from inbox.webhooks import replay
from integrations.events import MessageEvent
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests.factories import ago, make_delivery, make_integration, make_lead, make_workspace
from tests.recorded import payload
from tests.webhooks.posting import encoded

Verdict = WebhookDelivery.Verdict
BODY = encoded(payload("smartlead", "email_reply"))


@pytest.fixture
def integration(workspace):
    return make_integration(workspace, "smartlead")


@pytest.fixture
def failed(workspace, integration):
    return make_delivery(
        workspace, integration=integration, source="smartlead", event_type="EMAIL_REPLY", verdict=Verdict.FAILED,
        reason="ZeroDivisionError at inbox.x:1", body=BODY, body_bytes=len(BODY), received_at=ago(minutes=5),
        headers={"User-Agent": "SmartLead/1.0"},
    )  # fmt: skip


@pytest.fixture
def url(workspace):
    return lambda name, *args: reverse(f"inbox:{name}", args=[workspace.pk, *args])


def test_list_shows_newest_first_and_this_workspace_only(people, workspace, failed, url):
    make_delivery(workspace, event_type="LEAD_REPLIED", received_at=ago(minutes=1))
    make_delivery(None, event_type="FOREIGN_EVENT")
    page = people.owner.get(url("deliveries")).content.decode()
    assert page.index("LEAD_REPLIED") < page.index("EMAIL_REPLY")
    assert "FOREIGN_EVENT" not in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"verdict": "failed"}, {"EMAIL_REPLY"}),
        ({"source": "calendly"}, {"invitee.created"}),
        ({"event": "lead_replied"}, {"LEAD_REPLIED"}),
        ({"q": "dana@example.org"}, {"LEAD_REPLIED"}),
        ({"q": "invitee.created:IN1"}, {"invitee.created"}),
        ({"until": "2020-01-01"}, set()),
        ({"since": "2020-01-01"}, {"EMAIL_REPLY", "LEAD_REPLIED", "invitee.created"}),
        ({"verdict": "nonsense"}, set()),
    ],
)
def test_filters_narrow_the_list(people, workspace, failed, url, query, shown):
    make_delivery(workspace, event_type="LEAD_REPLIED", lead=make_lead(workspace, email="dana@example.org"))
    make_delivery(workspace, source="calendly", event_type="invitee.created", event_key="invitee.created:IN1")
    table = people.owner.get(url("deliveries"), query).context["page"].rows
    assert {row.event_type for row in table} == shown


def test_detail_shows_body_pretty_and_raw(people, failed, url):
    address = url("delivery", failed.pk)
    pretty, raw = (people.owner.get(address, {"show": show}).context["text"] for show in ("pretty", "raw"))
    assert '\n  "stats_id": "st-gcr80tD3z2"' in pretty
    assert raw == BODY.decode().replace("whsec_example", "••••")


@pytest.mark.parametrize(("numbers", "cut"), [(40_000, True), (2_000, False)])
def test_detail_says_that_a_body_is_cut_when_its_indented_form_is(people, workspace, url, numbers, cut):
    body = encoded({"list": [1] * numbers})
    assert len(body) < 200_000
    row = make_delivery(workspace, source="smartlead", body=body)
    page = people.owner.get(url("delivery", row.pk), {"show": "pretty"})
    assert page.context["text"].endswith("}") is not cut
    assert ("Shortened to 200" in page.content.decode()) is cut
    raw = people.owner.get(url("delivery", row.pk), {"show": "raw"})
    assert raw.context["text"] == body.decode() and not raw.context["cut"]


def test_detail_of_an_unusable_body_names_what_is_wrong(people, workspace, url):
    bad = make_delivery(
        workspace,
        source="smartlead",
        verdict=Verdict.REJECTED,
        body=b'{"event_type": ',
        error_fields={"body": "must be JSON"},
    )
    page = people.owner.get(url("delivery", bad.pk))
    assert "must be JSON" in page.content.decode() and page.context["text"] == "body: must be JSON"


def test_detail_without_a_body_says_so(people, workspace, url):
    page = people.owner.get(url("delivery", make_delivery(workspace, body=None).pk))
    assert "has been deleted" in page.content.decode()


def test_dry_run_says_what_would_happen_and_keeps_nothing(people, failed, url):
    page = people.owner.post(url("delivery-replay", failed.pk), {"do": "dry"})
    assert "Accepted: 1 message, 1 lead, 1 job." in page.content.decode()
    assert not Message.objects.exists() and WebhookDelivery.objects.count() == 1


def test_dry_run_links_to_the_page_of_the_delivery_to_show_the_body_another_way(people, failed, url):
    page = people.owner.post(url("delivery-replay", failed.pk), {"do": "dry"}).content.decode()
    assert f'href="{url("delivery", failed.pk)}?show=raw"' in page


def test_replay_does_it_and_records_who(people, failed, url):
    response = people.owner.post(url("delivery-replay", failed.pk), {"do": "run"})
    assert response.status_code == 302
    assert Message.objects.get().workspace == failed.workspace
    assert AuditEntry.objects.get().actor == people.users.owner
    assert "Previous replays" in people.owner.get(url("delivery", failed.pk)).content.decode()


def test_replay_without_a_body_is_refused_in_words(people, workspace, url):
    delivery = make_delivery(workspace, body=None)
    page = people.owner.post(url("delivery-replay", delivery.pk), {"do": "run"}, follow=True)
    assert "has been deleted" in page.content.decode()


def test_replay_of_all_failed_is_one_job_with_its_progress(people, workspace, failed, url):
    people.owner.post(url("deliveries-replay"), {"hours": "24"})
    job = BackgroundJob.objects.get(kind=replay.JOB)
    assert job.workspace == workspace and job.payload["verdict"] == "failed"
    BackgroundJob.objects.filter(pk=job.pk).update(progress_done=3, progress_total=7)
    assert "3 of 7" in people.owner.get(url("deliveries-progress")).content.decode()
    assert AuditEntry.objects.get().action == "deliveries.replayed"


@pytest.mark.parametrize("hours", ["", "9999", "x"])
def test_replay_of_no_known_span_starts_nothing(people, failed, url, hours):
    people.owner.post(url("deliveries-replay"), {"hours": hours})
    assert not BackgroundJob.objects.exists()


def test_replay_with_nothing_to_do_starts_nothing(people, url):
    page = people.owner.post(url("deliveries-replay"), {"hours": "24"}, follow=True)
    assert (
        "No delivery has failed in the last" in page.content.decode() and not BackgroundJob.objects.exists()
    )


@pytest.mark.parametrize("name", ["deliveries", "deliveries-progress"])
def test_members_who_are_no_admins_stay_out(people, name, url):
    assert people.member.get(url(name)).status_code == 403


def test_defect_still_there_shows_as_failed_again(people, failed, url, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setitem(handlers.HANDLERS, MessageEvent, broken)
    page = people.owner.post(url("delivery-replay", failed.pk), {"do": "dry"}).content.decode()
    assert "Failed on our side" in page


def test_admins_see_in_the_menu_that_something_failed(people, failed, url):
    assert "1 failed" in people.owner.get(url("rules")).content.decode()
    assert "1 failed" not in people.member.get(url("rules")).content.decode()


def test_failed_in_the_list_is_what_the_menu_counts(people, workspace, integration, failed, url):
    """What is repaired, or can no more be replayed, left the menu's number and stayed in the list."""
    same = {"integration": integration, "source": "smartlead", "verdict": Verdict.FAILED}
    emptied = make_delivery(workspace, **same, body=None, received_at=ago(days=40))
    repaired = make_delivery(workspace, **same, received_at=ago(days=2))
    make_delivery(workspace, source="smartlead", replay_of=repaired)
    rows = people.owner.get(url("deliveries"), {"verdict": "failed"}).context["page"].rows
    assert [row.pk for row in rows] == [failed.pk]
    page = people.owner.get(url("deliveries"), {"verdict": "settled"})
    assert {row.pk for row in page.context["page"].rows} == {emptied.pk, repaired.pk}
    assert "1 failed" in page.text
    assert "body deleted" in page.text and ">repaired<" in page.text


def test_another_workspaces_failures_are_in_neither_list(people, failed, url):
    make_delivery(make_workspace("Bluebird"), verdict=Verdict.FAILED)
    for verdict, count in (("failed", 1), ("settled", 0)):
        assert len(people.owner.get(url("deliveries"), {"verdict": verdict}).context["page"].rows) == count


STRANGE = encoded(
    {
        "event": {"type": "LEAD_REPLIED"},
        "data": {"answer": {"words": "my cat is called Rex"}, "lead": {"id": 7, "rex@example.org": 1}},
    }
)


def refused(workspace, **fields) -> WebhookDelivery:
    about = {"verdict": Verdict.REJECTED, "event_type": "", "body": STRANGE, "received_at": ago(minutes=5)}
    about |= {"headers": {"X-Bison-Signature": "[secret]", "User-Agent": "x"}}
    return make_delivery(workspace, **about | fields)


def test_a_refused_form_stands_beside_the_nearest_one_by_names_alone(people, workspace, url):
    row = refused(workspace, error_fields={"data.reply": "LEAD_REPLIED needs the reply with its id"})
    page = people.owner.get(url("delivery", row.pk))
    report = page.context["form"].report
    assert "Closest known event: LEAD_REPLIED" in report and str(row.pk) in report
    assert "Only in this request: data.answer, data.lead.*" in report
    assert "Only in the closest event: data.campaign, data.campaign_event, data.lead.bounces" in report
    assert "header x-bison-signature" in report and "needs the reply with its id" in report
    assert "Rex" not in report and "rex" not in report
    assert 'data-copy="form-report"' in page.content.decode()


def test_an_unknown_form_stands_beside_the_one_that_it_is_most_like(people, workspace, url):
    body = encoded(
        {
            "kind": "reply",
            "account_id": "a",
            "account_info": {},
            "chat_id": "c",
            "message_id": "m",
            "message": "x",
        }
        | {"sender": {}, "attendees": [], "is_sender": False, "attachments": [], "subject": ""}
    )
    row = refused(workspace, source="linkedin", body=body)
    assert (
        "Closest known event: message_received"
        in people.owner.get(url("delivery", row.pk)).context["form"].report
    )


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"verdict": Verdict.IGNORED, "event_type": "LEAD_FORWARDED"}, True),
        ({"verdict": Verdict.IGNORED, "event_type": "LEAD_REPLIED"}, True),  # a release has learned it since
        ({"verdict": Verdict.IGNORED, "event_type": "EMAIL_ACCOUNT_ADDED"}, False),  # known, and not used
        ({"verdict": Verdict.ACCEPTED, "event_type": "LEAD_REPLIED"}, False),
        ({"body": None}, False),
        ({"body": b"{"}, False),
        ({"source": "gone"}, False),
    ],
)
def test_a_form_is_shown_only_where_it_says_something(people, workspace, url, fields, shown):
    row = refused(workspace, **fields)
    assert bool(people.owner.get(url("delivery", row.pk)).context["form"]) is shown


def test_all_of_one_kind_are_replayed_by_one_press_and_no_others(people, workspace, url):
    rows = [
        refused(workspace, verdict=Verdict.IGNORED, event_type="LEAD_REPLIED", body=b"{}") for _ in range(3)
    ]
    refused(workspace, verdict=Verdict.IGNORED, event_type="EMAIL_OPENED")
    refused(make_workspace(), verdict=Verdict.IGNORED, event_type="LEAD_REPLIED")
    form = {"hours": "720", "verdict": "ignored", "source": "email", "event_type": "LEAD_REPLIED"}
    page = people.owner.post(url("deliveries-replay"), form, follow=True)
    assert "Replaying 3 deliveries that have been ignored" in page.content.decode()
    drain()
    runs = WebhookDelivery.objects.exclude(replay_of=None)
    assert set(runs.values_list("replay_of", flat=True)) == {row.pk for row in rows}
    assert AuditEntry.objects.get(action="deliveries.replayed").data["event_type"] == "LEAD_REPLIED"


def test_what_is_ignored_again_waits_for_the_next_release(workspace, integration):
    row = refused(workspace, integration=None, verdict=Verdict.IGNORED, event_type="LEAD_FORWARDED")
    make_delivery(workspace, verdict=Verdict.IGNORED, replay_of=row)
    assert list(replay.unrepaired(verdict="ignored")) == [row]
    make_delivery(workspace, verdict=Verdict.ACCEPTED, replay_of=row)
    assert not replay.unrepaired(verdict="ignored").exists()


def test_a_verdict_that_is_not_offered_starts_nothing(people, workspace, url):
    refused(workspace, verdict=Verdict.MISMATCH)
    people.owner.post(url("deliveries-replay"), {"hours": "24", "verdict": "mismatch"})
    assert not BackgroundJob.objects.exists()
