"""The seven failures in their short form: the control has each, the product none; and the checker finds what is wrong.

`make campaign` runs the long form.
"""

from collections import Counter

import pytest

from tests.campaign import checker
from tests.campaign.players import Post
from tests.campaign.seven import Plan
from tests.campaign.table import played, show, wrong

TEXT = "This is answer-00001."


@pytest.mark.faults
@pytest.mark.timeout(3_600)
@pytest.mark.slow(seconds=90)
def test_the_control_shows_the_seven_failures_and_the_product_none(tmp_path_factory, capsys):
    result = played(tmp_path_factory.mktemp("campaign"), Plan(), seed=1)
    with capsys.disabled():
        print("\n" + show([result]))
    assert wrong(result, timed=False) == []


def post(key: str, status: int = 200, *, late: bool = False) -> Post:
    return Post(key, status, late, 0.1)


def test_the_checker_finds_deliveries_that_were_refused_given_up_lost_and_doubled():
    posts = [post("sent:1"), post("sent:1", 500), post("reply:2", 0, late=True), post("reply:2")]
    assert checker.refused(posts) == ["sent:1"]
    assert checker.past_limit(posts) == ["reply:2"]
    assert checker.lost(posts, ["reply:2"]) == ["sent:1"]
    assert checker.twice(["sent:1", "reply:2", "sent:1"]) == ["sent:1"]
    assert checker.without_draft(posts, []) == ["reply:2"]
    assert checker.lost(posts, ["sent:1", "reply:2"]) == checker.without_draft(posts, ["reply:2"]) == []


@pytest.mark.parametrize(
    ("state", "times", "is_wrong"),
    [
        ("sent", 1, False),
        ("sent", 0, True),
        ("sent", 2, True),
        ("failed", 0, False),
        ("failed", 1, True),
        ("unknown", 1, False),
        ("unknown", 0, False),
        ("intent", 0, True),
    ],
)
def test_the_checker_compares_what_is_said_of_a_send_with_what_the_provider_took(state, times, is_wrong):
    assert bool(checker.wrong_sends([TEXT], Counter({TEXT: times}), [(TEXT, state)])) is is_wrong


def test_a_send_of_which_nothing_is_said_is_wrong_and_one_that_the_provider_lists_is_not_settled():
    assert checker.wrong_sends([TEXT], Counter(), [])
    assert checker.unsettled(Counter([TEXT]), [(TEXT, "unknown")]) == [TEXT]
    assert checker.unsettled(Counter(), [(TEXT, "unknown")]) == []
