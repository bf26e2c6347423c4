"""CloudEvents attributes as Kafka headers, NL GOV profile, binary mode (docs/spec/envelope.md 10).

They are conveniences for tools.  No decision reads them, but when they are present they must say
what the signed header says: a record that calls itself something else is refused at step 7.
"""

from __future__ import annotations

import re

from broker.envelope.model import EnvelopeHeader
from broker.errors import UntrustedError
from broker.moments import to_text

__all__ = ["CONTENT_TYPE", "attributes", "check_attributes", "trace_id"]

CONTENT_TYPE = b"application/vnd.schakel.envelope.v1"
_NO_TRACE = bytes(16)

_TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def attributes(header: EnvelopeHeader) -> tuple[tuple[str, bytes], ...]:
    """The Kafka headers that go with an envelope, and a W3C trace context.

    A conversation is one trace and a message one span of it, so that tools can follow a case through
    the exchange without knowing more than the signed header says.
    """
    span = header.message_id[8:].hex()
    traceparent = f"00-{header.correlation_id}-{span}-01".encode("ascii")
    return (*_expected(header).items(), ("traceparent", traceparent))


def check_attributes(headers: tuple[tuple[str, bytes], ...], header: EnvelopeHeader) -> None:
    """Refuse Kafka headers that contradict the signed header; strangers' headers are ignored.

    Raises:
        UntrustedError: Step 7, reason ``headers``.
    """
    if not headers:
        return
    expected = _expected(header)
    for name, value in headers:
        if expected.get(name, value) != value:
            raise UntrustedError(
                f"the Kafka header {name} contradicts the signed header", step=7, reason="headers"
            )


def trace_id(headers: tuple[tuple[str, bytes], ...]) -> bytes:
    """The 16 bytes of a W3C trace id, or zeroes when there is none or it is not one."""
    for name, value in headers:
        if name == "traceparent" and (match := _TRACEPARENT.fullmatch(value or b"")):
            return bytes.fromhex(match[1].decode("ascii"))
    return _NO_TRACE


def _expected(header: EnvelopeHeader) -> dict[str, bytes]:
    return {
        "ce_specversion": b"1.0",
        "ce_id": str(header.message_id).encode("ascii"),
        "ce_type": header.message_type.encode("ascii"),
        "ce_source": f"urn:nld:oin:{header.sender.oin}:systeem:{header.sender.system}".encode(),
        "ce_time": to_text(header.created_at).encode("ascii"),
        "content-type": CONTENT_TYPE,
    }
