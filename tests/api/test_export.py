"""The CSV file of leads: streamed, safe in a spreadsheet, and in the audit log."""

import csv
from io import StringIO

import pytest

from api import exports
from inbox.models import AuditEntry
from tests import factories

pytestmark = pytest.mark.django_db


def test_leads_are_streamed_in_pages_without_formulas(
    program, workspace, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    leads = [factories.make_lead(workspace, company="=HYPERLINK(1)") for _ in range(5)]
    factories.make_lead(workspace, sample=True)
    factories.make_lead(factories.make_workspace())
    answer = program.get("exports/leads.csv")
    assert answer.streaming and answer["Content-Type"].startswith("text/csv")
    with django_assert_num_queries(4):
        text = b"".join(answer).decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text)))
    assert [row["id"] for row in rows] == [str(lead.pk) for lead in leads]
    assert {row["company"] for row in rows} == {"'=HYPERLINK(1)"}
    assert rows[0]["createdAt"] == leads[0].created_at.isoformat()
    entry = AuditEntry.objects.get(action="leads.exported")
    assert (entry.author, entry.actor) == ("CRM sync", None)
