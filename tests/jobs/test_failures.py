"""What is kept of an error: its cause, and nothing of people's text."""

import json

import pytest
from django.db import DatabaseError, connection, transaction
from psycopg.errors import UniqueViolation

from jobs.errors import DeadlineExceeded, PermanentError, TransientError
from jobs.failures import MAX_FRAMES, NO_FAILURE, database_facts, describe, where, without_rows

SECRET = "dana@example.org said: call me on +1 555 0100"


def raised(fail) -> BaseException:
    try:
        fail()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def strangers() -> None:
    raise ValueError(SECRET)


def ours() -> None:
    raise PermanentError("the lead is gone")


def in_a_library() -> None:
    json.loads(SECRET)


def wrapped() -> None:
    try:
        strangers()
    except ValueError as error:
        raise TransientError("it did not work") from error


def recursive(depth: int = 500) -> None:
    if depth:
        recursive(depth - 1)
    raise ValueError(SECRET)


def test_the_message_of_an_error_of_ours_is_kept():
    failure = describe(raised(ours), "t")

    assert (failure.error_class, failure.message) == ("jobs.errors.PermanentError", "the lead is gone")


def test_an_error_of_ours_without_a_message_has_its_docstring():
    assert describe(DeadlineExceeded(), "t").message == "Our own time ran out."


def test_any_other_message_is_replaced_by_its_place():
    failure = describe(raised(strangers), "t")

    assert failure.error_class == "ValueError"
    assert failure.message.startswith("ValueError at tests/jobs/test_failures.py:strangers:")


@pytest.mark.parametrize(
    "fail", [strangers, in_a_library, wrapped, recursive], ids=lambda fail: fail.__name__
)
def test_people_s_text_is_nowhere(fail):
    failure = describe(raised(fail), "t")

    for part in (failure.error_class, failure.message, failure.traceback):
        assert "dana" not in part and "555" not in part


def test_the_place_is_the_innermost_of_our_own_code():
    failure = describe(raised(in_a_library), "t")

    assert "tests/jobs/test_failures.py:in_a_library" in failure.message
    assert "json" in failure.traceback.lower()


def test_the_traceback_names_every_cause_by_places_alone():
    failure = describe(raised(wrapped), "t")

    assert "jobs.errors.TransientError" in failure.traceback and "ValueError" in failure.traceback
    assert "in strangers" in failure.traceback
    assert "raise ValueError" not in failure.traceback  # no source lines


def test_a_deep_traceback_is_cut():
    assert len(describe(raised(recursive), "t").traceback.splitlines()) <= 2 * MAX_FRAMES


def chained(depth: int) -> None:
    if not depth:
        raise KeyError(SECRET)
    try:
        chained(depth - 1)
    except Exception as error:
        raise TransientError("it did not work") from error


def test_the_root_cause_of_a_deep_chain_is_named():
    lines = describe(raised(lambda: chained(60)), "t").traceback.splitlines()

    assert lines[0] == "jobs.errors.TransientError" and "KeyError" in lines
    assert len(lines) <= 2 * MAX_FRAMES


def test_a_text_of_the_database_is_removed_however_deep():
    error = root = raised(lambda: chained(60))
    while root.__cause__:
        root = root.__cause__
    root.__cause__ = UniqueViolation(SECRET)

    assert SECRET not in without_rows(f"Traceback: {SECRET}", error)
    assert describe(error, "t").message.endswith("(SQLSTATE 23505)")


def test_a_chain_that_comes_back_to_itself_is_named_once():
    error = raised(wrapped)
    error.__cause__.__cause__ = error

    assert describe(error, "t").traceback.splitlines().count("ValueError") == 1


def test_a_database_error_tells_its_sqlstate():
    error = DatabaseError(SECRET)
    error.__cause__ = UniqueViolation(SECRET)

    assert describe(error, "t").message.endswith("(SQLSTATE 23505)")


REFUSED = {
    "INSERT INTO jobs_tick (name, slot, counts, error_class, error, overruns) SELECT %s, 0, '{}', '', '', 0"
    " FROM generate_series(1, 2)": "SQLSTATE 23505, constraint jobs_tick_pkey, table jobs_tick",
    "INSERT INTO jobs_tick (name, slot) VALUES (%s, NULL)": "SQLSTATE 23502, table jobs_tick, column slot",
    "SELECT %s::text::uuid": "SQLSTATE 22P02",
}


@pytest.mark.django_db
@pytest.mark.parametrize("statement", REFUSED)
def test_a_database_error_tells_constraint_and_column_and_no_value(statement):
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [SECRET])
    error = caught.value
    found = describe(error, "t")

    assert SECRET in str(error)
    assert found.message.endswith(f"({REFUSED[statement]})") and SECRET not in found.message
    assert where(error).startswith("tests/jobs/test_failures.py:test_a_database_error_tells")
    assert database_facts(ValueError(SECRET)) == {}


def test_an_error_that_was_never_raised_has_no_place():
    assert describe(ValueError(SECRET), "t").message == "ValueError at no frame:0"


def test_one_cause_has_one_fingerprint_whatever_it_says():
    def fail(text):
        raise ValueError(text)

    first, second = raised(lambda: fail("a")), raised(lambda: fail("b"))

    assert describe(first, "t").fingerprint == describe(second, "t").fingerprint


def test_another_kind_class_or_place_is_another_cause():
    prints = {
        describe(raised(strangers), "t").fingerprint,
        describe(raised(strangers), "t.other").fingerprint,
        describe(raised(in_a_library), "t").fingerprint,
        describe(raised(recursive), "t").fingerprint,
    }

    assert len(prints) == 4


def test_no_failure_is_empty():
    assert (NO_FAILURE.error_class, NO_FAILURE.fingerprint) == ("", "")
