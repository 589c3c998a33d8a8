"""The animated picture of the README: the chunks that browsers read, in their order."""

import struct
import zlib

import pytest

from demo.animation import SIGNATURE, animated, chunk, chunks


@pytest.fixture
def pictures():
    header = struct.pack(">2I5B", 2, 1, 8, 2, 0, 0, 0)
    rows = [b"\0" + bytes([shade] * 6) for shade in (0, 255)]
    files = [
        (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(row)), chunk(b"IEND", b"")) for row in rows
    ]
    return rows, [b"".join([SIGNATURE, *parts]) for parts in files]


def test_frames_follow_each_other_with_their_times_and_pixels(pictures):
    rows, files = pictures
    told = list(chunks(animated([(files[0], 1500), (files[1], 700)])))
    assert [name for name, _ in told] == [b"IHDR", b"acTL", b"fcTL", b"IDAT", b"fcTL", b"fdAT", b"IEND"]
    assert told[1][1] == struct.pack(">2I", 2, 0)
    controls = [struct.unpack(">5I2H2B", body) for name, body in told if name == b"fcTL"]
    assert controls == [(0, 2, 1, 0, 0, 1500, 1000, 0, 0), (1, 2, 1, 0, 0, 700, 1000, 0, 0)]
    assert struct.unpack_from(">I", told[5][1]) == (2,)
    assert [zlib.decompress(told[3][1]), zlib.decompress(told[5][1][4:])] == rows
