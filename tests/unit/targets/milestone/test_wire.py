"""Promises of backend/targets/milestone/wire.py: bounded answers, no redirects, and a word for each failure."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from backend.targets.milestone import wire as module
from backend.targets.milestone.failures import VmsProblem
from backend.targets.milestone.wire import Wire
from tests.unit.targets.milestone.vms_answers import Said, Site, answering, wire


@pytest.fixture
def site() -> Iterator[Site]:
    with answering() as found:
        yield found


def reason(url: str, of: Wire | None = None) -> str:
    with pytest.raises(VmsProblem) as caught:
        (of or wire()).request("GET", url, {"Authorization": "Bearer secret"})
    return caught.value.answer.reason


def test_an_answer_of_any_status_is_handed_back(site: Site) -> None:
    site.on("GET /a?b", Said(418, b"tea", {"Retry-After": "7"}))
    reply = wire().request("GET", f"{site.url}/a?b")
    assert (reply.status, reply.body, reply.retry_after_seconds) == (418, b"tea", 7)


def test_a_redirect_is_not_followed_so_the_token_goes_nowhere_else(site: Site) -> None:
    with answering() as elsewhere:
        site.on("GET /", Said(307, headers={"Location": f"{elsewhere.url}/"}))
        assert reason(site.url) == "redirect"
        assert elsewhere.requests == []


def test_an_answer_without_end_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 100_000)
    site.on("GET /", Said(200, bytes(300_000)))
    assert reason(site.url) == "too-large"


def test_a_connection_that_breaks_is_told_as_such(site: Site) -> None:
    site.on("GET /", Said(drop=True))
    assert reason(site.url) == "connection"


def test_who_never_answers_and_who_is_not_there_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert reason(f"http://127.0.0.1:{port}/", wire(0.1)) == "timeout"
    assert reason(f"http://127.0.0.1:{port}/") == "refused"
    assert reason("http://no-such-host.invalid/") == "unknown-host"


def test_who_drips_is_cut_off_although_something_always_comes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client: list[socket.socket] = []

        def drip() -> None:
            connection, _ = server.accept()
            client.append(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            stop.wait(0.05)
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

        stop = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            assert reason(f"http://127.0.0.1:{port}/", wire(0.25)) == "timeout"
        finally:
            stop.set()
            thread.join(10)
            client[0].close()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's side with a certificate that nobody has signed, and that certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))
    for extension in (
        x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
        x509.BasicConstraints(ca=True, path_length=None),
    ):
        made = made.add_extension(extension, critical=False)
    public, private = folder / "cert.pem", folder / "key.pem"
    public.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


def test_a_certificate_is_looked_at_unless_told_otherwise(tmp_path: Path) -> None:
    context, public = certificate(tmp_path)
    with answering(context) as site:
        site.on("GET /", Said(200, b"in"))
        assert reason(site.url) == "tls"
        assert Wire(5, ca_file=str(public)).request("GET", site.url).body == b"in"
        assert Wire(5, verify_tls=False).request("GET", site.url).body == b"in"


def test_a_file_without_certificates_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    assert reason("https://127.0.0.1:1/", Wire(5, ca_file=str(tmp_path / "empty.pem"))) == "ca-file"


def test_plain_http_where_tls_is_wanted_is_told(site: Site) -> None:
    assert reason(site.url.replace("http:", "https:")) == "no-tls"
