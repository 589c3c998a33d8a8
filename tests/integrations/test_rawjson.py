"""JSON from strangers that is nested deep."""

import pytest

from integrations import rawjson
from integrations.events import PayloadInvalid

DEEP = (65, 300, 900, 5_000, 100_000)


def nested(depth: int, inside: str = "1") -> str:
    """Objects and lists in turn, `depth` of them."""
    pairs = [('{"a":', "}") if level % 2 else ("[", "]") for level in range(depth)]
    return "".join(one for one, _ in pairs) + inside + "".join(other for _, other in reversed(pairs))


@pytest.mark.parametrize("depth", DEEP)
def test_deep_field_is_read_as_far_as_it_is_of_use_and_the_others_whole(depth):
    body = f'{{"before": ["]}}", 1], "deep": {nested(depth)}, "after": {{"b": [2]}}}}'
    value = rawjson.parse(body.encode())
    assert (value["before"], value["after"]) == (["]}", 1], {"b": [2]})
    levels, part = 0, value["deep"]
    while part is not None:
        levels, part = levels + 1, part["a"] if isinstance(part, dict) else part[0]
    assert levels == rawjson.DEPTH_LIMIT - 1


def test_what_is_not_too_deep_stays():
    body = nested(rawjson.DEPTH_LIMIT)
    value = rawjson.parse(body.encode())
    for level in range(rawjson.DEPTH_LIMIT):
        value = value["a"] if level % 2 else value[0]
    assert value == 1


@pytest.mark.parametrize(
    "body",
    [
        "[" * 5_000,
        "[" * 5_000 + "}" * 5_000,
        nested(5_000) + "]",
        nested(5_000) + "x",
        nested(5_000, '"unclosed'),
        "[" * 5_000 + '"\\' * 300_000,
    ],
    ids=["unclosed", "crossed", "closed once more", "followed", "in a text", "in escapes"],
)
def test_deep_body_that_is_no_json_is_refused(body):
    with pytest.raises(PayloadInvalid) as refused:
        rawjson.parse(body.encode())
    assert refused.value.fields == {"body": "must be JSON"}


@pytest.mark.parametrize(
    ("body", "values"),
    [
        (b"[]", 1),
        (b"[1, 2, 3]", 3),
        (b'{"a": {"b": [1, "x"]}, "c": 2}', 5),
        (b'["' + b",[{" * 100 + b'", "\\",[{"]', 2),
    ],
)
def test_values_are_counted_without_those_that_a_text_looks_like(body, values):
    """A list or an object counts beside its first value, so the count may be higher by the number of them."""
    boxes = body.count(b"[") + body.count(b"{") if len(body) < 100 else 1
    assert not rawjson.has_more_values(body, values + boxes)
    assert rawjson.has_more_values(body, values - 1)


def test_texts_that_lie_side_by_side_end_the_count():
    assert rawjson.has_more_values(b'","' * 1_000, 100)
