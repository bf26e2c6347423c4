"""Vectors that every reader must accept, and what a recipient then finds in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

from broker import merkle
from broker.crypto import pae
from broker.envelope.binding import statement
from broker.envelope.codec import read_envelope, reduce, write_envelope
from broker.envelope.model import Origin
from broker.envelope.seal import Unsigned, seal, sign_all
from broker.names import MessageId, Purpose, Regime, SubjectRef, Urgency
from broker.signing import BatchProof, Signature
from tests.envelope_world import (
    AMK,
    BJZ,
    CREATED,
    DAY,
    RAAD,
    SHG,
    TestAgency,
    draft,
    group_names,
    header,
    recipient,
    seeded,
)
from tests.vectors.forge import Case, case, message, sign

__all__ = ["accepted"]

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MINUTE = 60 * 1_000_000


def accepted() -> Iterator[Case]:
    """Every accepted vector."""
    yield from _plain()
    yield from _fields()
    yield from _boundaries()
    yield from _signatures()
    yield from _batches()
    yield from _reduced()


def _ok(name: str, comment: str, made: tuple[bytes, bytes], **other: Any) -> Case:
    return case(name, "ok", comment, made, **other)


def _opened(*groups: str, size: int = 100) -> dict[str, str]:
    return {name: sha256((name.encode() * size)[:size]).hexdigest() for name in groups}


def _plain() -> Iterator[Case]:
    for groups in (("CH",), ("CH", "GU"), ("CH", "GU", "CO", "IN"), ("CH", "GU", "CO", "IN", "RPI", "SA")):
        yield _ok(
            f"groups-{len(groups)}",
            f"one recipient opens {len(groups)} groups",
            sign(message(*groups)),
            recipient=SHG.oin,
            opens=_opened(*groups),
        )
    yield _ok(
        "groups-0", "a message without groups wraps an empty secret", sign(message()), recipient=SHG.oin
    )
    for size in (251, 252, 253, 16_380):
        yield _ok(
            f"size-{size}",
            "a group record at the edge of its padding or of a chunk",
            sign(message("CH", size=size)),
            recipient=SHG.oin,
            opens=_opened("CH", size=size),
        )
    for agency in (SHG, RAAD, BJZ):
        made = sign(message("CH", "GU", to=(SHG, RAAD, BJZ)))
        yield _ok(
            f"recipients-3-{agency.name}",
            "three recipients, each opens with its own key",
            made,
            recipient=agency.oin,
            opens=_opened("CH", "GU"),
        )


def _fields() -> Iterator[Case]:
    other = MessageId(bytes(range(16)))
    people = tuple(SubjectRef(bytes([n]) * 16) for n in range(20))
    many = tuple((f"predicate_{n:02d}", "true") for n in range(32))
    fields: dict[str, dict[str, Any]] = {
        "acute": {"urgency": Urgency.ACUTE},
        "regime-0": {"regime": Regime.R0},
        "regime-2": {"regime": Regime.R2},
        "causation": {"causation_id": other, "correlation_id": other},
        "origin": {"origin": Origin(other, RAAD.oin)},
        "subjects-20": {"subject_refs": people},
        "subject-twice": {"subject_refs": people[:1] * 2},
        "assertions-none": {"assertions": ()},
        "assertions-32": {"assertions": many},
        "long-purpose": {"purpose": Purpose("p" * 64)},
        "sequence-large": {"sequence": 2**62},
        "record-key-1": {"record_key": b"k"},
        "record-key-64": {"record_key": bytes(64)},
    }
    for name, changes in fields.items():
        yield _ok(
            f"field-{name}", f"header field at an allowed value: {name}", sign(message("CH", **changes))
        )
    yield _ok(
        "sender-alphanumeric-oin", "an OIN may hold letters", sign(message("CH", sender=BJZ), BJZ.es256)
    )


def _boundaries() -> Iterator[Case]:
    made = sign(message("CH"))
    expiry = CREATED + 7 * DAY
    yield _ok("time-last-microsecond", "one microsecond before expiry", made, now=expiry - 1)
    yield _ok("time-ahead-5-minutes", "made exactly 5 minutes ahead", made, now=CREATED - 5 * MINUTE)
    short = sign(message("CH", expires_at=CREATED + 1))
    yield _ok("time-shortest-life", "expires one microsecond after it was made", short, now=CREATED)


def _signatures() -> Iterator[Case]:
    unsigned = message("CH")
    value, key = sign(unsigned)
    (signature,) = read_envelope(value).signatures
    yield _ok("es256-as-made", "an ES256 signature (r, s)", (value, key))
    r, s = signature.value[:32], int.from_bytes(signature.value[32:], "big")
    twin = replace(signature, value=r + (P256_ORDER - s).to_bytes(32, "big"))
    yield _ok(
        "es256-twin",
        "(r, n-s) is valid as well: never recognise a message by its signature",
        (write_envelope(unsigned.header_bytes, unsigned.sections, (twin,)), key),
    )
    yield _ok(
        "hybrid",
        "the set that the registry requires of SHG",
        sign(message("CH", sender=SHG, to=(AMK,)), SHG.es256, SHG.ml_dsa),
    )
    yield _ok(
        "hybrid-other-order",
        "the order of signatures is free",
        sign(message("CH", sender=SHG, to=(AMK,)), SHG.ml_dsa, SHG.es256),
    )
    yield _ok(
        "more-than-required",
        "a signature beyond the required set must verify too",
        sign(unsigned, AMK.es256, AMK.ml_dsa),
    )
    yield _ok("batch-of-1", "a tree of one leaf has an empty path", _batch_of_one(unsigned))


def _batch_of_one(unsigned: Unsigned) -> tuple[bytes, bytes]:
    root = merkle.leaf_hash(statement(unsigned.header_bytes))
    signed = pae(b"application/vnd.schakel.batch.v1", AMK.oin.encode() + (1).to_bytes(8, "big") + root)
    es256 = AMK.es256
    signature = Signature(es256.algorithm, es256.key_id, BatchProof(1, 0, b""), es256.sign(signed))
    return write_envelope(unsigned.header_bytes, unsigned.sections, (signature,)), unsigned.header.record_key


def _batches() -> Iterator[Case]:
    for size, members in {2: (0, 1), 3: (0, 2), 7: (0, 4, 6), 64: (0, 31, 63)}.items():
        batch = [message("CH", number=n) for n in range(1, size + 1)]
        values = sign_all(batch, (AMK.es256,))
        for n in members:
            made = values[n], batch[n].header.record_key
            yield _ok(f"batch-{size}-leaf-{n}", f"leaf {n} of a batch of {size}", made)
    both = [message("CH", sender=SHG, to=(AMK,), number=n) for n in range(1, 6)]
    value = sign_all(both, (SHG.es256, SHG.ml_dsa))[4]
    yield _ok("batch-hybrid", "a batch with two signatures", (value, both[4].header.record_key))


def _reduced() -> Iterator[Case]:
    entries = (recipient(SHG, "CH", "CO"), recipient(RAAD, "GU"))
    unsigned = seal(draft(header(*entries), "CH", "GU", "CO"), seeded("reduced"))
    value, key = sign(unsigned)
    yield _ok(
        "partial-all-present",
        "a recipient opens its own groups only",
        (value, key),
        recipient=RAAD.oin,
        opens=_opened("GU"),
    )
    grants: dict[TestAgency, tuple[str, ...]] = {SHG: ("CH", "CO"), RAAD: ("GU",)}
    for agency, granted in grants.items():
        reduced = reduce(read_envelope(value), group_names(*granted), value)
        yield _ok(
            f"reduced-{agency.name}",
            "the other sections are withheld and the signature still verifies",
            (reduced, key),
            recipient=agency.oin,
            opens=_opened(*granted),
        )
    nothing = reduce(read_envelope(value), (), value)
    yield _ok("reduced-to-nothing", "all sections withheld", (nothing, key))
