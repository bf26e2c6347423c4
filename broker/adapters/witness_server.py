"""A witness over HTTP: ``POST /add-checkpoint`` and nothing else (docs/spec/audit.md 6.3).

Anybody may ask, so everything has a bound:

1. a request has at most 128 KiB, of a length that it says first, and no other method or path is answered;
2. a connection lives at most 20 seconds, however slowly it is fed;
3. at most 16 connections at once: the next ones are hung up on, and a log asks again.

TLS is for the web server before it: what is asked and answered is signed, and public.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Thread, Timer
from typing import Any

import structlog

from broker import logs
from broker.audit.witness import MAX_REQUEST, Answer, Finding
from broker.errors import ConfigurationError, SchakelError

__all__ = ["MOST_CONNECTIONS", "WitnessServer"]

MOST_CONNECTIONS = 16
"""At once."""

_LIFETIME_SECONDS = 20.0
_IDLE_SECONDS = 5.0
_PATH = "/add-checkpoint"

_log = structlog.get_logger()

_Judge = Callable[[bytes], Answer]


class WitnessServer:
    """Serves a witness in threads of its own, from `start` to `close`.

    Args:
        host: Name or address to listen on.
        port: 0 for any that is free.
        judge: Answers the body of a request.

    Raises:
        ConfigurationError: That address cannot be listened on.
    """

    def __init__(
        self, host: str, port: int, judge: _Judge, lifetime_seconds: float = _LIFETIME_SECONDS
    ) -> None:
        try:
            self._server = _Server((host, port), judge, lifetime_seconds)
        except OSError as error:
            raise ConfigurationError(
                f"the witness cannot listen on {host}:{port}",
                why=error.strerror or "",
                remedy="Choose another address in its profile, or stop what listens there",
            ) from error
        self._thread = Thread(target=self._server.serve_forever, args=(0.1,), name="witness", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Answer nothing any more; what is being answered is finished."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], judge: _Judge, lifetime_seconds: float) -> None:
        self.judge = judge
        self.lifetime_seconds = lifetime_seconds
        self._free = BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # Whatever time-outs a client keeps within, one byte at a time: this ends it.
        end = Timer(self.lifetime_seconds, _hang_up, (request,))
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is the client's business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "schakel-witness"
    sys_version = ""
    timeout = _IDLE_SECONDS
    server: _Server

    def do_POST(self) -> None:
        if self.path != _PATH:
            self._answer(Answer(404, b"there is only /add-checkpoint here\n"), last=True)
            return
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self._answer(Answer(411, b"say the length first\n"), last=True)
        elif len(length) > len(str(MAX_REQUEST)) or int(length) > MAX_REQUEST:
            self._answer(Answer(413, b"too large\n"), last=True)
        else:
            self._judge(self.rfile.read(int(length)), int(length))

    def _judge(self, body: bytes, length: int) -> None:
        if len(body) != length:
            self.close_connection = True
            return
        try:
            answer = self.server.judge(body)
        except SchakelError as error:
            _log.warning(logs.WORLD_UNAVAILABLE, code=error.code, error=str(error))
            answer = Answer(503, b"not now\n")
        _report(answer)
        self._answer(answer)

    def _answer(self, answer: Answer, *, last: bool = False) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        if last:
            # What may still come was not read.
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """What strangers ask for is not written down."""


def _report(answer: Answer) -> None:
    conflict = answer.conflict
    if conflict is not None:
        _log.error(
            logs.WITNESS_CONFLICT,
            kind=conflict.finding.name.lower(),
            host=answer.origin,
            size=answer.size,
            root=conflict.checkpoint.root,
            known_size=conflict.known.size,
            known_digest=conflict.known.root,
        )
    elif answer.status in (200, Finding.STALE.status):
        _log.info(logs.WITNESS_ANSWERED, host=answer.origin, size=answer.size, status=answer.status)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
