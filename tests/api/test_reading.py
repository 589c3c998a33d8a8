"""The lists and single rows of the API, as a program of one workspace reads them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from inbox.models import GateResult, Lead, Note, OutboundSend
from tests import factories
from tests.api.conftest import program_of
from tests.reading import reads

pytestmark = pytest.mark.django_db


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["data"]]


def test_a_lead_is_read_with_its_campaign_and_owner(program, workspace):
    owner = factories.make_member(workspace)
    lead = factories.make_lead(
        workspace, campaign=factories.make_campaign(workspace), assigned_to=owner, tag="Interested"
    )
    body = program.get(f"leads/{lead.pk}/").json()
    assert body["id"] == str(lead.pk) and body["firstName"] == "Dana" and body["tag"] == "Interested"
    assert body["campaign"]["name"] == lead.campaign.name
    assert body["assignedTo"] == {"id": owner.pk, "name": owner.name}
    assert body["updatedAt"].endswith("Z") and body["createdAt"].endswith("Z")


def test_each_filter_of_leads_selects(program, workspace):
    owner, campaign = factories.make_member(workspace), factories.make_campaign(workspace)
    lead = factories.make_lead(
        workspace,
        email="dana@example.org",
        alternate_emails=["other@example.org"],
        phone="+14155550100",
        tag="Objection",
        needs_reply=True,
        assigned_to=owner,
        campaign=campaign,
    )
    factories.make_lead(workspace)
    queries = (
        *("email=Dana@example.org", "email=other@example.org", "phone=%2B14155550100", "tag=Objection"),
        *("needsReply=true", f"assignedTo={owner.pk}", f"campaign={campaign.pk}"),
    )
    assert {query: ids(program.get(f"leads/?{query}")) for query in queries} == {
        query: [str(lead.pk)] for query in queries
    }
    assert len(ids(program.get("leads/?needsReply=false"))) == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("cursor=nothing", "cursor"),
        ("cursor=YWJj", "cursor"),
        ("updatedSince=yesterday", "updatedSince"),
        ("tag=Great", "tag"),
        ("needs_reply=true", "needs_reply"),
        ("phone=%00", "phone"),
        ("needsReply=", "needsReply"),
        ("needsReply=null", "needsReply"),
        ("needsReply=true&needsReply=false", "needsReply"),
    ],
)
def test_an_unusable_query_names_its_field(program, query, field):
    answer = program.get(f"leads/?{query}")
    assert answer.status_code == 422 and answer["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_an_answer_names_unknown_parameters_beside_unusable_ones_and_the_known_choices(program):
    errors = program.get("leads/?tag=Hot&nedsReply=true&limit=0").json()["errors"]
    by_field = {error["field"]: error for error in errors}
    assert set(by_field) == {"tag", "nedsReply", "limit"} and by_field["nedsReply"]["code"] == "unknown"
    assert by_field["tag"]["detail"].startswith("Unknown. Valid values: New, Interested,")
    assert by_field["tag"]["code"] == "invalid_choice"


def test_a_list_is_walked_by_its_cursor_and_its_queries_do_not_grow(
    program, workspace, django_assert_num_queries
):
    leads = [
        factories.make_lead(
            workspace,
            campaign=factories.make_campaign(workspace),
            assigned_to=factories.make_member(workspace),
        )
        for _ in range(7)
    ]
    program.get("me/")
    walked, cursor = [], ""
    while cursor is not None:
        with django_assert_num_queries(4):
            answer = program.get(f"leads/?limit=3{cursor and f'&cursor={cursor}'}")
        walked += ids(answer)
        cursor = answer.json()["nextCursor"]
    assert sorted(walked) == sorted(str(lead.pk) for lead in leads) and len(walked) == 7


@pytest.mark.parametrize(
    ("path", "begins", "table"),
    [
        ("leads/?cursor=", "leads/?limit=20", "inbox_lead"),
        ("events/?after=", "events/?limit=20", "inbox_event"),
    ],
)
def test_a_page_reads_its_own_rows_however_many_one_transaction_changed(
    program, workspace, path, begins, table
):
    """After an upgrade all rows are of one transaction, as the marks began with it."""
    Lead.objects.bulk_create(
        Lead(workspace=workspace, email=f"l{number}@example.org") for number in range(600)
    )
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {table}")
    place = program.get(begins).json()["nextCursor"]
    for _ in range(20):
        with reads(f'FROM "{table}"') as statements:
            place = program.get(f"{path}{place}&limit=20").json()["nextCursor"]
    assert (
        max(read.rows for read in statements) <= 22
    )  # the last one that is known, the page, and one after it


def test_a_sample_is_in_no_list(program, workspace):
    lead = factories.make_lead(workspace, sample=True)
    message = factories.make_message(lead)
    factories.make_draft(message)
    for path in ("leads/", "messages/", "drafts/"):
        assert ids(program.get(path)) == []
    assert program.get(f"leads/{lead.pk}/").status_code == 404


def test_messages_are_filtered_and_read_with_their_texts(program, workspace, django_assert_num_queries):
    lead = factories.make_lead(workspace)
    inbound = factories.make_message(lead, "When can we talk?")
    old = factories.make_message(
        factories.make_lead(workspace), direction="outbound", received_at=timezone.now() - timedelta(days=2)
    )
    since = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ids(program.get(f"messages/?lead={lead.pk}")) == [str(inbound.pk)]
    assert ids(program.get("messages/?direction=outbound")) == [str(old.pk)]
    with django_assert_num_queries(4):
        assert ids(program.get(f"messages/?receivedSince={since}")) == [str(inbound.pk)]
    body = program.get(f"messages/{inbound.pk}/").json()
    assert body["text"] == "When can we talk?" and body["lead"] == str(lead.pk)


def test_a_timeline_has_messages_notes_and_open_sends_in_one_order(
    program, workspace, django_assert_num_queries
):
    lead = factories.make_lead(workspace)
    now = timezone.now()
    times = [now - timedelta(minutes=10 * number) for number in range(5)]
    messages = [factories.make_message(lead, sent_at=at) for at in times]
    note = Note.objects.create(
        workspace=workspace, lead=lead, text="Call him.", created_at=times[1] + timedelta(minutes=5)
    )
    send = factories.make_send(factories.make_draft(messages[0]))
    OutboundSend.objects.filter(pk=send.pk).update(created_at=times[4] + timedelta(minutes=5))
    program.get("me/")
    with django_assert_num_queries(6):
        first = program.get(f"leads/{lead.pk}/timeline/?limit=3").json()
    second = program.get(f"leads/{lead.pk}/timeline/?limit=3&cursor={first['nextCursor']}").json()
    rows = [entry["message"] or entry["note"] or entry["send"] for entry in first["data"] + second["data"]]
    expected = [messages[0], note, messages[1], messages[2], messages[3], send, messages[4]]
    assert [row["id"] for row in rows] == [str(row.pk) for row in expected] and second["nextCursor"] is None


@pytest.mark.parametrize("cursor", ["nothing", "1-nothing", "9" * 30])
def test_an_unusable_cursor_of_a_timeline_names_its_field(program, workspace, cursor):
    answer = program.get(f"leads/{factories.make_lead(workspace).pk}/timeline/?cursor={cursor}")
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "cursor"


def test_a_timeline_needs_both_scopes(workspace):
    lead = factories.make_lead(workspace)
    program = program_of(workspace, "leads:read")
    answer = program.get(f"leads/{lead.pk}/timeline/")
    assert answer.status_code == 403 and answer.json()["type"] == "insufficient_scope"
    assert answer.json()["errors"] == [
        {"field": "scope", "code": "insufficient_scope", "detail": "messages:read"}
    ]


def test_a_message_shows_what_happened_to_it(program, workspace):
    message = factories.make_message(factories.make_lead(workspace))
    factories.make_draft(message)
    body = program.get(f"messages/{message.pk}/trace/").json()
    assert body["headline"] and [event["what"] for event in body["events"]]


def test_a_draft_has_its_checks_its_material_and_its_cost(program, workspace, django_assert_num_queries):
    call = {"id": "1", "prompt": "email v1", "model": "m", "input_tokens": 1, "output_tokens": 1}
    fact = {"key": "k", "kind": "answer", "question": "q", "answer": "a"}
    made_of = {
        "facts": [fact],
        "slots": ["Thu 1:00"],
        "messages": 2,
        "calls": [call | {"cost_microusd": 700}],
    }
    drafts = [
        factories.make_draft(factories.make_message(factories.make_lead(workspace)), made_of=made_of)
        for _ in range(3)
    ]
    GateResult.objects.create(
        workspace=workspace, draft=drafts[0], stage="draft", gate="length", position=1, passed=False,
        evidence="It is too long.", policy_version="1", decided_at=timezone.now(),
    )  # fmt: skip
    program.get("me/")
    with django_assert_num_queries(5):
        rows = program.get("drafts/?status=pending").json()["data"]
    row = next(row for row in rows if row["id"] == str(drafts[0].pk))
    assert row["gates"] == [
        {"stage": "draft", "gate": "length", "passed": False, "evidence": "It is too long."}
    ]
    assert row["costMicrousd"] == 700 and row["madeOf"] == {
        "facts": ["k"],
        "slots": ["Thu 1:00"],
        "messages": 2,
    }
    assert row["revision"] == 1 and row["decidedBy"] == "" and len(rows) == 3
    assert ids(program.get("drafts/?status=sent")) == []
    assert program.get(f"drafts/{drafts[0].pk}/").json() == row


def test_a_send_says_how_it_stands(program, workspace):
    send = factories.make_send(factories.make_draft(factories.make_message(factories.make_lead(workspace))))
    body = program.get(f"sends/{send.pk}/").json()
    assert (body["id"], body["state"]) == (str(send.pk), "intent") and body["goesOutAt"]


def test_accounts_say_to_when_they_are_complete(program, workspace):
    account = factories.make_integration(workspace, external_account_id="42")
    body = program.get("accounts/").json()
    assert body["data"] == [
        body["data"][0] | {"id": str(account.pk), "accountId": "42", "provider": "emailbison"}
    ]
    assert "completeThrough" in body["data"][0] and "credentials" not in str(body)
    assert (body["data"][0]["state"], body["data"][0]["lostMailboxes"]) == ("unknown", [])


def test_the_overview_counts_as_the_page_does(program, workspace):
    factories.make_integration(workspace)
    factories.make_message(factories.make_lead(workspace))
    body = program.get("insights/overview/").json()
    assert body["replies"] == body["people"] == 1 and "completeThrough" in body
    answer = program.get("insights/overview/?from=2020-01-01T00:00:00Z")
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "from"
