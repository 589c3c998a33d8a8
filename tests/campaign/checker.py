"""Compares what providers, senders and programs saw with what a product says. It knows neither of the products."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from tests.campaign.players import Post

ENDS = {"sent", "failed", "unknown"}


def broken(posts: Iterable[Post]) -> list[str]:
    """The deliveries whose request ended in an error that the product did not handle. A busy product answers 503."""
    return [post.key for post in posts if post.status == 500]


def refused(posts: Iterable[Post]) -> list[str]:
    """The deliveries that got an error, or no answer at all."""
    return [post.key for post in posts if post.status != 200]


def past_limit(posts: Iterable[Post]) -> list[str]:
    """The deliveries whose sender gave a request up."""
    return [post.key for post in posts if post.late]


def lost(posts: Iterable[Post], messages: Iterable[str]) -> list[str]:
    """The deliveries that were taken, and whose message is not there."""
    return sorted({post.key for post in posts if post.status == 200} - set(messages))


def twice(messages: Iterable[str]) -> list[str]:
    """The messages that are there more than once."""
    return [key for key, count in Counter(messages).items() if count > 1]


def without_draft(posts: Iterable[Post], drafted: Iterable[str]) -> list[str]:
    """The replies that were taken, and for which no draft was written."""
    taken = {post.key for post in posts if post.status == 200 and post.key.startswith("reply-")}
    return sorted(taken - set(drafted))


def wrong_sends(
    texts: Iterable[str], went_out: Counter[str], rows: Iterable[tuple[str, str]], messages: Iterable[str]
) -> list[str]:
    """The sends that went out twice, of which the product says something else than the provider knows, or that are not
    in the conversation just when they are said to be sent."""
    shown = Counter(messages)
    states = defaultdict(list)
    for text, state in rows:
        states[text].append(state)
    wrong = []
    for text in texts:
        state, times = (states[text] or ["missing"])[-1], went_out[text]
        false = state == ("failed" if times else "sent") or state not in ENDS
        if times > 1 or false or shown[text] != (state == "sent"):
            wrong.append(f"{text}: {state}, went out {times} times, shown {shown[text]} times")
    return wrong


def unsettled(went_out: Counter[str], rows: Iterable[tuple[str, str]]) -> list[str]:
    """The sends that are on their way, or unknown though the provider lists them."""
    return [text for text, state in rows if state not in ENDS or (state == "unknown" and went_out[text])]
