"""The parts of docs/spec/envelope.md that are generated: reasons, limits and the worked example.

``python -m tests.vectors.spec_parts`` writes them into the document; a test keeps them equal.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

from broker.avro_binary import Writer
from broker.crypto import open_section, sha256
from broker.envelope import schema
from broker.envelope.binding import section_context, statement, wrap_info
from broker.envelope.codec import read_envelope
from broker.envelope.model import Envelope
from broker.envelope.padding import unpad
from broker.envelope.reasons import Reason
from broker.moments import DAY
from broker.names import MAX_ENVELOPE_BYTES
from broker.signing import MAX_BATCH, MAX_SIGNATURES
from tests.envelope_world import SHG
from tests.vectors.forge import FIELDS
from tests.vectors.second_reader import parse

__all__ = ["PARTS", "SPECIFICATION", "between", "main"]

ROOT = Path(__file__).parents[2]
SPECIFICATION = ROOT / "docs" / "spec" / "envelope.md"
EXAMPLE = ROOT / "tests" / "vectors" / "envelope" / "groups-1.vector"


def reasons() -> str:
    """The table of section 9."""
    rows = [f"| {reason.step} | `{reason}` | {reason.meaning} |" for reason in Reason]
    return "\n".join(["| step | reason | cause |", "| ---: | --- | --- |", *rows])


def limits() -> str:
    """The table of section 11."""
    rows = {
        "record value": f"{MAX_ENVELOPE_BYTES:,} bytes",
        "recipients": f"1 to {schema.MAX_RECIPIENTS}",
        "sections": f"0 to {schema.MAX_SECTIONS}",
        "subject references": f"0 to {schema.MAX_SUBJECTS}",
        "assertions": f"0 to {schema.MAX_ASSERTIONS}",
        "critical extensions": f"0 to {schema.MAX_CRITICAL}",
        "record key": f"1 to {schema.MAX_RECORD_KEY} bytes",
        "wrapped keys of one recipient": f"1 to {schema.MAX_WRAPPED:,} bytes",
        "signatures": f"1 to {MAX_SIGNATURES}, each by another key, at most 4,096 bytes each",
        "statements in a batch": f"1 to {MAX_BATCH:,}, a path of at most 16 nodes",
        "lifetime": f"1 microsecond to {schema.MAX_LIFETIME // DAY} days",
        "clock tolerance": f"{schema.CLOCK_TOLERANCE // 60_000_000} minutes",
        "padding bucket": f"{schema.BUCKET} bytes",
    }
    lines = [f"| {what} | {limit} |" for what, limit in rows.items()]
    return "\n".join(["| what | limit |", "| --- | --- |", *lines])


def example() -> str:
    """The worked example of section 13: the bytes of vector `groups-1` and every intermediate value."""
    vector = parse(EXAMPLE.read_text("utf-8"))
    envelope = read_envelope(vector["value"])
    blocks = [_container(envelope, len(vector["value"])), _header(envelope), _computed(envelope)]
    return "```text\n" + "\n\n".join(blocks) + "\n```"


PARTS: dict[str, Callable[[], str]] = {"reasons": reasons, "limits": limits, "example": example}


def between(name: str, text: str) -> str:
    """What stands in the document between the two markers of a part."""
    begin, end = f"<!-- {name}: generated -->\n", f"\n<!-- {name}: end -->"
    return text.partition(begin)[2].partition(end)[0]


def main() -> None:
    """Write every part into the document."""
    text = SPECIFICATION.read_text("utf-8")
    for name, part in PARTS.items():
        text = text.replace(
            f"<!-- {name}: generated -->\n{between(name, text)}\n<!-- {name}: end -->",
            f"<!-- {name}: generated -->\n{part()}\n<!-- {name}: end -->",
        )
    SPECIFICATION.write_text(text, "utf-8")


def _line(name: str, data: bytes, meaning: str = "") -> str:
    shown = data.hex() if len(data) <= 24 else f"{data[:8].hex()}..{data[-4:].hex()}"
    return f"{name:<16} {len(data):>5}  {shown:<50} {meaning}".rstrip()


def _container(envelope: Envelope, size: int) -> str:
    (section,) = envelope.sections
    (signature,) = envelope.signatures
    assert section is not None
    return "\n".join(
        [
            f"record value, {size} bytes",
            _line("prefix", b"\xc3\x01" + schema.ENVELOPE_FINGERPRINT),
            _line("header length", _long(len(envelope.header_bytes)), f"{len(envelope.header_bytes)} bytes"),
            _line("header", envelope.header_bytes, "see below"),
            _line("sections", _long(1) + _long(1) + _long(len(section)), "1 item, present, its length"),
            _line("", section, "salt 24, commitment 32, ciphertext 256, tag 16"),
            _line("", b"\x00", "end of the array"),
            _line("signatures", _long(1), "1 item"),
            _line("  alg", _long(signature.algorithm), "1 = ES256"),
            _line("  key_id", signature.key_id),
            _line("  batch", b"\x00", "null: signed on its own"),
            _line("  signature", _long(len(signature.value)) + signature.value, "length, r, s"),
            _line("", b"\x00", "end of the array"),
        ]
    )


def _header(envelope: Envelope) -> str:
    lines = ["header, field by field"]
    for name, write in FIELDS.items():
        writer = Writer()
        write(writer, envelope.header)
        value = getattr(envelope.header, name, "")
        meaning = str(value) if isinstance(value, str | int) else ""
        lines.append(_line(name, writer.done(), meaning))
    return "\n".join(lines)


def _computed(envelope: Envelope) -> str:
    (recipient,) = envelope.header.recipients
    (section,) = envelope.sections
    assert section is not None
    info = wrap_info(envelope.header, recipient)
    pairs = SHG.unwrapper.unwrap(info, recipient.wrapped)
    context = section_context(envelope.header, recipient.groups[0])
    padded = open_section(pairs[1:], context, section)
    rows = [
        ("statement", f"DSSEv1 35 application/vnd.schakel.envelope.v1 {len(envelope.header_bytes)} <header>"),
        ("statement hash", str(sha256(statement(envelope.header_bytes)))),
        ("wrap info", info.hex()),
        ("pairs", pairs.hex()),
        ("section context", context.hex()),
        ("padded record", f"{padded[:24].hex()}.. ({len(padded)} bytes)"),
        ("group record", f"{unpad(padded)[:20].decode('ascii')}.. ({len(unpad(padded))} bytes)"),
    ]
    wrapped = [
        textwrap.fill(f"{name:<16} {text}", 100, subsequent_indent=" " * 17, break_on_hyphens=False)
        for name, text in rows
    ]
    return "\n".join(["computed by SHG (test keys of tests/vectors/test_keys.json)", *wrapped])


def _long(value: int) -> bytes:
    writer = Writer()
    writer.long(value)
    return writer.done()


if __name__ == "__main__":
    main()
