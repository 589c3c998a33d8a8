"""Search: names, addresses, numbers in any spelling, words, ids; in one workspace, by index."""

import pytest
from django.db import connection
from django.utils import timezone

from inbox.models import Lead, Message
from inbox.search import search_leads
from tests import factories


@pytest.fixture
def workspace(db):
    return factories.make_workspace(phone_region="US")


@pytest.fixture
def dana(workspace):
    lead = factories.make_lead(
        workspace,
        first_name="Dana",
        last_name="O'Reyes",
        company="Harbor Roofing & Sons",
        email="dana@reyes.example.com",
        alternate_emails=["office@harbor.example.com"],
        phone="+15555550119",
        emailbison_lead_id="8812",
        ghl_contact_id="Xq7",
    )
    factories.make_message(
        lead, "Could we do Thursday after lunch? It is a six-month contract.", subject="Re: crews"
    )
    factories.make_lead(workspace, first_name="Somebody", company="Else", phone="+15555550000")
    return lead


def found(workspace, text: str) -> list[Lead]:
    return list(search_leads(Lead.objects.filter(workspace=workspace), workspace, text))


@pytest.mark.parametrize(
    "text",
    [
        "dana", "DANA", "dan", "o'reyes", "Dana O'Reyes", "roof", "harbor sons", "roofing &",
        "dana@reyes.example.com", "Dana@Reyes.example.com", "reyes.example", "dana@rey", "office@harbor.example.com",
        "thursday", "six-month", "thurs lunch", "crews",
        "8812", "Xq7",
        "+15555550119", "(555) 555-0119", "555-0119", "555.555.0119", "1 555 555 0119", "0119",
    ],
)  # fmt: skip
def test_finds(text, workspace, dana):
    assert found(workspace, text) == [dana]


def test_finds_by_the_leads_own_id(workspace, dana):
    assert found(workspace, str(dana.pk)) == [dana]


@pytest.mark.parametrize(
    "spelling", ["+44 20 7946 0000", "020 7946 0000", "(020) 7946-0000", "0044 20 7946 0000"]
)
def test_finds_a_number_in_the_workspaces_own_country(spelling, workspace):
    workspace.phone_region = "GB"
    lead = factories.make_lead(workspace, phone="+442079460000")
    assert found(workspace, spelling) == [lead]


@pytest.mark.parametrize(
    "text", ["nobody", "dana nobody", "555-0118", "011", "8813", "ana", "' & ''", ":*", "\\", "!!"]
)
def test_finds_nothing(text, workspace, dana):
    assert found(workspace, text) == []


@pytest.mark.parametrize(
    "text", ["a\0b", "'; drop table--", "x" * 200, "&|!():*<->", "'" * 50, "%_%", "٣٤٥٦٧"]
)
def test_takes_any_text(text, workspace, dana):
    assert found(workspace, text) == []


def test_empty_text_finds_everybody(workspace, dana):
    assert len(found(workspace, "  ")) == 2


@pytest.mark.parametrize("text", ["dana", "thursday", "555-0119", "8812", "dana@reyes.example.com"])
def test_stays_in_the_workspace(text, workspace, dana):
    assert found(factories.make_workspace(), text) == []


@pytest.fixture
def crowd(workspace, dana):
    """So many rows that reading them all is the worse plan."""
    own = [
        Lead(
            workspace=workspace,
            first_name=f"n{number}",
            email=f"n{number}@example.org",
            phone=f"+1444{number:07}",
        )
        for number in range(1_500)
    ]
    Lead.objects.bulk_create(own)
    Message.objects.bulk_create(
        Message(
            workspace=workspace,
            lead=lead,
            source="emailbison_reply",
            external_id=lead.first_name,
            direction="inbound",
            channel="email",
            text=f"words of {lead.first_name}",
            sent_at=timezone.now(),
        )
        for lead in own
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_lead, inbox_message")


@pytest.mark.parametrize(
    "text, index", [("dana", "lead_words"), ("thursday", "message_words"), ("555-0119", "lead_phone_digits")]
)
def test_is_served_by_an_index(text, index, workspace, crowd):
    plan = search_leads(Lead.objects.filter(workspace=workspace), workspace, text).explain()
    assert index in plan
    assert "Seq Scan" not in plan


def test_very_long_message_can_be_stored_and_found(workspace):
    lead = factories.make_lead(workspace)
    words = " ".join(f"w{number}" for number in range(300_000))
    factories.make_message(lead, f"unmistakable {words}")
    assert found(workspace, "unmistakable") == [lead]
