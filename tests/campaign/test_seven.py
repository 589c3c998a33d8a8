"""The seven failures in their short form: the control has each, the product none; and the checker finds what is wrong.

`make campaign` runs the long form.
"""

from collections import Counter
from types import SimpleNamespace

import pytest

from tests.campaign import checker
from tests.campaign.players import KEY, WINDOW, Mailboxes, Post
from tests.campaign.products import Account
from tests.campaign.seven import Plan, Play
from tests.campaign.table import played, show, wrong

SENT, REPLY, TEXT = "sent-0-100005", "reply-0-100007", "This is answer-key-0-00001."
HOME = ("key-0", "dana100004@example.com")
"""The account from which TEXT is to go out, and the address of the lead of SENT and REPLY."""
ACCOUNTS = [Account(f"key-{number}", "", workspace=f"w-{number}") for number in range(2)]
PRODUCT = SimpleNamespace(port=0, accounts=ACCOUNTS, messages="")


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
    assert checker.broken([*posts, post(REPLY, 503)]) == [SENT]
    assert checker.refused(posts) == [SENT, REPLY]
    assert checker.past_limit(posts) == [REPLY]
    assert checker.lost(posts, [REPLY]) == [SENT]
    assert checker.twice([SENT, REPLY, SENT]) == [SENT]
    assert checker.without_draft(posts, []) == [REPLY]
    assert checker.lost(posts, [SENT, REPLY]) == checker.without_draft(posts, [REPLY]) == []


@pytest.mark.parametrize(
    ("state", "times", "shown", "is_wrong"),
    [
        ("sent", 1, 1, False),
        ("sent", 0, 1, True),
        ("sent", 2, 1, True),
        ("sent", 1, 0, True),
        ("sent", 1, 2, True),
        ("failed", 0, 0, False),
        ("failed", 1, 0, True),
        ("failed", 0, 1, True),
        ("unknown", 1, 0, False),
        ("unknown", 0, 0, False),
        ("unknown", 0, 1, True),
        ("intent", 0, 0, True),
    ],
)
def test_the_checker_compares_what_is_said_of_a_send_with_what_the_provider_took(
    state, times, shown, is_wrong
):
    wrong = checker.wrong_sends([TEXT], Counter({TEXT: times}), [(TEXT, state)], [TEXT] * shown)
    assert bool(wrong) is is_wrong


@pytest.mark.parametrize(
    ("way", "is_right"), [(HOME, True), (("key-1", HOME[1]), False), (("key-0", "dana0@example.com"), False)]
)
def test_a_mail_that_went_out_to_somebody_else_or_from_another_account_is_not_taken_for_the_right_one(
    way, is_right
):
    sent = {"text": f"<p>{TEXT}</p>", "account": way[0], "to": way[1]}
    play = Play(None, SimpleNamespace(sends=lambda provider: [sent]), PRODUCT, Plan())
    play.answers = {TEXT: ("w-0", HOME[1])}
    assert (play.went_out() == Counter([TEXT])) is is_right


@pytest.mark.parametrize(
    ("row", "is_right"),
    [(("w-0", HOME[1]), True), (("w-1", HOME[1]), False), (("w-0", "dana0@example.com"), False)],
)
def test_a_message_on_another_lead_is_not_taken_for_the_one_that_was_delivered(row, is_right):
    play = Play(None, None, SimpleNamespace(**vars(PRODUCT), rows=lambda _: [(*row, f"Hi, {SENT}?")]), Plan())
    assert play.stored() == (([SENT], []) if is_right else ([], [SENT]))


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
