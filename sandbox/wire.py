"""Carries out the faults of the connection, which change the bytes of a response."""

import contextlib
import email.utils
import select
import socket
import struct
from http.client import responses

from sandbox.faults import Fault
from sandbox.provider import Provider
from sandbox.web import Response, text_response

SILENT = {"hang", "accept_timeout", "drop", "accept_drop", "reset", "accept_reset"}
"""The faults with which the caller gets no response."""

HUNG_UP = getattr(select, "POLLRDHUP", select.POLLIN) | select.POLLHUP | select.POLLERR

GATEWAY_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>gateway</body></html>"


class WireClosed(Exception):
    """The connection to the caller can no longer be used."""


class Wire:
    """The connection to one caller of the sandbox."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def wait(self, seconds: float) -> None:
        """Waits for `seconds` before the sandbox responds. Raises WireClosed as soon as the caller disconnects."""
        poll = select.poll()
        poll.register(self._connection, HUNG_UP)
        if poll.poll(max(0.0, seconds) * 1000):
            raise WireClosed

    def send(self, chunk: bytes) -> None:
        """Sends bytes to the caller. Raises WireClosed if the caller does not accept them."""
        try:
            self._connection.sendall(chunk)
        except OSError as exc:
            raise WireClosed from exc

    def trickle(self, chunk: bytes, interval_s: float) -> None:
        """Sends the bytes to the caller one at a time, pausing `interval_s` seconds after each. Raises WireClosed."""
        for index in range(len(chunk)):
            self.send(chunk[index : index + 1])
            self.wait(interval_s)

    def reset(self) -> None:
        """Closes the connection to the caller with a TCP RST instead of a FIN."""
        with contextlib.suppress(OSError):
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()


def retry_after_header(seconds: str | int | float | None) -> dict[str, str]:
    """Returns the header `Retry-After` for a fault's `retry_after`: a number of seconds, or a text, which is used
    unchanged. Returns {} for None.
    """
    if seconds is None:
        return {}
    return {"Retry-After": f"{seconds:g}" if isinstance(seconds, int | float) else seconds}


def spoil(fault: Fault | None, provider: Provider, response: Response) -> Response | None:
    """Returns the response that the caller gets because of `fault`, or None for no response.

    `response` is the response without the fault.
    """
    kind = fault.kind if fault else ""
    if fault is None or kind in ("drip_body", "cut_body"):
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
        title = f"{status} {responses.get(status, 'Unknown')}"
        return text_response(GATEWAY_PAGE.format(title), status, "text/html")
    if kind == "empty":
        return Response(status, b"", response.content_type)
    if kind == "half_json":
        return Response(status, response.body[: len(response.body) // 2], response.content_type)
    return response


def transmit(wire: Wire, fault: Fault | None, response: Response | None, *, close: bool) -> None:
    """Sends a response to the caller in the way that the fault demands. Raises WireClosed if the connection can no
    longer be used.
    """
    kind = fault.kind if fault else ""
    if fault is not None and kind in ("hang", "accept_timeout"):
        wire.wait(fault.seconds)
    if kind in ("reset", "accept_reset"):
        wire.reset()
    if response is None:
        raise WireClosed
    head, body = _head(response, close), response.body
    if fault is not None and kind == "drip_body":
        wire.send(head)
        wire.trickle(body, fault.interval_ms / 1000)
    elif kind == "cut_body":
        wire.send(head + body[: len(body) // 2])
        raise WireClosed
    else:
        wire.send(head + body)


def _head(response: Response, close: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {responses.get(response.status, 'Unknown')}",
        f"Date: {email.utils.formatdate(usegmt=True)}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}",
        f"Connection: {'close' if close else 'keep-alive'}",
        *(f"{name}: {text}" for name, text in response.headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
