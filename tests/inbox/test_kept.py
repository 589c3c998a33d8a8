"""Kept statements: the ORM's own rows by the ORM's own SQL, which is written once in a process."""

import itertools
import re
from functools import partial
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models.functions import Now
from django.db.models.sql.compiler import SQLCompiler, SQLInsertCompiler
from django.test.utils import CaptureQueriesContext, isolate_apps
from psycopg import ClientCursor

from inbox.handlers.messages import KNOWN
from inbox.kept import Kept, insert, new
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


def values(row: models.Model) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_new_instance_is_the_one_that_the_model_makes(workspace):
    ours, made = (
        make(workspace_id=workspace.pk, email="dana@example.com", snoozed_until=None)
        for make in (partial(new, Lead), Lead)
    )
    assert ours._state.adding and ours.pk != made.pk
    assert values(ours) | {"id": made.pk} == values(made)
    assert ours.sources is not new(Lead).sources


def test_new_instance_has_no_columns_but_its_model_s():
    with pytest.raises(TypeError, match="Lead has no column mail, nick"):
        new(Lead, mail="dana@example.com", nick="D")


def test_inserted_row_is_the_one_that_save_would_write(workspace):
    facts = {
        "workspace": workspace,
        "company": "Reyes \u2019Roofing\u2019",
        "sources": {"company": {"by": "ghl"}},
    }
    facts["alternate_emails"] = ["office@example.com"]
    ours, saved = Lead(email="a@example.com", **facts), Lead(email="b@example.com", **facts)
    insert(ours)
    saved.save(force_insert=True)
    rows = [values(Lead.objects.get(pk=row.pk)) for row in (ours, saved)]
    own = ("id", "email", "created_at", "updated_at")
    assert [{name: row[name] for name in row if name not in own} for row in rows][0] == {
        name: rows[1][name] for name in rows[1] if name not in own
    }
    assert rows[0]["created_at"] is not None and values(ours) == rows[0]
    ours.company = "Sons"
    ours.save()
    assert Lead.objects.get(pk=ours.pk).company == "Sons"


def test_insert_is_refused_by_the_constraint_as_a_save_is(workspace):
    make_lead(workspace, email="dana@example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(Lead(workspace=workspace, email="dana@example.com"))


def test_insert_is_written_once_for_a_model(workspace, monkeypatch):
    insert(Lead(workspace=workspace, email="a@example.com"))
    monkeypatch.setattr(SQLInsertCompiler, "as_sql", None)
    insert(Lead(workspace=workspace, email="b@example.com"))
    assert Lead.objects.count() == 2


@isolate_apps("inbox")
def test_model_whose_database_makes_a_value_is_refused():
    class Stamped(models.Model):
        at = models.DateTimeField(db_default=Now())

        class Meta:
            app_label = "inbox"

        def __str__(self) -> str:
            return str(self.at)

    with pytest.raises(TypeError, match="Stamped"):
        insert(Stamped())


@pytest.mark.parametrize("name", ["email", "phone", "linkedin_member_id", "linkedin_url", "ghl_contact_id"])
def test_plan_made_before_the_values_are_known_uses_the_index_of_an_identity(workspace, name):
    """The index holds the rows that have one: what is always the same is written into the statement for this."""
    Lead.objects.bulk_create(Lead(workspace=workspace, **{name: f"v{number}"}) for number in range(1_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_lead")
    plans = []

    def explain(execute, sql, params, many, context):
        plans.append(generic_plan(sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        _NAMED.find(workspace=workspace.pk, **{name: "v1"})
    assert f"lead_one_{name}" in plans[0] and "Seq Scan" not in plans[0]
    assert ("lead_alternate_emails" in plans[0]) == (name == "email")


def generic_plan(sql: str, params: list) -> str:
    numbers = itertools.count(1)
    session = connection.connection
    session.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    session.execute("PREPARE looked_up AS " + re.sub("%s", lambda _: f"${next(numbers)}", sql))
    values = ", ".join(["%s"] * len(params))
    lines = ClientCursor(session).execute(f"EXPLAIN EXECUTE looked_up ({values})", params).fetchall()
    session.execute("DEALLOCATE looked_up")
    return "\n".join(line for (line,) in lines)
