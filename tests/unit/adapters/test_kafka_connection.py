"""A failed connection names its cause, and files that do not fit are found before anything is sent."""

from __future__ import annotations

import datetime as dt
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broker.adapters.kafka_connection import Cause, KafkaAccess, client_settings, diagnose, probe, tls_context
from broker.errors import ConfigurationError, UnavailableError
from broker.sandbox import pki
from broker.sandbox.kafka import free_ports


def _authority(directory: Path) -> Path:
    pki.create_authority(directory)
    pki.issue(directory, "node", None, "broker")
    pki.issue(directory, "party", None, "client")
    return directory


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority that both sides trust."""
    return _authority(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another authority."""
    return _authority(tmp_path_factory.mktemp("foreign"))


def _access(address: str, home: Path, certificate: Path | None = None) -> KafkaAccess:
    return KafkaAccess((address,), home / "ca.pem", certificate or home / "party.pem")


@contextmanager
def _server(
    certificate: Path | None, trusted: Path, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> Iterator[str]:
    """A listener that answers one connection as a node would, or without a certificate in the clear."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer, args=(listener, certificate, trusted, version))
        thread.start()
        yield f"localhost:{listener.getsockname()[1]}"
        thread.join(10)


def _answer(
    listener: socket.socket, certificate: Path | None, trusted: Path, version: ssl.TLSVersion
) -> None:
    listener.settimeout(10)
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(10)
        try:
            if certificate is None:
                connection.recv(4)
                connection.sendall(b"HTTP/1.1 400 no\r\n\r\n")
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.maximum_version = version
            context.load_cert_chain(certificate)
            context.load_verify_locations(trusted / "ca.pem")
            context.verify_mode = ssl.CERT_REQUIRED
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(14)
                secured.sendall(b"\x00\x00\x00\x04")
        except OSError:
            return


def _expired(home: Path) -> Path:
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    return pki.issue(home, "old-party", None, "client", pki.Validity(past, past + dt.timedelta(days=1)))


def _found(access: KafkaAccess) -> Cause:
    (finding,) = probe(access.bootstrap, tls_context(access))
    return finding.cause


def test_a_node_that_answers(home: Path) -> None:
    """With the right certificates there is no cause."""
    with _server(home / "node.pem", home) as address:
        assert _found(_access(address, home)) is Cause.NONE


def test_nobody_listens(home: Path) -> None:
    """A closed port is refused."""
    assert _found(_access(f"localhost:{free_ports(1)[0]}", home)) is Cause.REFUSED


def test_a_silent_node(home: Path) -> None:
    """A listener that never answers is silent, and the probe ends in time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        access = _access(f"localhost:{listener.getsockname()[1]}", home)
        (finding,) = probe(access.bootstrap, tls_context(access), timeout=0.3)
    assert finding.cause is Cause.SILENT


@pytest.mark.parametrize("address", ["no-such-host.invalid:9092", "localhost", "localhost:port"])
def test_an_address_that_leads_nowhere(home: Path, address: str) -> None:
    """A name that does not resolve, and what is not an address at all."""
    assert _found(_access(address, home)) is Cause.UNKNOWN_HOST


def test_a_plaintext_listener(home: Path) -> None:
    """A listener that does not speak TLS is named as such."""
    with _server(None, home) as address:
        assert _found(_access(address, home)) is Cause.NOT_TLS


def test_an_old_protocol(home: Path) -> None:
    """A node that offers TLS 1.2 alone is not talked to."""
    with _server(home / "node.pem", home, ssl.TLSVersion.TLSv1_2) as address:
        assert _found(_access(address, home)) is Cause.NO_TLS13


def test_a_node_of_another_authority(home: Path, foreign: Path) -> None:
    """A node whose certificate we do not trust."""
    with _server(foreign / "node.pem", home) as address:
        assert _found(_access(address, home)) is Cause.SERVER_UNKNOWN_CA


def test_a_node_of_another_name(home: Path) -> None:
    """A node whose certificate is for another host than we asked for."""
    with _server(home / "node.pem", home) as address:
        access = _access(address.replace("localhost", "127.0.0.2"), home)
        with socket.create_server(("127.0.0.2", int(address.rpartition(":")[2]))) as other:
            thread = threading.Thread(
                target=_answer, args=(other, home / "node.pem", home, ssl.TLSVersion.TLSv1_3)
            )
            thread.start()
            found = _found(access)
            thread.join(10)
        assert _found(_access(address, home)) is Cause.NONE
    assert found is Cause.SERVER_WRONG_HOST


def test_a_node_whose_time_is_over(home: Path) -> None:
    """A node whose certificate has expired."""
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    old = pki.issue(home, "old-node", None, "broker", pki.Validity(past, past + dt.timedelta(days=1)))
    with _server(old, home) as address:
        assert _found(_access(address, home)) is Cause.SERVER_EXPIRED


def test_our_certificate_of_another_authority(home: Path, foreign: Path) -> None:
    """A node that does not trust us says so only after the handshake; it is heard all the same."""
    with _server(home / "node.pem", home) as address:
        assert _found(_access(address, home, foreign / "party.pem")) is Cause.CLIENT_UNKNOWN_CA


def test_our_certificate_whose_time_is_over(home: Path) -> None:
    """Our own expired certificate is told apart from a foreign one."""
    old = _expired(home)
    with _server(home / "node.pem", home) as address:
        assert _found(_access(address, home, old)) is Cause.CLIENT_EXPIRED


def test_our_certificate_whose_time_is_over_at_a_node_that_does_not_say(home: Path, foreign: Path) -> None:
    """A node that says only that it does not know the certificate: its dates are looked at here."""
    old = _expired(home)
    with _server(home / "node.pem", foreign) as address:
        access = _access(address, home, old)
        # A server that trusts another authority answers an expired certificate as it does a foreign one.
        (finding,) = probe(access.bootstrap, tls_context(access), own=old)
    assert finding.cause is Cause.CLIENT_EXPIRED


def test_what_waiting_mends_is_unavailable(home: Path) -> None:
    """A refused connection may be tried again."""
    error = diagnose(_access(f"localhost:{free_ports(1)[0]}", home))
    assert (type(error), error and error.code) == (UnavailableError, "kafka-refused")


def test_a_wrong_certificate_is_a_wrong_configuration(home: Path, foreign: Path) -> None:
    """A certificate that does not fit stops the process, whatever other addresses do."""
    with _server(foreign / "node.pem", home) as address:
        access = KafkaAccess((f"localhost:{free_ports(1)[0]}", address), home / "ca.pem", home / "party.pem")
        assert isinstance(diagnose(access), ConfigurationError)


def test_one_address_that_answers_is_enough(home: Path) -> None:
    """Nothing is wrong when one of the addresses answers."""
    with _server(home / "node.pem", home) as address:
        access = KafkaAccess((f"localhost:{free_ports(1)[0]}", address), home / "ca.pem", home / "party.pem")
        assert diagnose(access) is None


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\x00\xff"])
def test_a_file_that_is_no_certificate(home: Path, tmp_path: Path, content: bytes | None) -> None:
    """A missing or wrong file is named before anything is connected to."""
    path = tmp_path / "party.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"party\.pem"):
        tls_context(_access("localhost:1", home, path))


def test_a_key_of_another_certificate(home: Path, foreign: Path, tmp_path: Path) -> None:
    """A key that does not belong to its certificate is refused."""
    end = b"-----END PRIVATE KEY-----\n"
    key = (foreign / "party.pem").read_bytes().partition(end)
    own = (home / "party.pem").read_bytes().partition(end)
    path = tmp_path / "mixed.pem"
    path.write_bytes(key[0] + end + own[2])
    with pytest.raises(ConfigurationError):
        tls_context(_access("localhost:1", home, path))


def test_the_library_never_logs_at_debug(home: Path) -> None:
    """At DEBUG the library prints records and passwords, so its loggers are kept above it."""
    logger = logging.getLogger("kafka")
    before = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        client_settings(_access("localhost:1", home))
        assert not logging.getLogger("kafka.producer").isEnabledFor(logging.DEBUG)
    finally:
        logger.setLevel(before)
