"""A list by last change misses nothing, in whatever order transactions commit."""

from contextlib import contextmanager
from threading import Event

import pytest
from django.db import connection, transaction

from api import changes
from inbox.models import Draft, Lead, Message
from inbox.replying import restored
from tests import factories
from tests.api.conftest import program_of
from tests.racing import InBackground, any_runs_elsewhere_before
from tests.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


@contextmanager
def an_open_change(lead: Lead):
    """A transaction on another connection that has changed `lead`, and commits at the end of the block."""
    changed, commit = Event(), Event()

    def change():
        with transaction.atomic():
            Lead.objects.filter(pk=lead.pk).update(company="Late Ltd")
            changed.set()
            assert commit.wait(PATIENCE_S)

    running = InBackground(change)
    assert changed.wait(PATIENCE_S)
    try:
        yield
    finally:
        commit.set()
        running.result()


def walk(program, query="") -> tuple[list[str], str]:
    """The ids of all pages of two, and the time of the last row's change."""
    walked, since, cursor = [], "", ""
    while cursor is not None:
        body = program.get(f"leads/?limit=2&{cursor and f'cursor={cursor}' or query}").json()
        walked += [row["id"] for row in body["data"]]
        since = body["data"][-1]["updatedAt"] if body["data"] else since
        cursor = body["nextCursor"]
    return walked, since


def missed_by_a_sync() -> set[str]:
    """The leads that a program misses that walks the list while a change of the second of five is not yet committed,
    and later asks for what has changed since the last row that it has.
    """
    workspace = factories.make_workspace()
    program = program_of(workspace)
    leads = [factories.make_lead(workspace) for _ in range(5)]
    _, since = walk(program)
    with an_open_change(leads[1]):
        Lead.objects.filter(pk=leads[3].pk).update(company="Early Ltd")
        first, newer = walk(program, f"updatedSince={since}")
    second, _ = walk(program, f"updatedSince={newer or since}")
    return {str(leads[1].pk), str(leads[3].pk)} - {*first, *second}


def test_a_change_that_commits_after_a_later_one_is_not_skipped():
    assert missed_by_a_sync() == set()


def test_without_the_guard_that_change_is_skipped(monkeypatch):
    place = changes.horizon()[1]
    monkeypatch.setattr(changes, "horizon", lambda: (2**62, place))
    assert len(missed_by_a_sync()) == 1


def test_a_change_is_not_skipped_if_an_older_transaction_wrote_after_it():
    """The program's last row was written after a change that it has not seen, and then changes once more itself."""
    workspace = factories.make_workspace()
    program = program_of(workspace)
    early, late = (factories.make_lead(workspace) for _ in range(2))
    _, since = walk(program)
    begun, go, number = Event(), Event(), []

    def begin_and_write_later():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text::bigint")
            number.extend(cursor.fetchone())
            begun.set()
            assert go.wait(PATIENCE_S)
            Lead.objects.filter(pk=late.pk).update(company="Older Ltd")

    older = InBackground(begin_and_write_later)
    assert begun.wait(PATIENCE_S)
    until(lambda: not any_runs_elsewhere_before(number[0]), "other tests' older transactions end")
    with an_open_change(early):
        go.set()
        older.result()
        first, newer = walk(program, f"updatedSince={since}")
        assert first[-1] == str(late.pk) and newer > since
    Lead.objects.filter(pk=late.pk).update(company="Again Ltd")
    assert {str(early.pk), str(late.pk)} <= set(walk(program, f"updatedSince={newer}")[0])


def test_a_cursor_goes_on_to_a_row_that_changes_while_the_list_is_walked():
    workspace = factories.make_workspace()
    program = program_of(workspace)
    leads = [factories.make_lead(workspace) for _ in range(4)]
    first = program.get("leads/?limit=2").json()
    Lead.objects.filter(pk=leads[0].pk).update(company="Changed Ltd")
    rest, _ = walk(program, f"cursor={first['nextCursor']}")
    assert rest == [str(leads[2].pk), str(leads[3].pk), str(leads[0].pk)]


def test_every_writer_of_each_list_leaves_its_mark():
    workspace = factories.make_workspace()
    draft = factories.make_draft(factories.make_message(factories.make_lead(workspace)))
    for model, column in ((Lead, "company"), (Message, "subject"), (Draft, "subject")):
        before = model.objects.values_list("changed_xid", "changed_at").get()
        model.objects.update(**{column: "Changed"})
        after = model.objects.values_list("changed_xid", "changed_at").get()
        assert after[0] > before[0] and after[1] > before[1]
    Draft.objects.get(pk=draft.pk).save()
    assert Draft.objects.get(pk=draft.pk).changed_xid > after[0]


def test_a_cursor_from_before_a_restore_is_refused():
    workspace = factories.make_workspace()
    program = program_of(workspace)
    [factories.make_lead(workspace) for _ in range(2)]
    cursor = program.get("leads/?limit=1").json()["nextCursor"]
    assert program.get(f"leads/?cursor={cursor}").status_code == 200
    with connection.cursor() as database:
        database.execute(
            "ALTER TABLE inbox_databaseorigin RENAME TO one; CREATE TABLE inbox_databaseorigin (id int)"
        )
        try:
            assert program.get(f"leads/?cursor={cursor}").status_code == 422
        finally:
            database.execute(
                "DROP TABLE inbox_databaseorigin; ALTER TABLE one RENAME TO inbox_databaseorigin"
            )


def test_after_a_restore_a_row_of_a_later_count_is_listed_again():
    workspace = factories.make_workspace()
    program, lead = program_of(workspace), factories.make_lead(workspace)
    with connection.cursor() as database:
        database.execute("ALTER TABLE inbox_lead DISABLE TRIGGER lead_is_marked")
        Lead.objects.update(changed_xid=2**60)
        database.execute("ALTER TABLE inbox_lead ENABLE TRIGGER lead_is_marked")
    assert walk(program)[0] == []
    restored.nothing_lost()
    assert walk(program)[0] == [str(lead.pk)]
