"""Vectors that fail in steps 13 to 15: believed, but the recipient does not get what was promised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from broker.crypto import seal_section, sha256
from broker.envelope.codec import read_envelope, reduce
from broker.envelope.model import AgreementRef
from broker.envelope.padding import pad
from broker.names import Digest, MessageId
from tests.envelope_world import RAAD, SHG, group_names
from tests.vectors.forge import Case, case, changed, message, sealed_by_hand, sign

__all__ = ["opening"]

KEY_1, KEY_2 = bytes([1]) * 32, bytes([2]) * 32
GOOD = b"\x00" + KEY_1 + b"\x01" + KEY_2


def opening() -> Iterator[Case]:
    """Every vector of steps 13 to 15; all are opened by SHG."""
    yield from _bound()
    yield from _wrapped()
    yield from _opened()
    yield from _padded()


def _bound() -> Iterator[Case]:
    unwrap = "unwrap at step 13"
    unsigned, other = message("CH"), message("CH", number=2)
    (entry,) = unsigned.header.recipients
    (theirs,) = other.header.recipients
    elsewhere = AgreementRef(entry.agreement.id, Digest(bytes(32)))
    for name, to in {
        "altered": replace(entry, wrapped=entry.wrapped[:-1] + bytes([entry.wrapped[-1] ^ 1])),
        "altered-encapsulation": replace(entry, wrapped=bytes([entry.wrapped[0] ^ 1]) + entry.wrapped[1:]),
        "cut": replace(entry, wrapped=entry.wrapped[:-1]),
        "one-byte": replace(entry, wrapped=b"w"),
        "of-another-message": replace(entry, wrapped=theirs.wrapped),
        "other-agreement": replace(entry, agreement=elsewhere),
    }.items():
        made = sign(changed(unsigned, recipients=(to,)))
        yield case(f"wrap-{name}", unwrap, f"wrapped keys: {name}", made, recipient=SHG.oin)
    pair = message("CH", to=(SHG, RAAD))
    first, second = pair.header.recipients
    crossed = (replace(first, wrapped=second.wrapped), replace(second, wrapped=first.wrapped))
    made = sign(changed(pair, recipients=crossed))
    yield case("wrap-crossed", unwrap, "wrapped keys of the other recipient", made, recipient=SHG.oin)
    made = sign(changed(unsigned, message_id=MessageId(bytes(16))))
    yield case("wrap-other-message-id", unwrap, "signed under another message id", made, recipient=SHG.oin)
    made = sign(unsigned)
    yield case(
        "wrap-other-reader",
        "sealing-key at step 13",
        "the reader holds another sealing key",
        made,
        recipient=SHG.oin,
        reader=RAAD.name,
    )


def _wrapped() -> Iterator[Case]:
    base = message("CH", "GU")
    plain = {"CH": pad(b"a"), "GU": pad(b"b")}
    keys = {"CH": KEY_1, "GU": KEY_2}
    for name, pairs in {
        "one-missing": GOOD[:33],
        "none": b"",
        "one-more": GOOD + b"\x02" + KEY_1,
        "wrong-index": b"\x00" + KEY_1 + b"\x02" + KEY_2,
        "wrong-order": b"\x01" + KEY_2 + b"\x00" + KEY_1,
        "same-index": b"\x00" + KEY_1 + b"\x00" + KEY_2,
        "a-byte-short": GOOD[:-1],
        "a-byte-more": GOOD + b"\x00",
        "without-indices": KEY_1 + KEY_2,
    }.items():
        made = sign(sealed_by_hand(base, plain, keys, pairs))
        yield case(
            f"pairs-{name}",
            "wrapped-groups at step 13",
            f"not exactly one pair for each declared group: {name}",
            made,
            recipient=SHG.oin,
        )


def _opened() -> Iterator[Case]:
    base, other = message("CH", "GU"), message("CH", "GU", number=2)
    plain = {"CH": pad(b"a"), "GU": pad(b"b")}
    keys = {"CH": KEY_1, "GU": KEY_2}
    value, key = sign(base)
    for name in ("CH", "GU"):
        reduced = reduce(read_envelope(value), group_names(name), value)
        yield case(
            f"granted-section-absent-{name}",
            "section-withheld at step 14",
            "a section that the recipient may open was withheld",
            (reduced, key),
            recipient=SHG.oin,
        )
    good = sealed_by_hand(base, plain, keys, GOOD)
    first, second = good.sections
    foreign = sealed_by_hand(other, plain, keys, GOOD).sections
    for name, sections in {
        "content-keys-swapped": sealed_by_hand(base, plain, {"CH": KEY_2, "GU": KEY_1}, GOOD).sections,
        "group-swapped": (second, first),
        "of-another-message": foreign,
        "without-context": (seal_section(KEY_1, b"", plain["CH"]), second),
        "too-short": (first[:71], second),
        "cut": (first[:-1], second),
        "commitment-altered": (first[:30] + bytes([first[30] ^ 1]) + first[31:], second),
        "tag-altered": (first[:-1] + bytes([first[-1] ^ 1]), second),
    }.items():
        refs = tuple(
            replace(ref, digest=sha256(section))
            for ref, section in zip(good.header.sections, sections, strict=True)
        )
        made = sign(replace(changed(good, sections=refs), sections=sections))
        yield case(f"open-{name}", "open at step 14", f"a section: {name}", made, recipient=SHG.oin)


def _padded() -> Iterator[Case]:
    base = message("CH")
    good = pad(b"a" * 10)
    for name, padded in {
        "not-zero": good[:-1] + b"\x01",
        "first-byte-not-zero": good[:14] + b"\x01" + good[15:],
        "not-minimal": good + bytes(256),
        "not-a-multiple": good[:-1],
        "length-too-large": (253).to_bytes(4, "big") + good[4:],
        "length-huge": b"\xff" * 4 + good[4:],
        "length-little-endian": (10).to_bytes(4, "little") + good[4:],
        "empty": b"",
        "only-a-length": bytes(4),
    }.items():
        made = sign(sealed_by_hand(base, {"CH": padded}, {"CH": KEY_1}, b"\x00" + KEY_1))
        yield case(
            f"padding-{name}", "padding at step 15", f"a padded group record: {name}", made, recipient=SHG.oin
        )
    made = sign(sealed_by_hand(base, {"CH": pad(b"")}, {"CH": KEY_1}, b"\x00" + KEY_1))
    digest = {"CH": sha256(b"").hex()}
    yield case("padding-of-nothing", "ok", "an empty group record", made, recipient=SHG.oin, opens=digest)
