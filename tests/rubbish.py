"""Malformed and hostile records of every kind, made from a seed: none of them may ever be released.

1. `Rubbish.records` makes what a stranger or a party of bad faith could write to an exchange topic.
2. `Rubbish.hostile` makes messages that are signed and allowed, with content that no reader can accept.
3. `spoil_decision` does to a decision record what somebody with write access to the topic could do.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from broker.adapters.system import system_entropy
from broker.crypto import Signer, SoftwareSigner
from broker.envelope.codec import write_header
from broker.envelope.model import EnvelopeHeader, Sender
from broker.envelope.padding import pad
from broker.envelope.schema import ENVELOPE_FINGERPRINT
from broker.envelope.seal import Draft, Unsigned, seal, sign_all
from broker.names import (
    Algorithm,
    CaseRef,
    Digest,
    GroupName,
    MessageId,
    Micros,
    Oin,
    ProducerId,
    Purpose,
    Role,
)
from broker.pipelines.publish import Numbering, Prepared, new_message_id, prepare, release
from broker.ports import Outgoing
from broker.records.model import EncodedRecord, Record
from broker.trust.view import TrustView

__all__ = ["HOSTILE", "Party", "Rubbish", "spoil_decision"]

_PREFIX = b"\xc3\x01" + ENVELOPE_FINGERPRINT
_HOUR = 3_600_000_000
_POOL = 48
_HUGE = (b"\x80\x80\x80\x80\x80\x40", b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\xff\xff\xff\xff\x0f")
"""Counts of 2^40 and beyond, and a negative one, as variable-length integers."""
_LONG = (b"\x80" * 12 + b"\x01", b"\xff" * 40, b"\x81\x80\x00")
"""Integers longer than they may be, and one that is not minimal."""


@dataclass(frozen=True)
class Party:
    """A sender and its keys."""

    sender: Sender
    signers: Sequence[Signer]


@dataclass
class Rubbish:
    """Makes records, of a party that may send, one whose keys are revoked, and strangers.

    Attributes:
        record: Makes a message that is allowed.
        seed: The same seed gives the same choices; keys and ciphertexts are new each time.
    """

    view: TrustView
    party: Party
    revoked: Party
    record: Callable[[CaseRef], Record]
    now: Micros
    seed: int
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.numbering = Numbering(ProducerId(system_entropy(8)))
        self._stranger = SoftwareSigner.generate(Algorithm.ES256)
        self._pool = self.good(_POOL)
        self._signed = {name: self._variants(change) for name, change in _HEADERS.items()}
        self._signed |= {
            "foreign key": [self._sealed({}, [self._stranger]) for _ in range(4)],
            "revoked key": [self._sealed({"sender": self.revoked.sender}, self.revoked.signers)] * 4,
            "another's name": [self._sealed({"sender": self.revoked.sender}, self.party.signers)] * 4,
        }

    def good(self, count: int) -> list[Outgoing]:
        """Messages that are allowed, signed together, each of a case of its own."""
        return release(self._prepared(count), self.numbering, self.party.signers, system_entropy)

    def records(self, count: int) -> Iterator[tuple[str, Outgoing]]:
        """*count* records that must not be released, each with its kind."""
        kinds = [*_BYTES, *self._signed]
        for _ in range(count):
            kind = self.dice.choice(kinds)
            if kind in self._signed:
                yield kind, self.dice.choice(self._signed[kind])
            else:
                yield kind, _BYTES[kind](self.dice, self.dice.choice(self._pool))

    def hostile(self, count: int) -> list[tuple[str, Outgoing]]:
        """*count* allowed messages with hostile content, over the kinds in turn."""
        names = [name for name, _ in zip(_cycle(HOSTILE), range(count), strict=False)]
        drafts = [self._hostile(name, item) for name, item in zip(names, self._prepared(count), strict=True)]
        values = sign_all([seal(draft, system_entropy) for draft in drafts], self.party.signers)
        return [
            (name, Outgoing(d.header.topic, d.header.record_key, value))
            for name, d, value in zip(names, drafts, values, strict=True)
        ]

    def without_group(self, name: GroupName) -> Outgoing:
        """An allowed message whose signed header grants this group to nobody."""
        return self._sealed(
            lambda h: _recipient(h, groups=tuple(g for g in h.recipients[0].groups if g != name)),
            self.party.signers,
        )

    def _prepared(self, count: int) -> list[Prepared]:
        sender = self.party.sender
        return [
            prepare(self.record(CaseRef(system_entropy(16))), sender, self.view, self.now, system_entropy)
            for _ in range(count)
        ]

    def _hostile(self, name: str, item: Prepared) -> Draft:
        groups = [(group, pad(plain)) for group, plain in item.encoded.groups]
        at = self.dice.randrange(len(groups))
        group, padded = groups[at]
        groups[at] = (group, HOSTILE[name](self.dice, padded))
        topic = item.header.topic
        numbered = replace(
            item.header, producer_id=self.numbering.producer_id, sequence=self.numbering.take(topic)
        )
        return Draft(numbered, tuple(groups), item.sealing_keys)

    def _variants(self, change: Callable[[EnvelopeHeader], dict[str, Any]]) -> list[Outgoing]:
        return [self._sealed(change, self.party.signers) for _ in range(4)]

    def _sealed(
        self,
        change: Callable[[EnvelopeHeader], dict[str, Any]] | dict[str, Any],
        signers: Sequence[Signer],
    ) -> Outgoing:
        """A message whose header is changed after sealing, and then signed as it is."""
        (item,) = self._prepared(1)
        header = replace(item.header, producer_id=ProducerId(system_entropy(8)), sequence=1)
        header = replace(header, message_id=new_message_id(self.now, system_entropy))
        encoded: EncodedRecord = item.encoded
        groups = tuple((name, pad(plain)) for name, plain in encoded.groups)
        whole = seal(Draft(header, groups, item.sealing_keys), system_entropy)
        changes = change if isinstance(change, dict) else change(whole.header)
        changed = replace(whole.header, **changes)
        unsigned = Unsigned(changed, write_header(changed), whole.sections)
        (value,) = sign_all([unsigned], signers)
        return Outgoing(item.header.topic, item.header.record_key, value)


def _recipient(header: EnvelopeHeader, **changes: Any) -> dict[str, Any]:
    return {"recipients": (replace(header.recipients[0], **changes),)}


_ZUID = Oin("00000099000000201000")
_HEADERS: dict[str, Callable[[EnvelopeHeader], dict[str, Any]]] = {
    "expired": lambda h: {"created_at": h.created_at - _HOUR // 2, "expires_at": h.created_at - 1},
    "from the future": lambda h: {
        "created_at": h.created_at + 2 * _HOUR,
        "expires_at": h.created_at + 3 * _HOUR,
    },
    "long ago": lambda h: {"created_at": 1, "expires_at": 2},
    "year 9999": lambda h: {"created_at": 253_402_300_700_000_000, "expires_at": 253_402_300_799_000_000},
    "beyond time": lambda h: {"created_at": 2**62, "expires_at": 2**62 + 1},
    "before time": lambda h: {"created_at": -(2**62), "expires_at": -(2**62) + 1},
    "lives too long": lambda h: {"expires_at": h.created_at + 400 * 24 * _HOUR},
    "negative sequence": lambda h: {"sequence": -1},
    "unknown schema": lambda h: {"schema_digest": Digest(bytes(32))},
    "unknown version": lambda h: {"version": 2},
    "unknown suite": lambda h: {"suite": 9},
    "unknown extension": lambda h: {"critical": ("x-unknown",)},
    "another topic": lambda h: {"topic": "exchange.toezicht"},
    "another key": lambda h: {"record_key": b"another"},
    "long key": lambda h: {"record_key": bytes(5000)},
    "another role": lambda h: {"sender": replace(h.sender, role=Role("AMK"))},
    "unknown sender": lambda h: {"sender": replace(h.sender, oin=Oin("00000099999999999000"))},
    "no recipient": lambda h: {"recipients": ()},
    "recipient twice": lambda h: {"recipients": h.recipients * 2},
    "many recipients": lambda h: {"recipients": h.recipients * 500},
    "another region": lambda h: _recipient(h, oin=_ZUID),
    "recipient unknown": lambda h: _recipient(h, oin=Oin("00000099999999999000")),
    "recipient's role": lambda h: _recipient(h, role="SHG"),
    "no agreement": lambda h: _recipient(
        h, agreement=replace(h.recipients[0].agreement, digest=Digest(bytes(32)))
    ),
    "groups left out": lambda h: _recipient(h, groups=h.recipients[0].groups[:2]),
    "groups repeated": lambda h: _recipient(h, groups=h.recipients[0].groups * 2),
    "purpose": lambda h: {"purpose": Purpose("shg-taak")},
    "legal basis": lambda h: {"legal_basis": "wjz-11-1e"},
    "no assertions": lambda h: {"assertions": ()},
    "assertion denied": lambda h: {"assertions": tuple((name, "false") for name, _ in h.assertions)},
    "many assertions": lambda h: {"assertions": tuple((f"a{n:04d}", "true") for n in range(900))},
    "sections left out": lambda h: {"sections": h.sections[:-1]},
    "sections swapped": lambda h: {"sections": tuple(reversed(h.sections))},
    "message id of zeroes": lambda h: {
        "message_id": MessageId(bytes(16)),
        "correlation_id": MessageId(bytes(16)),
        "schema_digest": Digest(bytes(32)),
    },
}
"""Changes to a signed header: each makes a message that its sender did sign and that nobody may get."""


def _moved(record: Outgoing, value: bytes, headers: tuple[tuple[str, bytes], ...] = ()) -> Outgoing:
    return Outgoing(record.topic, record.key, value, headers)


def _flipped(dice: random.Random, value: bytes) -> bytes:
    changed = bytearray(value)
    for _ in range(dice.randrange(1, 4)):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed) if bytes(changed) != value else value[:-1]


def _noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.choice((1, 9, 10, 11, 64, 500, 3000)))


def _spliced(dice: random.Random, value: bytes, piece: bytes) -> bytes:
    at = dice.randrange(10, len(value))
    return value[:at] + piece + value[at:]


_BYTES: dict[str, Callable[[random.Random, Outgoing], Outgoing]] = {
    "empty": lambda d, r: _moved(r, b""),
    "noise": lambda d, r: _moved(r, _noise(d), r.headers),
    "noise after a prefix": lambda d, r: _moved(r, _PREFIX + _noise(d)),
    "truncated": lambda d, r: _moved(r, r.value[: d.randrange(len(r.value))], r.headers),
    "trailing": lambda d, r: _moved(r, r.value + d.randbytes(d.randrange(1, 40))),
    "bits flipped": lambda d, r: _moved(r, _flipped(d, r.value), r.headers),
    "wrong fingerprint": lambda d, r: _moved(r, r.value[:2] + d.randbytes(8) + r.value[10:]),
    "wrong magic": lambda d, r: _moved(r, d.randbytes(2) + r.value[2:]),
    "exploding count": lambda d, r: _moved(r, _PREFIX + d.choice(_HUGE) + d.randbytes(20)),
    "count inside": lambda d, r: _moved(r, _spliced(d, r.value, d.choice(_HUGE))),
    "long integer": lambda d, r: _moved(r, _PREFIX + d.choice(_LONG) + r.value[10:]),
    "long integer inside": lambda d, r: _moved(r, _spliced(d, r.value, d.choice(_LONG))),
    "forged signature": lambda d, r: _moved(r, r.value[:-25] + d.randbytes(24) + r.value[-1:]),
    "cut and joined": lambda d, r: _moved(r, r.value[: len(r.value) // 2] * 2),
    "wrong key": lambda d, r: Outgoing(r.topic, d.randbytes(16), r.value),
    "no key": lambda d, r: Outgoing(r.topic, b"", r.value),
    "lying header": lambda d, r: _moved(r, r.value, (*r.headers[1:], ("ce_id", b"forged"))),
    "odd headers": lambda d, r: _moved(r, r.value[:-1], (("ce_id", b""), ("x" * 300, b"\xff" * 300))),
    "large": lambda d, r: _moved(r, r.value + bytes(20_000)),
}


def _varied(padded: bytes, plain: bytes) -> bytes:
    assert padded
    return pad(plain)


HOSTILE: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "noise": lambda d, p: _varied(p, d.randbytes(300)),
    "empty": lambda d, p: _varied(p, b""),
    "huge array": lambda d, p: _varied(p, d.choice(_HUGE) * 3),
    "huge text": lambda d, p: _varied(p, b"\x02" + d.choice(_HUGE) + b"x" * 50),
    "array of arrays": lambda d, p: _varied(p, b"\x02" * 900),
    "nested": lambda d, p: _varied(p, b"\x02\x02" * 30_000),
    "negative count": lambda d, p: _varied(p, b"\x01\x02" * 200),
    "long integers": lambda d, p: _varied(p, b"".join(_LONG)),
    "not UTF-8": lambda d, p: _varied(p, b"\x02\x10\xff\xfe\xfd\xfc\xff\xfe\xfd\xfc" * 8),
    "trailing": lambda d, p: _varied(p, p[4:] + b"\x01"),
    "padding not zero": lambda d, p: p + b"\x01" * 256,
    "padding too long": lambda d, p: p + bytes(512),
    "length too long": lambda d, p: b"\xff\xff\xff\xff" + p[4:],
    "length negative": lambda d, p: b"\x80\x00\x00\x00" + p[4:],
}
"""Content for one group of an allowed message, padded or wrongly padded."""


def _cycle(names: dict[str, Any]) -> Iterator[str]:
    while True:
        yield from names


def spoil_decision(dice: random.Random, value: bytes, other: bytes) -> bytes:
    """A decision record that no gate vouches for, made from a real one and another."""
    at = dice.randrange(1, len(value))
    return dice.choice(
        (
            dice.randbytes(dice.randrange(400)),
            value[:at],
            _flipped(dice, value),
            value + b"\x00",
            value[:10] + dice.choice(_HUGE) + value[10:],
            value[:10] + dice.choice(_LONG) + value[10:],
            value[:at] + other[at:] if value[:at] + other[at:] not in (value, other) else value[:-1],
            value[:-25] + dice.randbytes(24) + value[-1:],
        )
    )
