"""The two ticks: what they start, what they tell, and what they do while the database is away."""

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from inbox.models import Lead
from inbox.models.lead import Tag
from insights import booked, outage, packs, upkeep
from insights.models import ContextPack, ConversationInsight
from insights.outage import DatabaseUnreachable, Outage
from jobs import ticks, views
from jobs.models import BackgroundJob
from tests import factories
from tests.reading import reads

HEADERS = {"x-cron-secret": "cron-secret-of-the-tests"}
PACKS, BOOKED = "/api/cron/insights/context-packs/", "/api/cron/insights/booked-summaries/"


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(outage, "PAUSES_S", ((0.0, 0.001), (0.0, 0.001)))


@pytest.fixture
def gone(monkeypatch):
    """A database that refuses every claim of a tick."""

    def refuse(*args, **kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr(views, "run_tick", refuse)


def test_the_tick_starts_what_waits_up_to_its_limit(client, conversation, pack_of, settings):
    settings.INSIGHTS_CONTEXT_PACK_CRON_LIMIT = 2
    for number in range(3):
        pack_of(f"Question {number}?")
    BackgroundJob.objects.all().delete()

    answer = client.post(PACKS, headers=HEADERS)

    assert (answer.status_code, answer.json()["started"], answer.json()["packLimit"]) == (200, 2, 2)
    assert BackgroundJob.objects.filter(kind=packs.BUILD).count() == 2


def test_the_tick_ends_packs_whose_job_was_given_up(client, conversation, pack_of):
    pack = pack_of()
    BackgroundJob.objects.update(
        status="failed", last_error="It broke.", attempts=8, finished_at=timezone.now()
    )

    answer = client.post(PACKS, headers=HEADERS)

    pack.refresh_from_db()
    assert answer.json()["failed"] == 1
    assert (pack.status, pack.error) == ("FAILED", "The build failed after 8 attempts: It broke.")


def test_the_tick_builds_a_stale_pack_that_is_kept_fresh_anew(client, conversation, pack_of):
    pack = pack_of(keep_fresh=True)
    ContextPack.objects.update(
        status="COMPLETE", finished_at=factories.ago(days=2), window_to=factories.ago(days=2)
    )

    client.post(PACKS, headers=HEADERS)
    client.post(PACKS, headers=HEADERS)

    assert ContextPack.objects.filter(previous=pack, status="PENDING").count() == 1


@pytest.mark.parametrize("path", [PACKS, BOOKED])
def test_a_database_that_is_away_is_a_503_with_retries_limits_and_time(path, client, gone):
    answer = client.post(path, headers=HEADERS)

    body = answer.json()
    assert (answer.status_code, body["success"], body["db_unreachable"], body["retries"]) == (
        503,
        False,
        True,
        2,
    )
    assert body["timestamp"] and {"packLimit", "leadLimit"} & body.keys()


@pytest.mark.parametrize("path", [PACKS, BOOKED])
def test_a_wrong_secret_is_refused(path, client):
    assert client.post(path, headers={"x-cron-secret": "wrong"}).status_code == 401


def test_one_packs_defect_does_not_stop_the_others(client, conversation, pack_of, monkeypatch):
    packs_ = [pack_of(f"Question {number}?") for number in range(2)]
    BackgroundJob.objects.all().delete()
    real = packs.start

    def start(pack):
        if pack.pk == packs_[0].pk:
            raise ValueError("a defect")
        return real(pack)

    monkeypatch.setattr(packs, "start", start)
    answer = client.post(PACKS, headers=HEADERS)

    assert (answer.status_code, answer.json()["started"], answer.json()["errors"]) == (500, 1, 1)


def test_three_failed_visits_in_a_row_end_the_tick(client, conversation, pack_of, monkeypatch):
    for number in range(5):
        pack_of(f"Question {number}?")
    BackgroundJob.objects.all().delete()
    tried = []

    def start(pack):
        tried.append(pack.pk)
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(packs, "start", start)
    with pytest.raises(OperationalError):
        upkeep.tick(ticks.Deadline.after_ms(20_000))

    assert len(set(tried)) == outage.FAILURES_TO_OPEN
    assert len(tried) == outage.FAILURES_TO_OPEN * (1 + outage.RETRIES)


def test_an_open_outage_starts_nothing(db):
    seen = Outage()
    seen._failures = outage.FAILURES_TO_OPEN

    with pytest.raises(DatabaseUnreachable):
        seen.visit(lambda: pytest.fail("visited"))


def test_a_visit_that_works_closes_the_count(db):
    seen, failures = Outage(), iter([True, True, True, False])

    def work():
        if next(failures):
            raise OperationalError("gone")
        return "done"

    with pytest.raises(OperationalError):
        seen.visit(work)
    assert (seen._failures, seen.visit(work), seen._failures) == (1, "done", 0)


def test_booked_leads_get_a_reading_once(client, sandbox, conversation, work):
    lead = conversation("I just booked a slot.", tag=Tag.MEETING_BOOKED, booked_at=timezone.now())
    conversation()

    first = client.post(BOOKED, headers=HEADERS).json()
    work()
    second = client.post(BOOKED, headers=HEADERS).json()

    insight = ConversationInsight.objects.get()
    assert (insight.lead, insight.source, insight.outcome) == (lead, "booked_cron", "BOOKED")
    assert (first["enqueued"], second["enqueued"], second["candidates"]) == (1, 0, 0)


def test_a_booked_reading_that_fails_is_told_and_not_asked_for_ever(client, sandbox, conversation, work):
    conversation(tag=Tag.MEETING_BOOKED, booked_at=timezone.now())
    sandbox.fault(provider="openai", kind="refusal")
    client.post(BOOKED, headers=HEADERS)
    work()

    answer = client.post(BOOKED, headers=HEADERS).json()

    assert (answer["failed"], answer["enqueued"]) == (1, 0)


def test_those_who_booked_without_a_word_keep_nobody_waiting(client, workspace, conversation, settings):
    settings.INSIGHTS_BOOKED_SUMMARIES_CRON_LIMIT = 1
    for _ in range(20):  # as many as one tick looks at, and newer
        factories.make_lead(workspace, booked_at=factories.ago(minutes=1))
    lead = conversation(booked_at=factories.ago(hours=1))

    client.post(BOOKED, headers=HEADERS)

    assert BackgroundJob.objects.get().payload == {"lead_id": str(lead.pk)}


def test_readings_that_failed_do_not_keep_older_bookings_waiting(client, workspace, conversation, settings):
    settings.INSIGHTS_BOOKED_SUMMARIES_CRON_LIMIT = 1
    for number in range(20):  # as many as one tick looks at, and newer
        conversation(booked_at=factories.ago(minutes=1 + number))
    lead, last = (conversation(booked_at=factories.ago(days=days)) for days in (1, 2))
    jobs = BackgroundJob.objects.filter(kind=booked.SUMMARISE)
    for _ in range(20):
        client.post(BOOKED, headers=HEADERS)
    jobs.update(status="failed", finished_at=timezone.now(), attempts=4)

    answers = [client.post(BOOKED, headers=HEADERS).json() for _ in range(3)]

    assert [(answer["enqueued"], answer["more"]) for answer in answers] == [(1, 1), (1, 0), (0, 0)]
    assert [job.payload["lead_id"] for job in jobs.order_by("-id")[:2]] == [str(last.pk), str(lead.pk)]


def test_leads_who_booked_are_found_without_reading_the_others(client, workspace, conversation):
    """Guard: lead_has_booked."""
    lead = conversation(booked_at=factories.ago(hours=1))
    Lead.objects.bulk_create(
        Lead(workspace=workspace, email=f"other{number}@example.org") for number in range(3_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_lead")
    with reads('"inbox_lead"."booked_at" IS NOT NULL') as found:
        client.post(BOOKED, headers=HEADERS)
    assert BackgroundJob.objects.get().payload == {"lead_id": str(lead.pk)}
    assert [one.rows < 100 for one in found] == [True, True]
