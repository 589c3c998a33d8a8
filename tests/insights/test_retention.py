"""What `manage.py prune` does with old builds of packs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from insights.models import ContextPack
from insights.retention import old_builds
from jobs.deadline import Deadline


@pytest.fixture
def build_of(workspace):
    def make(scope: str, days_ago: int, status: str = "COMPLETE") -> ContextPack:
        at = timezone.now() - timedelta(days=days_ago)
        times = {"window_from": at - timedelta(days=7), "window_to": at, "finished_at": at}
        return ContextPack.objects.create(
            workspace=workspace, question="?", window="D7", scope_key=scope, status=status, **times
        )

    return make


def test_the_last_good_build_of_a_question_stays_however_old(build_of):
    build_of("a", 400)
    kept = build_of("a", 300), build_of("a", 200, "FAILED"), build_of("b", 400)

    assert old_builds(Deadline.after_ms(5_000)) == 1
    assert set(ContextPack.objects.all()) == set(kept)


def test_a_build_of_this_half_year_stays(build_of):
    build_of("a", 100), build_of("a", 1)

    assert old_builds(Deadline.after_ms(5_000)) == 0
