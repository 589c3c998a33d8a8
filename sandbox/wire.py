"""What a fault does to the bytes of an answer: the only place that knows sockets and kinds at once."""

import contextlib
import email.utils
import select
import socket
import struct
import time
from http import HTTPStatus

from sandbox.faults import Fault
from sandbox.provider import Provider
from sandbox.web import Response, text_response

SILENT = {"hang", "accept_timeout", "drop", "accept_drop", "reset", "accept_reset"}
"""Kinds after which the caller gets no answer at all."""

HUNG_UP = getattr(select, "POLLRDHUP", select.POLLIN) | select.POLLHUP | select.POLLERR

GATEWAY_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>gateway</body></html>"


class WireClosed(Exception):
    """The connection is of no use any more."""


class Wire:
    """One client connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def wait(self, seconds: float) -> None:
        """Wait, but no longer than the caller stays connected. Raises WireClosed once it has gone."""
        poll = select.poll()
        poll.register(self._connection, HUNG_UP)
        if poll.poll(max(0.0, seconds) * 1000):
            raise WireClosed

    def send(self, data: bytes) -> None:
        """Raises WireClosed when the caller does not take it."""
        try:
            self._connection.sendall(data)
        except OSError as exc:
            raise WireClosed from exc

    def trickle(self, data: bytes, interval_s: float) -> None:
        """One byte, a pause, one byte …"""
        for index in range(len(data)):
            self.send(data[index : index + 1])
            self.wait(interval_s)

    def reset(self) -> None:
        """Close with a TCP RST instead of a FIN."""
        with contextlib.suppress(OSError):
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()


def retry_after_header(value: str | int | float | None) -> dict[str, str]:
    """`Retry-After` as commanded: seconds, `date:<seconds from now>`, or any text as it is; None: no header."""
    if value is None:
        return {}
    text = f"{value:g}" if isinstance(value, int | float) else value
    if text.startswith("date:"):
        text = email.utils.formatdate(time.time() + float(text.removeprefix("date:")), usegmt=True)
    return {"Retry-After": text}


def spoil(fault: Fault | None, provider: Provider, response: Response) -> Response | None:
    """The answer a caller gets under a fault; None: none at all. `response` is what it would have been."""
    kind = fault.kind if fault else ""
    if fault is None or kind in ("drip_headers", "drip_body", "cut_body"):
        return response
    status = fault.status or 0
    if kind in SILENT:
        return None
    if kind in ("error", "unauthorized", "rate_limit", "server_error"):
        spoilt = provider.error(status, fault.code, fault.message)
        spoilt.headers.pop("Retry-After", None)
        spoilt.headers.update(retry_after_header(fault.retry_after))
        return spoilt
    if kind == "html":
        return text_response(GATEWAY_PAGE.format(f"{status} {phrase(status)}"), status, "text/html")
    if kind == "empty":
        return Response(status, b"", response.content_type)
    if kind == "half_json":
        return Response(status, response.body[: len(response.body) // 2], response.content_type)
    return response


def transmit(
    wire: Wire, fault: Fault | None, response: Response | None, *, close: bool, head_only: bool
) -> None:
    """Put an answer on the wire the way the fault wants it.

    Raises WireClosed where the connection must not be used again.
    """
    kind = fault.kind if fault else ""
    if fault is not None and kind in ("hang", "accept_timeout"):
        wire.wait(fault.seconds)
    if kind in ("reset", "accept_reset"):
        wire.reset()
    if response is None:
        raise WireClosed
    head, body = _head(response, close), b"" if head_only else response.body
    if fault is not None and kind == "drip_headers":
        wire.trickle(head, fault.interval_ms / 1000)
        wire.send(body)
    elif fault is not None and kind == "drip_body":
        wire.send(head)
        wire.trickle(body, fault.interval_ms / 1000)
    elif kind == "cut_body":
        wire.send(head + body[: len(body) // 2])
        raise WireClosed
    else:
        wire.send(head + body)


def phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"


def _head(response: Response, close: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {phrase(response.status)}",
        f"Date: {email.utils.formatdate(usegmt=True)}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}",
        f"Connection: {'close' if close else 'keep-alive'}",
        *(f"{name}: {value}" for name, value in response.headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
