"""A client's time ends, however it spends it."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from types import SimpleNamespace

import pytest

from config import health_listener, web_worker
from config.web_worker import ClientSocket
from tests.waiting import PATIENCE_S, until


@pytest.fixture
def pair(monkeypatch) -> Iterator[tuple[ClientSocket, socket.socket]]:
    """Our end of a connection, and the client's."""
    monkeypatch.setattr(web_worker, "SLOW_CLIENT_S", 0.2)
    ours, client = socket.socketpair()
    with ClientSocket(fileno=ours.detach()) as ours, client:
        yield ours, client


def test_what_came_in_time_is_read_and_then_the_client_is_gone(pair):
    ours, client = pair
    client.sendall(b"ab")
    ours.limit_reads(0.2)
    assert (ours.recv(1), ours.recv(1)) == (b"a", b"b")
    with pytest.raises(ConnectionResetError):
        ours.recv(1)
    client.sendall(b"c")
    with pytest.raises(ConnectionResetError):
        ours.recv(1)
    assert ours.gettimeout() is None


def test_a_new_request_has_its_own_time(pair):
    ours, client = pair
    ours.limit_reads(0)
    client.sendall(b"a")
    ours.limit_reads(60)
    assert ours.recv(1) == b"a"


def test_a_shorter_limit_of_the_server_itself_stays_what_it_is(pair):
    ours, _ = pair
    ours.limit_reads(60)
    ours.settimeout(0.01)
    with pytest.raises(TimeoutError):
        ours.recv(1)
    assert ours.gettimeout() == 0.01


def test_a_client_that_does_not_take_its_answer_is_gone(pair):
    ours, _ = pair
    with pytest.raises(ConnectionResetError):
        ours.sendall(b"x" * 50_000_000)
    assert ours.gettimeout() is None


def test_a_long_answer_is_sent_in_pieces_that_each_have_the_whole_time(pair, monkeypatch):
    ours, client = pair
    monkeypatch.setattr(web_worker, "SLOW_CLIENT_S", PATIENCE_S)
    pieces: list[int] = []
    stock = socket.socket.sendall

    def sendall(self, piece, *args):
        pieces.append(len(piece))
        stock(self, piece, *args)

    monkeypatch.setattr(socket.socket, "sendall", sendall, raising=False)
    answer = bytes(range(256)) * 1000
    with ThreadPoolExecutor(1) as thread:
        came = thread.submit(lambda: client.recv(len(answer), socket.MSG_WAITALL))
        ours.sendall(answer)
        assert came.result() == answer
    assert sum(pieces) == len(answer) and max(pieces) <= web_worker.PIECE


def test_what_a_client_has_waited_for_a_thread_counts_and_some_time_is_left_to_each(monkeypatch):
    limits: list[float] = []
    monkeypatch.setattr(web_worker, "_limit", lambda conn, seconds: limits.append(seconds))
    monkeypatch.setattr(web_worker.ThreadWorker, "enqueue_req", lambda worker, conn: None)
    monkeypatch.setattr(web_worker.ThreadWorker, "handle", lambda worker, conn: True)
    worker, conn = web_worker.Worker.__new__(web_worker.Worker), SimpleNamespace(initialized=True)
    for waited_s in (0, 10, 3_600):
        worker.enqueue_req(conn)
        conn.waits_since -= waited_s
        worker.handle(conn)
    at_once, later, at_last = limits
    assert at_once > later > at_last == web_worker.LEAST_S and later <= web_worker.SLOW_CLIENT_S - 10


def test_a_client_of_the_health_port_has_a_time_for_all_of_its_request(monkeypatch):
    """Each has a thread. One that sends a byte now and then would keep it."""
    monkeypatch.setattr(health_listener, "CLIENT_S", 0.3)
    with health_listener.open_socket("127.0.0.1:0") as listener:
        server = health_listener._Server(listener)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            with socket.create_connection(listener.getsockname()) as client:
                client.setblocking(False)
                until(lambda: gone(client), "it is cut off")
            with socket.create_connection(listener.getsockname(), PATIENCE_S) as client:
                client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                assert client.recv(12) == b"HTTP/1.0 200"
        finally:
            server.shutdown()
            thread.join()


def gone(client: socket.socket) -> bool:
    """Whether the server has ended the connection, which gets one more byte where it has not."""
    try:
        client.send(b"x")
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
