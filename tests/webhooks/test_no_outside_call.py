"""The webhook path calls no other machine: with every socket but the database's forbidden it works as ever.

The database's own connection is the C library's, so forbidding Python's sockets forbids everything else.
"""

import json
import socket
from pathlib import Path

import pytest

from inbox.models import Message

TRAFFIC = Path(__file__).resolve().parents[2] / "demo" / "traffic.jsonl"


def recorded(event_type: str) -> dict:
    """The first event of a kind in Northwind's recorded day."""
    lines = map(json.loads, TRAFFIC.read_text().splitlines())
    return next(
        line["body"]
        for line in lines
        if (line["workspace"], line["source"], line["expect"]) == ("northwind", "email", "accepted")
        and line["body"]["event"]["type"] == event_type
    )


@pytest.fixture
def no_sockets(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the webhook path opened a socket")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def test_the_guard_of_this_test_bites(no_sockets):
    with pytest.raises(AssertionError):
        socket.create_connection(("127.0.0.1", 9))


def test_a_reply_its_duplicate_and_an_opt_out_are_taken_without_a_socket(poster, no_sockets):
    body = recorded("LEAD_REPLIED")
    first, again = poster.post("email", body).json(), poster.post("email", body).json()
    assert (first["deduped"], again["deduped"]) == (False, True)
    assert poster.post("email", recorded("LEAD_UNSUBSCRIBED")).json()["success"]
    assert Message.objects.count() == 1
