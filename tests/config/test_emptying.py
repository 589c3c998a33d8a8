"""After a test that commits, the next one finds the database as migrations left it."""

import threading

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from inbox.models import Message, User, Workspace
from tests import emptying, factories, waiting
from tests.racing import waiting_for_a_lock

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_committed_is_gone_and_what_migrations_wrote_stays():
    factories.make_send(
        factories.make_draft(factories.make_message(factories.make_lead(factories.make_workspace())))
    )
    kept = Permission.objects.count(), ContentType.objects.count()
    emptying.empty(None)
    assert not (Workspace.objects.exists() or Message.objects.exists() or User.objects.exists())
    assert (Permission.objects.count(), ContentType.objects.count()) == kept > (0, 0)


def test_rows_that_are_still_being_written_are_waited_for_and_go_too():
    written, may_commit = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            factories.make_workspace("Late")
            written.set()
            may_commit.wait(60)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    written.wait(60)
    emptier = threading.Thread(target=lambda: (emptying.empty(None), connection.close()))
    emptier.start()
    waiting.until(waiting_for_a_lock, "the emptying waits for the writer")
    may_commit.set()
    writer.join()
    emptier.join()
    assert not Workspace.objects.exists()
