"""A gunicorn of production, without a database: what it needs before it starts, and what a scanner makes it log."""

import json
import re
import socket
from http.client import HTTPConnection

import pytest

from tests.serving import WebServer, collected_static

pytestmark = [pytest.mark.races, pytest.mark.slow]

NOWHERE = "postgres://nobody@127.0.0.1:9/nothing"


def test_it_does_not_start_without_its_static_files_and_says_what_to_do(tmp_path):
    """Guard: post_worker_init in config/gunicorn.py."""
    server = WebServer(
        NOWHERE, tmp_path / "web.log", WEB_CONCURRENCY="1", STATIC_ROOT=str(tmp_path / "empty")
    )
    with pytest.raises(AssertionError, match="did not start"), server:
        pass
    words = server.log.read_text()
    assert "Run manage.py collectstatic --noinput, then start the web processes again." in words
    assert "Traceback" not in words


def test_it_does_not_start_with_the_files_of_another_release(tmp_path):
    manifest = json.loads((collected_static() / "staticfiles.json").read_text())
    del manifest["paths"]["holdfast.css"]
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "staticfiles.json").write_text(json.dumps(manifest))
    server = WebServer(NOWHERE, tmp_path / "web.log", WEB_CONCURRENCY="1", STATIC_ROOT=str(tmp_path / "old"))
    with pytest.raises(AssertionError, match="did not start"), server:
        pass
    assert "The collected static files are from another release." in server.log.read_text()


def test_it_does_not_start_with_weights_that_are_not_fit_to_judge_by(tmp_path):
    """Guard: post_worker_init in config/gunicorn.py."""
    server = WebServer(
        NOWHERE, tmp_path / "web.log", WEB_CONCURRENCY="1", RULE_WEIGHTS_DIR=str(tmp_path / "own")
    )
    with pytest.raises(AssertionError, match="did not start"), server:
        pass
    words = server.log.read_text()
    assert "RULE_WEIGHTS_DIR: " in words and "/own/manifest.json: No such file" in words
    assert "Learn the weights again with this release (manage.py train_rules --corrections FILE)" in words


@pytest.fixture
def web(tmp_path):
    """Its home cannot be written to, as in the shipped unit."""
    with WebServer(NOWHERE, tmp_path / "web.log", WEB_CONCURRENCY="1", HOME="/proc") as server:
        yield server


def test_a_scanner_with_wrong_hosts_gets_a_page_and_leaves_one_line(web):
    for number in range(30):
        connection = HTTPConnection("127.0.0.1", web.port, timeout=30)
        connection.request("GET", "/wp-login.php", headers={"Host": f"evil{number}.example"})
        answer = connection.getresponse()
        assert answer.status == 400 and b"Bad request" in answer.read()
        connection.close()
    log = web.log.read_text()
    assert (
        log.count("requests refused (DisallowedHost)") == 1 and "Traceback" not in log and "evil" not in log
    )
    assert "Control server" not in log
    (line,) = [json.loads(line) for line in log.splitlines() if "DisallowedHost" in line]
    assert (line["level"], line["event"]) == ("warning", "requests refused (DisallowedHost): 1")
    assert len(re.findall(r'"path": ?"/wp-login.php"', log)) == 30  # its ordinary line each


def test_lines_that_are_no_http_leave_one_line_without_what_they_said(web):
    for number in range(20):
        with socket.create_connection(("127.0.0.1", web.port), timeout=30) as sender:
            sender.sendall(f"\x16\x03 secret-{number}\r\n\r\n".encode())
            assert sender.makefile("rb").read().startswith(b"HTTP/1.1 400 ")
    log = web.log.read_text()
    assert log.count("requests refused (InvalidRequest)") == 1
    assert "secret-" not in log and "ip=" not in log and "Traceback" not in log
