"""TLS under the Deadline: a handshake that hangs is cut, a certificate of another name is refused."""

import datetime
import ssl
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from urllib3.util.ssl_ import create_urllib3_context

from integrations.errors import ProviderTimeout, ProviderUnreachable
from integrations.http.session import ProviderSession
from integrations.http.transport import GuardedTLSSocket
from jobs.deadline import Deadline
from tests.integrations import fault_server as faults
from tests.integrations.fault_server import FaultServer, answer
from tests.waiting import SLACK_S

pytestmark = [pytest.mark.django_db, pytest.mark.faults]


def certificate(folder, name):
    """A self-signed certificate and its key: the paths of both."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    cert = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    cert_path.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert_path, key_path


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """A TLS server whose certificate is for `name`, trusted by our adapter."""

    def start(*script, name="localhost"):
        cert, key = certificate(tmp_path, name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        trusting = create_urllib3_context()
        trusting.load_verify_locations(cert)
        trusting.sslsocket_class = GuardedTLSSocket
        monkeypatch.setattr("integrations.http.transport.tls_context", lambda: trusting)
        return FaultServer(*script, wrap=lambda conn: context.wrap_socket(conn, server_side=True))

    return start


def call(server, method="GET", ms=2000):
    return ProviderSession(provider="slack", max_retries=0).request(
        method,
        f"https://localhost:{server.port}/",
        operation="x",
        deadline=Deadline.after_ms(ms),
        json={"text": "x" * 300_000} if method == "POST" else None,
    )


def test_a_large_exchange_over_tls_goes_through_one_connection(serve):
    with serve(answer(body={"big": "y" * 300_000})) as server:
        assert len(call(server, "POST").data["big"]) == 300_000
        call(server)
        assert (server.calls, server.connections) == (2, 1)


@pytest.mark.parametrize("behaviour", [faults.hang, faults.drip_headers, faults.drip_body])
def test_what_hangs_inside_tls_is_cut_at_the_deadline(serve, behaviour):
    with serve(behaviour) as server:
        began = time.monotonic()
        with pytest.raises(ProviderTimeout) as caught:
            call(server, "POST", ms=600)
        assert time.monotonic() - began <= 0.6 + SLACK_S
    assert caught.value.sent is None


def test_a_handshake_that_hangs_is_cut_with_nothing_sent():
    with FaultServer(faults.hang) as server:
        began = time.monotonic()
        with pytest.raises(ProviderTimeout) as caught:
            call(server, "POST", ms=500)
        assert time.monotonic() - began <= 0.5 + SLACK_S
    assert (caught.value.code, caught.value.sent) == ("tls", False)


def test_a_certificate_of_another_name_is_refused_with_nothing_sent(serve):
    with serve(answer(), name="other.example.com") as server:
        with pytest.raises(ProviderUnreachable) as caught:
            call(server, "POST")
        assert server.calls == 0
    assert (caught.value.code, caught.value.sent) == ("tls", False)


def test_an_unknown_authority_is_refused(tmp_path):
    cert, key = certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with FaultServer(wrap=lambda conn: context.wrap_socket(conn, server_side=True)) as server:
        with pytest.raises(ProviderUnreachable) as caught:
            call(server)
        assert server.calls == 0
    assert caught.value.code == "tls"
