"""Vectors that fail in steps 1 to 3: bytes that are not an envelope, or not one this version knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from broker.avro_binary import Writer
from broker.envelope.codec import write_envelope
from broker.envelope.model import Recipient, Sender
from broker.names import (
    Algorithm,
    GroupName,
    LegalBasis,
    Micros,
    Oin,
    Purpose,
    Role,
    SubjectRef,
    TopicName,
)
from broker.signing import BatchProof
from tests.envelope_world import AMK, CREATED, DAY, RAAD, SHG
from tests.vectors.forge import (
    Case,
    case,
    changed,
    container,
    encode_fields,
    encode_sections,
    encode_signatures,
    message,
    sign,
    signatures,
    with_raw,
)

__all__ = ["malformed"]

BAD, RULE = "malformed at step 2", "header-rule at step 2"


def malformed() -> Iterator[Case]:
    """Every vector of steps 1 to 3."""
    yield from _prefix()
    yield from _container()
    yield from _signature_list()
    yield from _header_encoding()
    yield from _header_rules()
    yield from _header_texts()
    yield from _not_understood()


def _long(value: int) -> bytes:
    writer = Writer()
    writer.long(value)
    return writer.done()


def _string(text: bytes) -> bytes:
    return _long(len(text)) + text


def _prefix() -> Iterator[Case]:
    value, key = sign(message("CH"))
    yield case("too-large", "too-large at step 1", "one byte above 1 MiB", (value, key), fill=1_048_577)
    yield case(
        "at-the-limit", BAD, "1 MiB is read, and its zero bytes are left over", (value, key), fill=1_048_576
    )
    for name, data in {
        "empty": b"",
        "one-byte": value[:1],
        "short": value[:9],
        "marker": b"\xc3\x02" + value[2:],
        "no-marker": value[2:],
        "fingerprint": value[:9] + bytes([value[9] ^ 1]) + value[10:],
        "fingerprint-reversed": value[:2] + value[2:10][::-1] + value[10:],
        "json": b'{"header": ""}',
    }.items():
        yield case(f"prefix-{name}", "prefix at step 1", f"the prefix is wrong: {name}", (data, key))


def _container() -> Iterator[Case]:
    unsigned = message("CH", "GU")
    value, key = sign(unsigned)
    head, sections = unsigned.header_bytes, encode_sections(unsigned.sections)
    signed = encode_signatures(signatures(head, (AMK.es256,)))
    for cut in (10, 11, 12, 500, len(head) + 12, len(head) + 300, len(value) - 66, len(value) - 1):
        yield case(f"cut-at-{cut}", BAD, f"only the first {cut} bytes", (value[:cut], key))
    first, second = (encode_sections((s,))[:-1] for s in unsigned.sections)
    sized = encode_sections(unsigned.sections)[1:-1]
    for name, data in {
        "trailing-byte": value + b"\x00",
        "two-blocks": container(head, first + second + b"\x00", signed),
        "sized-block": container(head, _long(-2) + _long(len(sized)) + sized + b"\x00", signed),
        "empty-block-first": container(head, b"\x80\x00" + sections, signed),
        "long-count": container(head, b"\x84\x00" + sections[1:], signed),
        "huge-count": container(head, _long(2**40) + sections[1:], signed),
        "negative-count": container(head, _long(-(2**63)) + sections[1:], signed),
        "branch-2": container(head, _long(2) + _long(2) + sections[2:], signed),
        "branch-negative": container(head, _long(2) + _long(-1) + sections[2:], signed),
        "negative-length": container(head, _long(2) + _long(1) + _long(-5), signed),
        "huge-length": container(head, _long(2) + _long(1) + _long(2**62), signed),
        "endless-integer": container(head, b"\xff" * 12, signed),
        "sections-65": container(head, encode_sections((None,) * 65), signed),
        "no-signature": container(head, sections, b"\x00"),
    }.items():
        yield case(f"container-{name}", BAD, f"the container is not strict Avro: {name}", (data, key))
    for name, parts in {"one-less": unsigned.sections[:1], "one-more": (*unsigned.sections, None)}.items():
        made = write_envelope(head, parts, signatures(head, (AMK.es256,))), key
        yield case(f"sections-{name}", RULE, "as many sections as the header lists", made)


def _signature_list() -> Iterator[Case]:
    unsigned = message("CH")
    head, key = unsigned.header_bytes, unsigned.header.record_key
    (good,) = signatures(head, (AMK.es256,))
    others = signatures(head, (AMK.es256, AMK.ml_dsa, SHG.es256, SHG.ml_dsa, RAAD.es256))

    def proof(size: int, index: int, path: bytes = b"") -> tuple[Any, ...]:
        return (replace(good, batch=BatchProof(size, index, path)),)

    def algorithm(number: int) -> tuple[Any, ...]:
        return (replace(good, algorithm=cast("Algorithm", number)),)

    for name, signed in {
        "five": others,
        "same-key-twice": (good, good),
        "algorithm-0": algorithm(0),
        "algorithm-4": algorithm(4),
        "algorithm-negative": algorithm(-1),
        "algorithm-33-bits": algorithm(2**32 + 1),
        "value-4097": (replace(good, value=bytes(4097)),),
        "index-outside": proof(2, 2, bytes(32)),
        "index-negative": proof(2, -1, bytes(32)),
        "tree-empty": proof(0, 0),
        "tree-65537": proof(65_537, 0, bytes(32 * 16)),
        "path-31": proof(2, 0, bytes(31)),
        "path-17-nodes": proof(65_536, 0, bytes(32 * 17)),
    }.items():
        made = write_envelope(head, unsigned.sections, signed), key
        yield case(f"signatures-{name}", BAD, f"the list of signatures is not allowed: {name}", made)


def _header_encoding() -> Iterator[Case]:
    unsigned = message("CH")
    key = unsigned.header.record_key
    for name, raw in {
        "version-33-bits": {"version": _long(2**31)},
        "version-overlong": {"version": b"\x82\x00"},
        "suite-33-bits": {"suite": _long(2**32 + 1)},
        "sequence-65-bits": {"sequence": b"\xff" * 9 + b"\x03"},
        "created-11-bytes": {"created_at": b"\x80" * 10 + b"\x01"},
        "urgency-2": {"urgency": _long(2)},
        "urgency-negative": {"urgency": _long(-1)},
        "regime-3": {"regime": _long(3)},
        "causation-branch-2": {"causation_id": _long(2)},
        "origin-branch-negative": {"origin": _long(-1)},
        "purpose-not-utf8": {"purpose": _string(b"amk\xfftaak")},
        "topic-not-utf8": {"topic": _string(b"exchange.\xc0\xaf")},
        "subjects-21": {"subject_refs": _long(21) + bytes(21 * 16) + b"\x00"},
        "critical-two-blocks": {"critical": _long(1) + _string(b"a") + _long(1) + _string(b"b") + b"\x00"},
        "critical-17": {"critical": _long(17) + b"".join(_string(b"x%d" % n) for n in range(17)) + b"\x00"},
        "assertions-33": {"assertions": _long(33) + (_string(b"a") * 66) + b"\x00"},
        "sections-65": {"sections": _long(65) + (_string(b"CH") + bytes(32)) * 65 + b"\x00"},
        "recipients-huge": {"recipients": _long(2**50)},
    }.items():
        made = with_raw(unsigned, **raw)
        yield case(f"header-{name}", BAD, f"the header is not strict Avro: {name}", made)
    encoded = encode_fields(unsigned.header)
    for name, data in {"trailing": encoded + b"\x00", "cut": encoded[:-1], "empty": b""}.items():
        made = write_envelope(data, unsigned.sections, signatures(data, (AMK.es256,))), key
        yield case(f"header-{name}", BAD, f"the header is not complete: {name}", made)
    entry = unsigned.header.recipients[0]
    crowd = tuple(replace(entry, oin=Oin(f"0000009900000{n:04d}000"), wrapped=b"w") for n in range(65))
    made = sign(changed(unsigned, recipients=crowd))
    yield case("header-recipients-65", BAD, "more recipients than an envelope may have", made)


def _header_rules() -> Iterator[Case]:
    unsigned = message("CH", "GU", "CO")
    (entry,) = unsigned.header.recipients
    first, second, third = unsigned.header.sections

    def to(**changes: Any) -> dict[str, tuple[Recipient, ...]]:
        return {"recipients": (replace(entry, **changes),)}

    def groups(*names: str) -> dict[str, tuple[Recipient, ...]]:
        return to(groups=tuple(GroupName(name) for name in names))

    rules: dict[str, dict[str, Any]] = {
        "recipients-none": {"recipients": ()},
        "recipient-twice": {"recipients": (entry, entry)},
        "groups-not-a-section": groups("CH", "IN"),
        "groups-out-of-order": groups("GU", "CH"),
        "groups-twice": groups("CH", "CH"),
        "wrapped-empty": to(wrapped=b""),
        "wrapped-4097": to(wrapped=bytes(4097)),
        "section-twice": {"sections": (first, second, replace(third, group=first.group))},
        "assertions-unsorted": {"assertions": (("b", "true"), ("a", "true"))},
        "assertion-twice": {"assertions": (("a", "false"), ("a", "true"))},
        "expiry-equal": {"expires_at": Micros(CREATED)},
        "expiry-before": {"expires_at": Micros(CREATED - 1)},
        "expiry-after-7-days": {"expires_at": Micros(CREATED + 7 * DAY + 1)},
        "created-before-1970": {"created_at": Micros(-1), "expires_at": Micros(1)},
        "expiry-after-9999": {
            "created_at": Micros(253_402_300_799_999_999),
            "expires_at": Micros(253_402_300_800_000_000),
        },
        "sequence-0": {"sequence": 0},
        "sequence-negative": {"sequence": -1},
        "record-key-empty": {"record_key": b""},
        "record-key-65": {"record_key": bytes(65)},
        "critical-twice": {"critical": ("a", "a")},
        "subjects-fine-but-no-sections": {"sections": (), "subject_refs": (SubjectRef(bytes(16)),)},
    }
    for name, changes in rules.items():
        made = sign(changed(unsigned, **changes))
        yield case(f"rule-{name}", RULE, f"the header breaks a rule: {name}", made)


def _header_texts() -> Iterator[Case]:
    unsigned = message("CH")
    (entry,) = unsigned.header.recipients
    sender = unsigned.header.sender
    texts: dict[str, dict[str, Any]] = {
        "type-upper-case": {"message_type": "nl.Beschermingszaken.melding.v1"},
        "type-without-version": {"message_type": "nl.beschermingszaken.melding"},
        "type-too-long": {"message_type": "nl." + "a" * 121 + ".v1"},
        "oin-19": {"sender": Sender(Oin("0000009900000000100"), sender.role, sender.system)},
        "oin-letter-in-prefix": {"sender": Sender(Oin("0000009A000000001000"), sender.role, sender.system)},
        "oin-without-suffix": {"sender": Sender(Oin("00000099000000001111"), sender.role, sender.system)},
        "role-lower-case": {"sender": Sender(sender.oin, Role("amk"), sender.system)},
        "system-with-space": {"sender": Sender(sender.oin, sender.role, "zaak systeem")},
        "system-empty": {"sender": Sender(sender.oin, sender.role, "")},
        "system-64": {"sender": Sender(sender.oin, sender.role, "s" * 64)},
        "recipient-oin": {"recipients": (replace(entry, oin=Oin("")),)},
        "recipient-role": {"recipients": (replace(entry, role=Role("R")),)},
        "legal-basis": {"legal_basis": LegalBasis("WMO 21b")},
        "purpose-one-letter": {"purpose": Purpose("p")},
        "assertion-name": {"assertions": (("Children", "true"),)},
        "assertion-value-free-text": {"assertions": (("a", "a b"),)},
        "assertion-value-65": {"assertions": (("a", "v" * 65),)},
        "topic-upper-case": {"topic": TopicName("Exchange.meldingen")},
        "topic-newline": {"topic": TopicName("exchange.meldingen\n")},
        "critical-upper-case": {"critical": ("A",)},
    }
    for name, changes in texts.items():
        made = sign(changed(unsigned, **changes))
        yield case(f"text-{name}", RULE, f"a text of the header is not of its form: {name}", made)


def _not_understood() -> Iterator[Case]:
    rows: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("version-0", "version at step 3", {"version": 0}),
        ("version-2", "version at step 3", {"version": 2}),
        ("version-negative", "version at step 3", {"version": -1}),
        ("suite-0", "suite at step 3", {"suite": 0}),
        ("suite-2", "suite at step 3", {"suite": 2}),
        ("critical-unknown", "critical at step 3", {"critical": ("nl.schakel.unheard-of",)}),
    )
    for name, expect, changes in rows:
        made = sign(changed(message("CH"), **changes))
        yield case(f"unknown-{name}", expect, f"not understood: {name}", made)
