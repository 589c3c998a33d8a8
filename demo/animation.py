"""Animated PNG files (https://www.w3.org/TR/png-3/#apng-frame-based-animation), made of still ones."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import count

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def animated(frames: Sequence[tuple[bytes, int]]) -> bytes:
    """Returns an animated PNG, which repeats for ever, of `frames`: PNG files of one size and colour type, each with
    the time in ms that it is shown.
    """
    header = dict(chunks(frames[0][0]))[b"IHDR"]
    parts = [SIGNATURE, chunk(b"IHDR", header), chunk(b"acTL", struct.pack(">2I", len(frames), 0))]
    order = count()
    for number, (picture, shown_ms) in enumerate(frames):
        size, place = header[:8], struct.pack(">2I", 0, 0)
        control = struct.pack(">I", next(order)) + size + place + struct.pack(">2H2B", shown_ms, 1000, 0, 0)
        pixels = zlib.decompress(b"".join(body for name, body in chunks(picture) if name == b"IDAT"))
        body = zlib.compress(pixels, 9)
        parts.append(chunk(b"fcTL", control))
        parts.append(
            chunk(b"fdAT", struct.pack(">I", next(order)) + body) if number else chunk(b"IDAT", body)
        )
    return b"".join([*parts, chunk(b"IEND", b"")])


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk of a PNG file: length, name, body and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The name and the body of each chunk of a PNG file."""
    at = len(SIGNATURE)
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        at += length + 12
