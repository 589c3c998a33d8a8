"""Runs the whole: makes the workspaces, has conversations written in several processes, and loads all of it."""

import logging
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from random import Random
from uuid import UUID

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Max, OuterRef, Subquery

from demo.scale import workspaces as rooms
from demo.scale.copying import load, without_indexes, without_triggers
from demo.scale.ledger import Ledger
from demo.scale.tables import Tables
from demo.scale.talk import Talk
from demo.scale.words import Corpus
from demo.scale.workspaces import ACCOUNTS, Place
from demo.scale.year import DAY, Year
from inbox.intake.retention import KEEP_EVENTS_DAYS
from inbox.models import Event, LeadLabel, WebhookDelivery
from integrations.models import WebhookAttempt, WorkspaceIntegrationHealth

logger = logging.getLogger(__name__)
MINE = ("inbox", "integrations", "insights", "jobs")
MAY_BE_THERE = ("inbox.DatabaseOrigin", "inbox.User", "jobs.Tick", "jobs.Worker")
"""Tables whose rows do not matter: the database of itself, staff, and what a worker notes of itself."""
PROCESSES = 2


class NotEmpty(Exception):
    """The database to be filled with a made-up year has rows already. The text names a table."""


def seed(
    *,
    workspaces: int,
    accounts: int = ACCOUNTS,
    messages: int,
    seed: int,
    until: datetime,
    say: Callable[[str], object] = logger.info,
) -> dict[str, int]:
    """Fills the empty database with a made-up year that ends at `until` (aware): so many `workspaces` with so many
    `accounts` each, and so many `messages` in all of them together. Returns the number of rows by table.

    The same arguments give the same rows, but for secrets, passwords and the ids of users. All is written in one
    transaction. `say` is called with sentences about the progress. Raises NotEmpty, which names a table.
    """
    require_empty()
    year, corpus = Year.ending(until), Corpus.read()
    began = time.monotonic()

    def told(what: str) -> None:
        say(f"{time.monotonic() - began:6.0f} s  {what}")

    with tempfile.TemporaryDirectory(prefix="holdfast-scale-") as scratch, transaction.atomic():
        _limits_off()
        places = rooms.make(seed, workspaces, accounts, messages, year, corpus)
        told(f"{workspaces} workspaces are made")
        folders = _write(seed, places, year, corpus, Path(scratch))
        told("all conversations are written")
        sheets = Tables(Path(scratch), year).all()
        loaded = [sheet.table for sheet in sheets]
        with without_triggers(loaded), without_indexes(loaded):
            counts = dict(load(sheets, folders))
            told(f"{sum(counts.values()):,} rows are copied; indexes follow")
        told("indexes and foreign keys are built")
        counts["inbox_leadlabel"] = _label()
        counts |= _happened(year)
        _heard()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    told("PostgreSQL knows the tables")
    return counts


def require_empty() -> None:
    """Raises NotEmpty if a table of the product has rows, apart from those of MAY_BE_THERE."""
    for app in MINE:
        for model in apps.get_app_config(app).get_models():
            if model._meta.label not in MAY_BE_THERE and model._base_manager.exists():
                raise NotEmpty(
                    f"{model._meta.db_table} has rows. seed_scale fills an empty database: name a new one in"
                    " DATABASE_URL and migrate it."
                )


def _limits_off() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")


def _write(seed: int, places: list[Place], year: Year, corpus: Corpus, scratch: Path) -> list[Path]:
    """Has all conversations written, each process into a folder of its own. Returns the folders."""
    shares: list[list[Place]] = [[] for _ in range(PROCESSES)]
    for place in sorted(places, key=lambda one: -one.quota):
        min(shares, key=lambda share: sum(one.quota for one in share)).append(place)
    context = multiprocessing.get_context("fork")  # the children need the corpus, and no database
    folders, children = [], []
    for number, share in enumerate(shares):
        folder = scratch / str(number)
        folder.mkdir()
        folders.append(folder)
        child = context.Process(target=_write_share, args=(seed, share, year, corpus, folder))
        child.start()
        children.append(child)
    for child in children:
        child.join()
    if failed := [child.exitcode for child in children if child.exitcode]:
        raise RuntimeError(f"A process that wrote conversations ended with {failed[0]}.")
    return folders


def _write_share(seed: int, places: list[Place], year: Year, corpus: Corpus, folder: Path) -> None:
    tables = Tables(folder, year)
    ledger = Ledger(tables, year)
    for place in places:
        talk, left, number = Talk(seed, place, year, corpus), place.quota, 0
        while left > 0:
            person, rng = talk.person(number, left)
            ledger.write(place, person, rng)
            left -= len(person.said)
            number += 1
        rng = Random(f"{seed}:after:{place.number}")
        ledger.jobs.of_accounts(place, rng)
        ledger.readings.build(place, rng)
    for sheet in tables.all():
        sheet.finish()


def _heard() -> None:
    """Notes on each account when its last delivery came, as the health tick would."""
    last = (
        WebhookDelivery.objects.filter(integration=OuterRef("integration"))
        .order_by()
        .values("integration")
        .annotate(last=Max("received_at"))
        .values("last")
    )
    WorkspaceIntegrationHealth.objects.update(last_received_at=Subquery(last))


LABEL = """
INSERT INTO inbox_leadlabel (id, workspace_id, lead_id, label_id, state, kind, by, decided_at)
SELECT md5(lead.id::text || label.id)::uuid, lead.workspace_id, lead.id, label.id, 'on', 'provider',
    'provider: EmailBison', lead.created_at
FROM inbox_lead lead JOIN inbox_label label USING (workspace_id) WHERE hashtext(lead.id::text || label.name) % 12 = 0
"""
"""Each label is on one lead of twelve."""
HAPPENED = """
INSERT INTO inbox_event (id, workspace_id, type, lead_id, xid, data, created_at)
SELECT id, workspace_id,
    CASE direction WHEN 'inbound' THEN 'message.received' ELSE 'message.sent' END, lead_id,
    pg_current_xact_id()::text::bigint,
    jsonb_build_object('messageId', id, 'channel', channel, 'sentAt', sent_at), received_at
FROM inbox_message WHERE id >= %s ORDER BY id
"""
"""An event for each message. It has the message's id, which holds the time."""
POSTED = """
INSERT INTO integrations_webhookattempt
    (endpoint_id, event_id, stream, due_at, started_at, finished_at, took_ms, outcome, status)
SELECT endpoint.id, event.id, lead_id, event.created_at, event.created_at, event.created_at, 80, 'delivered', 204
FROM inbox_event event JOIN integrations_webhookendpoint endpoint USING (workspace_id) ORDER BY event.id
"""


def _label() -> int:
    """Puts the labels of the workspaces on their leads, without a trace in the leads. Returns the number of rows."""
    with connection.cursor() as cursor, without_triggers([LeadLabel._meta.db_table]):
        cursor.execute(LABEL)
        return int(cursor.rowcount)


def _happened(year: Year) -> dict[str, int]:
    """Writes the events that retention has left, and that each was posted to the workspace's endpoint. Returns the
    number of rows by table.
    """
    first = UUID(int=(year.until - KEEP_EVENTS_DAYS * DAY) << 80)
    counts = {}
    with connection.cursor() as cursor:
        for model, statement, params in ((Event, HAPPENED, [first]), (WebhookAttempt, POSTED, [])):
            cursor.execute(statement, params)
            counts[model._meta.db_table] = cursor.rowcount
    return counts
