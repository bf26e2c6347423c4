"""The registry's web server, or somebody before it, misbehaves: a process with a fresh view goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

import pytest

from broker.adapters import tuf_repository
from broker.adapters.tuf_publisher import ROLES, RegistryPublisher
from broker.adapters.tuf_repository import RegistryReader
from broker.crypto import SoftwareSigner
from broker.errors import UnavailableError
from broker.names import Algorithm
from broker.trust.keeper import TrustKeeper
from tests.registry_world import NOW, RegistryWorld
from tests.world import Clock


class Server(ThreadingHTTPServer):
    """Serves a folder, until it is told how to misbehave."""

    misbehave: Callable[[Answer], None] | None = None
    daemon_threads = True


class Answer(SimpleHTTPRequestHandler):
    """One answer of the server."""

    def do_GET(self) -> None:
        """Send the file, or do what the test is about."""
        assert isinstance(self.server, Server)
        if self.server.misbehave is None:
            super().do_GET()
            return
        self.close_connection = True
        try:
            self.server.misbehave(self)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def begin(self, **headers: str) -> None:
        """The status line and headers of an answer that seems to be good."""
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()


def hang_up(answer: Answer) -> None:
    """Promise a thousand bytes and send one."""
    answer.begin(Content_Length="1000")
    answer.wfile.write(b"{")


def bad_chunks(answer: Answer) -> None:
    """Send a chunk whose length is no number."""
    answer.protocol_version = "HTTP/1.1"
    answer.begin(Transfer_Encoding="chunked")
    answer.wfile.write(b"zz\r\nrubbish")


def bad_compression(answer: Answer) -> None:
    """Call compressed what is not."""
    answer.begin(Content_Encoding="gzip", Content_Length="7")
    answer.wfile.write(b"notgzip")


def no_http(answer: Answer) -> None:
    """Speak something else."""
    answer.wfile.write(b"SSH-2.0-something\r\n")


def drip(answer: Answer) -> None:
    """Send one byte at a time, for as long as somebody listens."""
    answer.begin(Content_Length="16000")
    for _ in range(200):
        answer.wfile.write(b" ")
        answer.wfile.flush()
        time.sleep(0.05)


MISBEHAVIOUR: Mapping[str, Callable[[Answer], None]] = MappingProxyType(
    {f.__name__: f for f in (hang_up, bad_chunks, bad_compression, no_http, drip)}
)


@contextmanager
def registry(folder: Path) -> Iterator[tuple[Server, TrustKeeper, Clock]]:
    """A published registry on a server of its own, and a keeper that reads it there."""
    keys = {role: [SoftwareSigner.generate(Algorithm.ED25519)] for role in ROLES}
    publisher = RegistryPublisher.create(folder / "public", keys, {}, NOW)
    publisher.publish(RegistryWorld().targets(), NOW)
    server = Server(("127.0.0.1", 0), partial(Answer, directory=str(folder / "public")))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    clock = Clock(NOW)
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        reader = RegistryReader(address, folder / "cache", publisher.trusted_root)
        yield server, TrustKeeper(reader, clock), clock
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("kind", MISBEHAVIOUR)
def test_a_fresh_view_outlives_a_server_that_misbehaves(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the server answers, a view that has not expired is used, and soon."""
    monkeypatch.setattr(tuf_repository, "_HTTP_DEADLINE", 0.3)
    with registry(tmp_path) as (server, keeper, clock):
        view = keeper.current()
        clock.forward(3)
        server.misbehave = MISBEHAVIOUR[kind]
        began = time.monotonic()

        assert keeper.current() is view
        assert time.monotonic() - began < 5
        assert isinstance(keeper.last_error, UnavailableError)


def test_a_server_that_recovers_is_read_again(tmp_path: Path) -> None:
    """A broken answer leaves nothing behind that spoils the next one."""
    with registry(tmp_path) as (server, keeper, clock):
        keeper.current()
        clock.forward(3)
        server.misbehave = hang_up
        keeper.current()
        server.misbehave = None
        clock.forward(3)
        keeper.current()

        assert keeper.last_error is None
