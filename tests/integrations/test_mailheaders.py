"""Headers in every form in which a provider passes them on."""

import pytest

from integrations.mailheaders import headers_of

SOURCE = (
    "Return-Path: <>\r\nSubject: Out\r\nAuto-Submitted: auto-replied\r\n (vacation)\r\n\r\nPrecedence: a body"
)


@pytest.mark.parametrize(
    "given",
    [
        {"Auto-Submitted": "auto-replied", "X-Mailer": "foo"},
        {"auto-submitted": ["auto-replied"]},
        [{"name": "AUTO-SUBMITTED", "value": "auto-replied"}, {"name": "To", "value": "a@example.com"}],
        "Auto-Submitted: auto-replied\nTo: a@example.com",
    ],
)
def test_the_headers_that_rules_look_at_are_taken(given):
    assert headers_of(given) == {"auto-submitted": "auto-replied"}


def test_only_the_head_of_a_source_counts_and_folded_lines_are_one():
    assert headers_of(SOURCE) == {"return-path": "<>", "auto-submitted": "auto-replied (vacation)"}


@pytest.mark.parametrize("given", [None, 7, "just a text", "", [1, None], {"Precedence": 4}, {1: "x"}])
def test_what_is_no_header_is_nothing(given):
    assert headers_of(given) == {}


def test_the_first_source_counts():
    assert headers_of({"Precedence": "bulk"}, "Precedence: list\nList-Id: x") == {
        "precedence": "bulk",
        "list-id": "x",
    }
