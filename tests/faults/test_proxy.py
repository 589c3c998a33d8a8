"""The nginx that is shipped, in front of a server that notes what reaches it."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import timezone

from tests.serving import free_port
from tests.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.faults, pytest.mark.crash]

SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "nginx" / "holdfast.conf"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
"""Debian puts it where the PATH of an ordinary user does not look."""
KEY = "Kx7" + "q" * 40
MIB = 1024 * 1024


class Behind(BaseHTTPRequestHandler):
    """What stands behind nginx: it answers 200 and keeps path and headers of each request."""

    seen: list[tuple[str, dict[str, str]]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        self.seen.append((self.path, dict(self.headers)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


class Proxy:
    def __init__(self, port: int, log: Path) -> None:
        self.port, self._log = port, log

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        to_nginx = HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE_S, context=no_check())
        with closing(to_nginx) as connection:
            connection.request(method, path, body, {"X-Forwarded-For": "198.51.100.7"})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def log(self, lines: int) -> str:
        """What it has logged, once so many requests are there."""
        until(
            lambda: self._log.exists() and self._log.read_text().count("\n") >= lines,
            "each request is logged",
        )
        return self._log.read_text()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory) -> Iterator[Proxy]:
    home = tmp_path_factory.mktemp("nginx")
    behind = ThreadingHTTPServer(("127.0.0.1", 0), Behind)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    port = free_port()
    write_certificate(home)
    shipped = SHIPPED.read_text()
    for there, here in {
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "127.0.0.1:8000": f"127.0.0.1:{behind.server_port}",
        "127.0.0.1:8010": f"127.0.0.1:{free_port()}",
        "/etc/ssl/holdfast/": f"{home}/",
        "/var/log/nginx/": f"{home}/",
    }.items():
        assert there in shipped
        shipped = shipped.replace(there, here)
    (home / "holdfast.conf").write_text(shipped)
    (home / "nginx.conf").write_text(
        f"{'user root; ' * (os.geteuid() == 0)}daemon off; pid {home}/pid; error_log {home}/main.log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;"
        f" include {home}/holdfast.conf; }}\n"
    )
    nginx = subprocess.Popen([NGINX, "-p", str(home), "-c", str(home / "nginx.conf")])
    try:
        until(lambda: is_open(port), "nginx is up")
        yield Proxy(port, home / "holdfast.log")
    finally:
        nginx.terminate()
        nginx.wait(PATIENCE_S)
        behind.shutdown()
        behind.server_close()


def test_no_key_is_logged_also_of_a_mistyped_address(proxy):
    paths = [
        f"/api/webhooks/email/{KEY}/",
        f"/api/webhooks//email/{KEY}/",
        f"/api/webhook/email/{KEY}/",
        f"/API/WEBHOOKS/email/{KEY}/",
        f"/email/{KEY}",
        f"/{KEY}/",
        f"/login/?key={KEY}",
        f"/reconnect/{KEY}/",
        f"/password/new/MQ/{KEY}/",
        "/w/01a22240-aebb-74bd-9a56-49f49cae2eae/inbox/",
    ]
    for path in paths:
        proxy.ask("GET", path)
    logged = proxy.log(len(paths))
    assert KEY not in logged
    assert '"GET /w/01a22240-aebb-74bd-9a56-49f49cae2eae/inbox/" 200' in logged


def test_what_stands_behind_gets_whole_requests_and_where_they_came_from(proxy):
    Behind.seen.clear()
    head = b"POST /slow/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    with (
        socket.create_connection(("127.0.0.1", proxy.port), PATIENCE_S) as plain,
        no_check().wrap_socket(plain) as slow,
    ):
        slow.sendall(head + b"begun")
        assert proxy.ask("POST", "/quick/", b"x" * 1000)[0] == 200
        assert [path for path, _ in Behind.seen] == ["/quick/"]
        slow.sendall(b"x" * 995)
        assert slow.recv(64).startswith(b"HTTP/1.1 200 ")
    headers = Behind.seen[0][1]
    assert headers["X-Forwarded-For"] == "198.51.100.7, 127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "https"


def test_a_webhook_that_is_too_large_is_answered_as_promised_and_metrics_stay_inside(proxy):
    status, body = proxy.ask("POST", f"/api/webhooks/email/{KEY}/", b"x" * (4 * MIB))
    assert (status, json.loads(body)) == (413, {"success": False, "error": "payload_too_large"})
    assert proxy.ask("GET", "/metrics")[0] == 404


def no_check() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def write_certificate(home: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "holdfast.example.com")])
    now = timezone.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (home / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (home / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
