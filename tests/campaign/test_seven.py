"""The seven failures in their short form: the control has each, the product none; and the checker finds what is wrong.

`make campaign` runs the long form.
"""

from collections import Counter

import pytest

from tests.campaign import checker
from tests.campaign.players import KEY, WINDOW, Mailboxes, Post
from tests.campaign.seven import Plan
from tests.campaign.table import played, show, wrong

SENT, REPLY, TEXT = "sent-0-1", "reply-0-2", "This is answer-00001."


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
    posts = [post(SENT), post(SENT, 500), post(REPLY, 0, late=True), post(REPLY)]
    assert checker.refused(posts) == [SENT]
    assert checker.past_limit(posts) == [REPLY]
    assert checker.lost(posts, [REPLY]) == [SENT]
    assert checker.twice([SENT, REPLY, SENT]) == [SENT]
    assert checker.without_draft(posts, []) == [REPLY]
    assert checker.lost(posts, [SENT, REPLY]) == checker.without_draft(posts, [REPLY]) == []


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
    shown = [TEXT] * (state == "sent")
    assert bool(checker.wrong_sends([TEXT], Counter({TEXT: times}), [(TEXT, state)], shown)) is is_wrong


@pytest.mark.parametrize(("state", "times"), [("sent", 0), ("sent", 2), ("failed", 1), ("unknown", 1)])
def test_a_send_is_in_the_conversation_once_it_is_sent_and_only_then(state, times):
    went_out = Counter({TEXT: state == "sent"})
    assert checker.wrong_sends([TEXT], went_out, [(TEXT, state)], [TEXT] * times)


def test_what_comes_again_comes_at_once_or_after_all_others_and_each_mailbox_has_the_same_ids():
    deliveries = Mailboxes(1, ["/a/", "/b/"]).flow(400)
    keys = [delivery.key for delivery in deliveries]
    again = [place for place, key in enumerate(keys) if key in keys[:place]]
    gaps = [place - keys.index(keys[place]) for place in again]
    assert 0.2 < len(again) / len(keys) < 0.4
    assert min(gaps) == 1 and sum(gap > WINDOW for gap in gaps) > 10
    assert {key[0] for key in map(KEY.search, keys)} == set(keys)
    assert {"sent-0-100000", "sent-1-100000"} < set(keys)


def test_a_send_of_which_nothing_is_said_is_wrong_and_one_that_the_provider_lists_is_not_settled():
    assert checker.wrong_sends([TEXT], Counter(), [], [])
    assert checker.unsettled(Counter([TEXT]), [(TEXT, "unknown")]) == [TEXT]
    assert checker.unsettled(Counter(), [(TEXT, "unknown")]) == []
