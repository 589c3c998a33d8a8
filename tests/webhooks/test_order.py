"""In whatever order the events of one lead come, and however often: the end is the same."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import forms
from tests.webhooks.stories import NOON, STORIES, Event, differences, end_state, play

pytestmark = [pytest.mark.slow, pytest.mark.shortened]

RECEIVED = NOON + timedelta(minutes=12)
"""All of a story is received at one moment: what is stated has to say what was first, and GHL's clock is trusted."""

FIXED = settings(
    max_examples=forms.either(3, 12),
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


class Rollback(Exception):
    """Ends an example: the next one starts from the same rows."""


@st.composite
def shuffled(draw, story: list[Event]) -> list[Event]:
    """The story in another order, some of it told twice."""
    again = draw(st.lists(st.sampled_from(story), max_size=2))
    return draw(st.permutations([*story, *again]))


def left(poster, events: list[Event]) -> dict:
    found = {}
    with pytest.raises(Rollback), time_machine.travel(RECEIVED, tick=False), transaction.atomic():
        assert play(poster.post, events) == []
        found = end_state(poster.workspace)
        raise Rollback
    return found


@pytest.mark.parametrize("name", STORIES)
def test_any_order_ends_as_the_story_in_order(poster, name):
    story = STORIES[name]
    expected = left(poster, story)

    @FIXED
    @given(shuffled(story))
    def tell(events: list[Event]) -> None:
        found = differences(expected, left(poster, events))
        assert not found, "\n".join(found)

    tell()
