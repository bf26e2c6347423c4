"""A witness over real HTTP on this machine: what it answers, and what it does not put up with."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import pytest

from broker.adapters.witness_client import HttpWitnessCall, require_witness_url
from broker.adapters.witness_server import MOST_CONNECTIONS, WitnessServer
from broker.audit.checkpoint import parse_checkpoint
from broker.audit.cosignature import cosignatures
from broker.audit.witness import MAX_REQUEST, Answer, write_request
from broker.errors import ConfigurationError, UnavailableError
from tests.audit_world import DECIDED
from tests.witness_world import PEER, Leaves, new_witness

SEEN = Leaves(5)


@contextmanager
def served(judge: Callable[[bytes], Answer], lifetime_seconds: float = 20.0) -> Iterator[WitnessServer]:
    """A server that answers with *judge*."""
    server = WitnessServer("127.0.0.1", 0, judge, lifetime_seconds)
    server.start()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[WitnessServer]:
    """A witness that watches the test log."""
    made, store = new_witness(tmp_path)
    with served(lambda body: made.add_checkpoint(body, DECIDED)) as server:
        yield server
    store.close()


def raw(server: WitnessServer, request: bytes) -> bytes:
    """Everything that comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    return answer


def test_a_log_is_cosigned_over_http(witness: WitnessServer) -> None:
    """Client and server of ours, and the form of C2SP tlog-witness between them."""
    call = HttpWitnessCall()
    url = f"http://127.0.0.1:{witness.port}"

    status, lines = call.add_checkpoint(url, write_request(0, [], SEEN.note))
    assert status == 200
    assert len(cosignatures(parse_checkpoint(SEEN.note + lines), [PEER.verifier])) == 1
    assert call.add_checkpoint(url, write_request(0, [], Leaves(9).note)) == (409, b"5\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\n", b"411", id="no length"),
        pytest.param(
            b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: -1\r\n", b"411", id="a negative length"
        ),
        pytest.param(
            b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: %d\r\n" % (MAX_REQUEST + 1),
            b"413",
            id="too long",
        ),
        pytest.param(
            b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n",
            b"413",
            id="a length that is a huge number",
        ),
        pytest.param(
            b"POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", b"411", id="in chunks"
        ),
        pytest.param(b"POST /elsewhere HTTP/1.1\r\nContent-Length: 0\r\n", b"404", id="another path"),
        pytest.param(b"GET /add-checkpoint HTTP/1.1\r\n", b"501", id="another method"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\r\n", b"400", id="not HTTP"),
    ],
)
def test_anything_else_is_refused_and_hung_up_on(
    witness: WitnessServer, request_: bytes, status: bytes
) -> None:
    """At once, without reading what was announced."""
    answer = raw(witness, request_ + b"\r\n")

    assert status in answer.split(b"\r\n")[0] or status in answer


def test_a_slow_client_is_ended() -> None:
    """One that feeds a byte now and then does not keep a thread for ever."""
    with (
        served(lambda _: Answer(200, b""), lifetime_seconds=0.3) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection,
    ):
        connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\nold")
        assert connection.recv(100) == b""


def test_more_connections_than_may_be_are_hung_up_on() -> None:
    """The ones before them are still served."""
    release, full = Event(), Event()
    waiting: list[int] = []

    def judge(_: bytes) -> Answer:
        waiting.append(1)
        if len(waiting) == MOST_CONNECTIONS:
            full.set()
        release.wait(10)
        return Answer(200, b"done")

    request = b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
    with served(judge) as server, ExitStack() as stack:
        address = ("127.0.0.1", server.port)
        held = [
            stack.enter_context(socket.create_connection(address, timeout=10))
            for _ in range(MOST_CONNECTIONS)
        ]
        for connection in held:
            connection.sendall(request)
        assert full.wait(10)
        try:
            refused = raw(server, request)
        except ConnectionError:
            refused = b""
        release.set()
        assert refused == b""
        assert all(b"200" in connection.recv(1000) for connection in held)


def test_a_store_that_does_not_answer_is_not_now() -> None:
    """Nothing was cosigned, and the log asks again."""

    def judge(_: bytes) -> Answer:
        raise UnavailableError("the store did not answer")

    with served(judge) as server:
        assert HttpWitnessCall().add_checkpoint(f"http://127.0.0.1:{server.port}", b"x")[0] == 503


def test_a_witness_that_is_not_there_is_unavailable() -> None:
    """A refused connection, soon."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(UnavailableError):
            HttpWitnessCall(0.5).add_checkpoint(f"http://127.0.0.1:{port}", b"x")


def test_a_witness_that_never_finishes_is_unavailable() -> None:
    """An answer of one byte now and then ends with the call's time."""
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(UnavailableError):
        HttpWitnessCall(0.1).add_checkpoint(f"http://127.0.0.1:{server.getsockname()[1]}", b"x")


def test_an_answer_has_a_size() -> None:
    """A witness cannot fill the memory of a ledger writer."""
    with served(lambda _: Answer(200, b"x" * 70_000)) as server, pytest.raises(UnavailableError):
        HttpWitnessCall().add_checkpoint(f"http://127.0.0.1:{server.port}", b"x")


def test_an_address_in_use_is_said() -> None:
    """With the address, at the start."""
    with served(lambda _: Answer(200, b"")) as server, pytest.raises(ConfigurationError):
        WitnessServer("127.0.0.1", server.port, lambda _: Answer(200, b""))


@pytest.mark.parametrize(
    "url",
    ["", "w.invalid", "ftp://w.invalid", "file:///etc", "http://", "http://a:x", "https://a:b@w.invalid"],
)
def test_what_cannot_be_asked_is_no_address(url: str) -> None:
    """Said when the profile is read."""
    with pytest.raises(ConfigurationError):
        require_witness_url(url)
