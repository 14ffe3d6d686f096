"""Holds the connection to a real server that wants encryption and a password."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cohort.kit.smtp import Courier, Fate, Outcome
from tests.jobs import site as sites
from tests.jobs.servers import Rules, free_port

MAIL = b"Subject: x\r\n\r\ny\r\n"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody signed."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(sites.NOON - timedelta(days=9_000)).not_valid_after(sites.NOON + timedelta(days=9_000))
        .sign(key, hashes.SHA256())
    )
    Path(folder / "key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption(),
    ))
    Path(folder / "certificate").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(folder / "certificate", folder / "key")
    return made


def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword) -> AuthResult:
    return AuthResult(success=given.login == b"plan@site" and given.password == b"a b", handled=False)


@pytest.fixture
def guarded(context: ssl.SSLContext) -> Iterator[tuple[Rules, int]]:
    """A server that takes mail only over TLS and after a password."""
    rules = Rules()
    controller = Controller(
        rules, hostname="127.0.0.1", port=free_port(), tls_context=context, require_starttls=True, auth_required=True,
        authenticator=check,
    )
    controller.start()
    yield rules, controller.port
    controller.stop()


def test_it_encrypts_and_signs_in(guarded: tuple[Rules, int]) -> None:
    rules, port = guarded
    with Courier(f"smtp://plan%40site:a%20b@127.0.0.1:{port}") as courier:
        assert courier.send("plan@example.org", "ana@example.org", MAIL) == Outcome(Fate.SENT)
    assert len(rules.received) == 1


def test_a_wrong_password_blames_no_mail(guarded: tuple[Rules, int]) -> None:
    rules, port = guarded
    with Courier(f"smtp://plan%40site:wrong@127.0.0.1:{port}") as courier:
        outcome = courier.send("plan@example.org", "ana@example.org", MAIL)
    assert (outcome.fate, outcome.reason.split(":")[0]) == (Fate.UNREACHED, "SMTPAuthenticationError")
    assert rules.received == []


def test_over_tls_from_the_start_the_certificate_must_be_known(context: ssl.SSLContext) -> None:
    controller = Controller(Rules(), hostname="127.0.0.1", port=free_port(), ssl_context=context)
    controller.start()
    try:
        with Courier(f"smtps://127.0.0.1:{controller.port}") as courier:
            outcome = courier.send("plan@example.org", "ana@example.org", MAIL)
    finally:
        controller.stop()
    assert (outcome.fate, outcome.reason.split(":")[0]) == (Fate.UNREACHED, "SSLCertVerificationError")
