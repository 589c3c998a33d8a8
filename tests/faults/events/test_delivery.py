"""Workers are killed and connections cut while receivers hang, drop calls and answer 500: no event is lost, none comes
twice to a receiver that drops repeats, and those of one lead come in their order.

The check reads the table of events and what the receivers got, and calls nothing of the product.
"""

import random
import sys
import time
from collections import defaultdict
from contextlib import suppress

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from inbox.events import endpoints
from tests import factories
from tests.campaign.stage import Service
from tests.inbox.events.receiver import Receiver
from tests.serving import database_url
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
LEADS, CHANGES, KILLS = 8, 25, 6
BAD = [204] * 16 + [500, 500, "drop", "hang"]
DUE = """
WITH time_passes AS (UPDATE integrations_webhookendpoint SET held_until = NULL),
     closed AS (DELETE FROM integrations_circuitbreaker)
UPDATE integrations_webhookattempt SET due_at = now()
WHERE finished_at IS NULL AND token IS NULL AND due_at > now()
"""


@pytest.fixture
def cluster(transactional_db, tmp_path):
    """A real cluster on the test's database."""
    environment = {
        "DATABASE_URL": database_url(connection.settings_dict),
        "DEBUG": "1",
        "ALLOW_LOOPBACK_PROVIDERS": "1",
        "SECRET_KEY": settings.SECRET_KEY,
        "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
        "WORKER_PROCESSES": "2",
        "WORKER_THREADS": "6",
    }
    command = [sys.executable, "manage.py", "qcluster"]
    service = Service(command, environment, tmp_path / "cluster.log")
    yield service
    service.kill()


def kill_a_worker(cluster: Service, dice: random.Random) -> None:
    if workers := cluster.find("worker"):
        cluster.kill(dice.choice(workers))


def one(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else cursor.rowcount


def test_no_event_is_lost_doubled_or_out_of_order_whatever_is_killed(cluster):
    dice = random.Random(7)
    workspace = factories.make_workspace()
    with Receiver(*(dice.choice(BAD) for _ in range(150))) as bad, Receiver() as good:
        for receiver in (bad, good):
            endpoints.create(workspace, None, url=receiver.url, events=["*"], include_text=False)
        leads = [factories.make_lead(workspace) for _ in range(LEADS)]
        for number in range(CHANGES):
            tag = ("Interested", "Objection")[number % 2]
            for lead in leads:
                with connection.cursor() as cursor:
                    cursor.execute("UPDATE inbox_lead SET tag = %s WHERE id = %s", [tag, lead.pk])
        kills, ends = 0, time.monotonic() + 2 * PATIENCE_S
        while one("SELECT count(*) FROM integrations_webhookattempt WHERE finished_at IS NULL"):
            assert time.monotonic() < ends, "events still wait"
            time.sleep(1)
            with suppress(
                OperationalError
            ):  # it may meet the product's own updates, and then time passes later
                one(DUE)
            if kills < KILLS and len(good.got) > kills * 20:
                kill_a_worker(cluster, dice)
                kills += 1
                if kills % 3 == 0:
                    one("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
        assert kills == KILLS
        with connection.cursor() as cursor:
            cursor.execute("SELECT id::text, lead_id::text FROM inbox_event ORDER BY id")
            rows = cursor.fetchall()
        assert len(rows) == LEADS * (CHANGES + 1)
        of_lead = dict(rows)
        for receiver in (bad, good):
            accepted = list(dict.fromkeys(receiver.accepted))  # as a receiver that drops repeats by id
            assert sorted(accepted) == sorted(of_lead)
            order = defaultdict(list)
            for event_id in accepted:
                order[of_lead[event_id]].append(event_id)
            assert all(got == sorted(got) for got in order.values())
