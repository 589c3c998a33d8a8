"""Which numbers in a reply and its signature are the writer's own."""

import pytest

from inbox.pipeline.missing_facts import ANY, OWN, _own_numbers

NUMBER = "+12066230177"


@pytest.mark.parametrize(
    "words",
    [
        "Sounds good. My cell is (206) 623-0177.",
        "Call me at 206-623-0177 tomorrow.",
        "Yes, 206-623-0177",
        "(206) 623-0177",
        "Cell: 206.623.0177",
        "Sie erreichen mich unter +1 206 623 0177.",
        "Vous pouvez m'appeler, mon numéro est le +1 206 623 0177",
    ],
)
def test_a_number_that_the_writer_calls_theirs_is_taken(words):
    assert _own_numbers(words, "US", OWN) == {NUMBER}


@pytest.mark.parametrize(
    "words",
    [
        "Please call Maria instead: 206-623-0177.",
        "Please call Maria: 206-623-0177.",
        "My colleague Tom is at 206-623-0177.",
        "My brother handles this, 206-623-0177.",
        "Ask for Priya, 206-623-0177",
        "Fax: (206) 623-0177",
        "My fax is (206) 623-0177",
    ],
)
def test_a_fax_and_the_number_of_somebody_else_are_left(words):
    assert _own_numbers(words, "US", OWN) == set()


@pytest.mark.parametrize(
    ("signature", "numbers"),
    [
        ("Dana Reyes\nReyes Roofing\n206-623-0177", {NUMBER}),
        ("Dana Reyes | Owner | M 206-623-0177 | F 206-623-0199", {NUMBER}),
        ("Tel. +1 206 623 0177\nTelefax: +1 206 623 0199", {NUMBER}),
        ("Fax: (206) 623-0177", set()),
        ("My assistant: (206) 623-0177", set()),
        ("Sent 10:15 17.11.2009", set()),
    ],
)
def test_a_signature_names_its_writers_number_and_not_the_fax(signature, numbers):
    assert _own_numbers(signature, "US", ANY) == numbers
