"""Kept look-ups: the ORM's own rows by the ORM's own SQL, which is written once in a process."""

from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext

from inbox.handlers.messages import KNOWN
from inbox.kept import Kept
from inbox.leads.identity import _NAMED
from inbox.models import Lead, Message
from tests.factories import make_lead, make_message, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return make_workspace()


def leads() -> Kept:
    return Kept(lambda workspace, **names: Lead.objects.filter(workspace=workspace, **names).order_by("pk"))


def test_rows_are_those_of_the_queryset(workspace):
    lead = make_lead(workspace, email="dana@example.com", company="Reyes Roofing")
    make_lead(make_workspace(), email="dana@example.com")
    (found,) = leads().find(workspace=workspace.pk, email="dana@example.com")
    assert (found.pk, found.company, found._state.db) == (lead.pk, "Reyes Roofing", "default")


def test_sql_is_written_once_for_each_set_of_names(workspace, monkeypatch):
    written = []
    compile_ = SQLCompiler.as_sql

    def counted(self, *args, **kwargs):
        written.append(self.query.model)
        return compile_(self, *args, **kwargs)

    monkeypatch.setattr(SQLCompiler, "as_sql", counted)
    kept = leads()
    for number in range(5):
        kept.find(workspace=workspace.pk, email=f"dana{number}@example.com")
        kept.find(workspace=workspace.pk, phone=f"+1555555012{number}")
    assert written == [Lead, Lead]


def test_each_call_reads_anew(workspace):
    kept = leads()
    assert kept.find(workspace=workspace.pk, email="dana@example.com") == []
    lead = make_lead(workspace, email="dana@example.com")
    assert kept.find(workspace=workspace.pk, email="dana@example.com") == [lead]
    Lead.objects.filter(pk=lead.pk).update(company="Reyes & Sons")
    assert kept.find(workspace=workspace.pk, email="dana@example.com")[0].company == "Reyes & Sons"


def test_equal_values_keep_their_own_places(workspace):
    lead = make_lead(workspace, first_name="Sam", last_name="Sam")
    make_lead(workspace, first_name="Sam", last_name="Lee")
    kept = leads()
    assert kept.find(workspace=workspace.pk, first_name="Sam", last_name="Sam") == [lead]
    assert len(kept.find(workspace=workspace.pk, last_name="Lee", first_name="Sam")) == 1


def test_related_rows_come_with_it_and_what_was_left_out_is_loaded_when_asked(workspace):
    message = make_message(make_lead(workspace, email="dana@example.com"), external_id="17", text="Sure")
    with CaptureQueriesContext(connection) as queries:
        (found,) = KNOWN.find(workspace=workspace.pk, source=message.source, external_id=message.external_id)
        assert found.lead.email == "dana@example.com"
        assert len(queries) == 1
        assert found.text == "Sure"
        assert len(queries) == 2
    assert isinstance(found, Message)


def test_value_in_a_list_finds_its_place(workspace):
    lead = make_lead(workspace, email="dana@example.com", alternate_emails=["office@example.com"])
    assert _NAMED.find(workspace=workspace.pk, email="office@example.com") == [lead]


def test_value_that_is_no_parameter_is_refused():
    kept = Kept(lambda workspace, email: Lead.objects.filter(workspace=workspace))
    with pytest.raises(ValueError, match="email"):
        kept.find(workspace=uuid4(), email="dana@example.com")
