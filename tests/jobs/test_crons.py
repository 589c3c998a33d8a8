"""What runs on a schedule, in words, as the admin shows it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs import display, kinds
from jobs.ids import uuid7
from jobs.models import Tick
from jobs.ticks import TICKS


@pytest.mark.parametrize(
    ("every_s", "words"),
    [
        (60, "every minute"),
        (300, "every 5 minutes"),
        (3_600, "every hour"),
        (5_400, "every 90 minutes"),
        (86_400, "every day"),
        (172_800, "every 2 days"),
    ],
)
def test_a_schedule_is_said_in_plain_words(every_s, words):
    assert display.schedule(every_s) == words


def test_every_kind_of_job_and_every_cron_says_what_it_does():
    for words in [one.words for one in (*kinds.KINDS.values(), *TICKS.values())]:
        assert " " in words and words[0].isupper() and not words.endswith("."), words
    assert kinds.in_words("of a later release") == "of a later release"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"ago": timedelta(days=2)}, "late"),
        ({"lease_token": uuid7()}, "running"),
        ({"error_class": "builtins.KeyError"}, "failed"),
        ({"duration_ms": 10_000_000}, "overran"),
        ({"duration_ms": 5}, "on time"),
    ],
)
def test_a_cron_says_how_it_stands(fields, state):
    began = timezone.now() - fields.pop("ago", timedelta())
    Tick.objects.create(name="catch-up", started_at=began, recent=[], **fields)

    found = {cron["name"]: cron for cron in display.crons()}

    assert found["catch-up"]["state"] == state
    assert found["catch-up"]["next_at"] == began + timedelta(minutes=1)
    assert found["sends"]["state"] == "never" and set(found) == set(TICKS)


@pytest.mark.django_db
def test_those_in_trouble_come_first():
    for name in TICKS:
        Tick.objects.create(name=name, started_at=timezone.now())
    Tick.objects.filter(name="sends").update(started_at=timezone.now() - timedelta(days=1))

    assert display.crons()[0]["name"] == "sends"


@pytest.mark.django_db
def test_a_run_says_what_it_did():
    kept = {"at": timezone.now().isoformat(), "ms": 7, "counts": {"claimed": 2, "errors": 0}, "error": ""}
    Tick.objects.create(name="sends", started_at=timezone.now(), recent=[kept, kept | {"counts": {}}])

    [cron] = [one for one in display.crons() if one["name"] == "sends"]

    assert [run["counts"] for run in cron["runs"]] == ["claimed 2", "nothing to do"]
