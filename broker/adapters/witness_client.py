"""Asks witnesses over HTTP to cosign (`broker.audit.witness.WitnessCall`).

No redirects, no retries, no environment: one request to the address in the policy, one bounded answer.
"""

from __future__ import annotations

import socket
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from urllib.parse import urlsplit

from broker.audit.cosignature import MAX_LINES
from broker.errors import ConfigurationError, UnavailableError

__all__ = ["HttpWitnessCall", "require_witness_url"]

_SECONDS = 5.0
_LIFETIMES = 3
"""A call takes at most so many times the seconds of one step, however slowly it is answered."""
_PATH = "/add-checkpoint"


class HttpWitnessCall:
    """A `broker.audit.witness.WitnessCall` over HTTP and HTTPS.

    Args:
        seconds: For each step of a call: connecting, sending, waiting for an answer.
    """

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds

    def add_checkpoint(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Ask the witness at *url* to cosign; its status and answer."""
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        try:
            connection = kind(parts.hostname or "", parts.port, timeout=self._seconds)
            connection.connect()
            end = Timer(self._seconds * _LIFETIMES, _hang_up, (connection.sock,))
            end.daemon = True
            end.start()
            try:
                connection.request("POST", parts.path.rstrip("/") + _PATH, body, {"Connection": "close"})
                answer = connection.getresponse()
                data = answer.read(MAX_LINES + 1)
            finally:
                end.cancel()
                connection.close()
        except (OSError, HTTPException, ValueError) as error:
            raise _unavailable(url, str(error)) from error
        if len(data) > MAX_LINES:
            raise _unavailable(url, "its answer is too large")
        return answer.status, data


def require_witness_url(url: str) -> None:
    """Insist on an address that can be asked.

    Raises:
        ConfigurationError: It is not an ``http://`` or ``https://`` address.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        usable = usable and not (parts.username or parts.query or parts.fragment)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            f"not the address of a witness: {url}",
            remedy="Give each witness of the policy that is to be asked http(s)://HOST[:PORT][/PATH]",
        )


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _unavailable(url: str, why: str) -> UnavailableError:
    return UnavailableError(
        f"the witness at {url} did not answer",
        why=why,
        remedy="It is asked again by itself; see that it runs and can be reached",
        code="witness",
    )
