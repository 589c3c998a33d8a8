"""How long a text may be, counted as each channel counts."""

import pytest

from inbox.replying.limits import problem, sms_parts, units


def test_counts_septets_and_escaped_characters_twice():
    assert units("a€b") == (4, 160)


def test_counts_utf16_units_as_soon_as_one_character_is_not_gsm():
    assert units("ok 👍") == (5, 70)


def test_makes_typographic_quotes_plain_so_that_a_text_stays_one_part():
    assert sms_parts("It’s “fine” – really…") == ['It\'s "fine" - really...']


def test_cuts_between_words_and_loses_none():
    text = " ".join(f"word{number}" for number in range(60))

    parts = sms_parts(text)

    assert len(parts) == 3
    assert all(len(part) <= 160 for part in parts)
    assert " ".join(parts) == text


def test_cuts_a_word_that_is_longer_than_a_part():
    assert [len(part) for part in sms_parts("x" * 200)] == [160, 40]


def test_a_word_that_ends_at_the_edge_stays_in_its_part():
    full = "a" * 79 + " " + "b" * 80
    assert sms_parts(" ".join([full] * 3)) == [full] * 3


def test_says_that_an_emoji_makes_a_text_short():
    assert "3 messages of 70 characters" in problem("sms", "word " * 50 + "🙂")
    assert "3 messages of 160 characters" in problem("sms", "word " * 100)


def test_never_cuts_an_escaped_character_in_two():
    parts = sms_parts("€" * 100)

    assert "".join(parts) == "€" * 100
    assert all(units(part)[0] <= 160 for part in parts)


@pytest.mark.parametrize(
    ("channel", "text", "word"),
    [
        ("sms", "x" * 481, "too long"),
        ("sms", "👍" * 106, "too long"),
        ("linkedin", "x" * 8_001, "LinkedIn"),
        ("email", " \n ", "no text"),
    ],
)
def test_says_why_a_text_cannot_be_sent(channel, text, word):
    assert word in problem(channel, text)


@pytest.mark.parametrize("channel", ["email", "sms", "linkedin"])
def test_finds_nothing_wrong_with_a_plain_sentence(channel):
    assert problem(channel, "Thursday works.") == ""
