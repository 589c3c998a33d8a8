"""What a replayed line is held against: its recorded verdict, or what became of it in a run before."""

from inbox.webhooks.recorded_traffic import Answer, RecordedDelivery, _unmet


def answer(number: int, expect: str, verdict: str, *, again: bool = False, state: bool = False) -> Answer:
    body = {"AccountStatus": {}} if state else {"event": number}
    return Answer(RecordedDelivery(number, 0, "northwind", "email", body, expect), verdict, again)


def told(*group: Answer) -> list[tuple[int, str, str]]:
    return [(line.number, expected, verdict) for line, expected, verdict in _unmet(list(group))]


def test_a_line_that_was_accepted_before_is_a_duplicate_now():
    assert told(answer(1, "accepted", "duplicate", again=True)) == []
    assert told(answer(1, "accepted", "accepted", again=True)) == [(1, "duplicate", "accepted")]


def test_a_line_that_was_not_posted_before_is_judged_as_recorded():
    assert told(answer(1, "accepted", "accepted")) == []
    assert told(answer(1, "accepted", "duplicate")) == [(1, "accepted", "duplicate")]
    assert told(answer(1, "rejected", "accepted", again=True)) == [(1, "rejected", "accepted")]


def test_an_accounts_state_is_news_again_unless_it_was_the_last():
    assert told(answer(1, "accepted", "accepted", again=True, state=True)) == []
    assert told(answer(1, "accepted", "duplicate", again=True, state=True)) == []
    assert told(answer(1, "accepted", "rejected", again=True, state=True)) == [(1, "duplicate", "rejected")]
    assert told(answer(1, "accepted", "duplicate", state=True)) == [(1, "accepted", "duplicate")]


def test_verdicts_swap_within_a_moment_of_which_one_was_accepted_before():
    before = [answer(1, "accepted", "duplicate"), answer(2, "duplicate", "duplicate", again=True)]
    assert told(*before) == []
    first = [answer(1, "accepted", "duplicate"), answer(2, "duplicate", "accepted")]
    assert told(*first) == []
    both = [answer(1, "accepted", "accepted"), answer(2, "duplicate", "accepted")]
    assert told(*both) == [(2, "duplicate", "accepted")]
