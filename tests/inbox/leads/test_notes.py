"""Whom a note calls: by the whole name, or by a first word that only one has."""

import pytest

from inbox.leads.notes import calls

NAMES = {1: "Ana Lind", 2: "Ben Okoro", 3: "Ben Lee", 4: "Ana-Sofia"}


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("@Ana Lind, look", [{1}]),
        ("@ana lind?", [{1}]),
        ("Perhaps (@Ben Lee) or @ben okoro", [{3}, {2}]),
        ("@Ana look", [{1}]),
        ("@Ana-Sofia look", [{4}]),
        ("@Ben look", [set()]),  # two are called so
        ("@Benjamin", [set()]),
        ("@Ana Lindberg", [{1}]),  # by the first word
        ("write to dana@ana.example.com", []),
        ("5 @ 3, @ home, @", []),
    ],
)
def test_a_name_behind_the_sign_calls(text, called):
    assert [set(call.members) for call in calls(text, NAMES)] == called


def test_two_of_one_name_are_called_together():
    (call,) = calls("@Ben Lee!", {1: "Ben Lee", 2: "ben lee"})
    assert (call.members, call.start, call.end) == ({1, 2}, 0, 8)


def test_a_letter_that_is_longer_in_lower_case_moves_no_place():
    text = "@İrem Kaya, @ana and @İlker"
    found = list(calls(text, {1: "İrem Kaya", 2: "Ana Lind"}))
    assert [text[call.start : call.end] for call in found] == ["@İrem Kaya", "@ana", "@İlker"]
    assert [set(call.members) for call in found] == [{1}, {2}, set()]
