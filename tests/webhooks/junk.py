"""Bodies that no provider should send: recorded ones with a few things wrong, down to the bytes."""

import copy
import json
import re
from typing import Any

from hypothesis import strategies as st

RAW = (
    "1e999", "-1e999", "NaN", "Infinity", "-Infinity", "-0", "1.7976931348623157e308", "9" * 400, "9" * 4_000,
    "9" * 5_000, "[" * 5_000 + "]" * 5_000, '{"a":' * 5_000 + "1" + "}" * 5_000, "[" * 55 + "]" * 55,
    r'"\ud800"', r'"\udc00\ud800 text"', r'"\u0000"', '"tab\tand\nline"', "'single'", "tru", "",
    '"twice", "id": "twice"',
)  # fmt: skip
"""JSON (or nearly) that Python's encoder would not write."""

TOKEN = re.compile(r'"<<raw (\d+)>>"')

TEXTS = (
    "", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\ufeff", "\u202e", "null", "true", "0", "-1", "²", "٣",
    "1e400", "a" * 65, "a" * 201, "a" * 330, "İ" * 64, "İ" * 320, "ß" * 40, "ﬃ" * 200, "😀" * 330, "word " * 4_000,
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2100-12-31T23:59:59-23:59", "2026-02-30",
    "2026-01-14T15:02:05+99:99", "-62135596800", "253402300800000", "99999999999999999999", "Oct 99th, 0000", "0:00 XM",
    "@", "a@b", "a@b.c", "<a@b.c>", "a" * 310 + "@b.example.com", "İ" * 310 + "@b.c", "İ" * 160 + "@b.c", "a@b.c\n",
    "https://www.linkedin.com/in/%00", "https://www.linkedin.com/in/a%00b", "https://www.linkedin.com/in/%ed%a0%80",
    "https://[::1/in/a", "//", "linkedin.com/in/" + "İ" * 400, "https://linkedin.com/company/x",
    "+1" + "5" * 300, "++", "+15555550123;ext=" + "9" * 50, "00000000-0000-0000-0000-000000000000", "{}", "[" * 2_000,
    '{"draftId": "\\u0000", "clientId": "\\ud800"}', "' OR 1=1 --", "<script>alert(1)</script>", "%s%n{0}{{x}}",
    "Unsubscribe", "STOP", "START", "550 5.1.1 <nobody@example.com> user unknown",
)  # fmt: skip
NUMBERS = (
    0,
    -1,
    1,
    2**31,
    2**63,
    -(2**63) - 1,
    2**100,
    1.5,
    -0.0,
    1e308,
    5e-324,
    1_768_402_925,
    1_768_402_925_000,
)
STUFF = (b"\xff", b"\x00", b"\xed\xa0\x80", b"\xc3", b"}", b'"', b"\\u12", b"\r\n", b"\xef\xbb\xbf")
CHANGES = ("replace",) * 5 + ("drop", "drop", "wrap", "misspell", "whole")
SHAPES = (None, True, False, [], {}, [[]], [None], [{}], {"": ""}, {"id": True}, {"id": None}, ["a"] * 200)


def _texts(foreign: list[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.sampled_from(TEXTS), st.text(max_size=30), *([st.sampled_from(foreign)] if foreign else [])
    )


def _anything(foreign: list[str]) -> st.SearchStrategy[Any]:
    return st.one_of(
        _texts(foreign),
        st.sampled_from(NUMBERS),
        st.sampled_from(SHAPES).map(copy.deepcopy),
        st.integers(0, len(RAW) - 1).map("<<raw {}>>".format),
    )


def _places(value: Any, place: tuple = ()) -> list[tuple]:
    """The path to everything inside `value`."""
    found = [place] if place else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in items:
        found += _places(part, (*place, name))
    return found


def _at(value: Any, place: tuple) -> Any:
    for name in place:
        value = value[name]
    return value


@st.composite
def _reworded(draw, value: Any, texts: st.SearchStrategy[str]) -> Any:
    """`value` with other words in some of its places: the shape is right, so that it gets far."""
    places = [place for place in _places(value) if isinstance(_at(value, place), str)]
    for place in draw(st.lists(st.sampled_from(places), min_size=1, max_size=6)) if places else ():
        _at(value, place[:-1])[place[-1]] = draw(texts)
    return value


@st.composite
def _changed(draw, value: Any, anything: st.SearchStrategy[Any]) -> Any:
    """`value` with one thing about it wrong."""
    places = _places(value)
    if not places:
        return draw(anything)
    *way, last = draw(st.sampled_from(places))
    holder = _at(value, tuple(way))
    change = draw(st.sampled_from(CHANGES))
    if change == "whole":
        return draw(st.one_of(anything, st.just([value]), st.just(holder)))
    if change == "replace":
        holder[last] = draw(anything)
    elif change == "wrap":
        holder[last] = draw(st.sampled_from(([holder[last]], {"value": holder[last]}, [holder[last]] * 3)))
    elif change == "drop" or isinstance(last, int):
        del holder[last]
    else:
        holder[draw(st.sampled_from((last.upper(), f"{last}\x00", f" {last}", f"{last}\ud800")))] = (
            holder.pop(last)
        )
    return value


def _damaged(raw: bytes) -> st.SearchStrategy[bytes]:
    """The bytes cut, stuffed, in another encoding, or too many."""
    place = st.integers(0, len(raw))
    return st.one_of(
        place.map(lambda at: raw[:at]),
        st.builds(lambda at, what: raw[:at] + what + raw[at:], place, st.sampled_from(STUFF)),
        st.sampled_from(
            (b"", b"\xef\xbb\xbf" + raw, raw + raw, raw.decode("utf-8", "replace").encode("utf-16"))
        ),
        st.binary(max_size=40),
    )


@st.composite
def bodies(draw, valid: list[Any], foreign: list[str]) -> bytes:
    """A recorded payload with some things wrong. `foreign`: another workspace's ids, to be named in it."""
    value = copy.deepcopy(draw(st.sampled_from(valid)))
    kind = draw(st.integers(0, 9))
    if kind < 6:
        value = draw(_reworded(value, _texts(foreign)))
    if kind > 4:
        for _ in range(draw(st.integers(1, 2))):
            value = draw(_changed(value, _anything(foreign)))
    text = TOKEN.sub(lambda match: RAW[int(match[1])], json.dumps(value, ensure_ascii=draw(st.booleans())))
    raw = text.encode("utf-8", "surrogatepass")
    return draw(_damaged(raw)) if kind == 9 else raw
