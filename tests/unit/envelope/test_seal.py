"""Sealing: each recipient can open exactly its groups, and nothing unsound leaves the house."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.crypto import open_section, sha256
from broker.envelope.binding import section_context, wrap_info
from broker.envelope.codec import read_envelope, read_header
from broker.envelope.model import Origin, Sender
from broker.envelope.seal import Draft, seal, sign_all
from broker.errors import UsageError
from broker.names import GroupName, MessageId, Micros, SubjectRef
from tests.envelope_world import (
    AMK,
    CREATED,
    RAAD,
    SHG,
    TOPIC,
    batch,
    draft,
    header,
    recipient,
    seeded,
)

HEAD = header(recipient(SHG, "CH", "CO"), recipient(RAAD, "GU"))


def test_the_same_entropy_gives_the_same_content_keys() -> None:
    """Content keys come from the entropy given, one of 32 bytes for each group, in order."""
    draw = seeded("keys")
    expected = [draw(32) for _ in range(3)]
    unsigned = seal(draft(HEAD, "CH", "GU", "CO"), seeded("keys"))
    for key, ref, section in zip(expected, unsigned.header.sections, unsigned.sections, strict=True):
        plain = open_section(key, section_context(unsigned.header, ref.group), section)
        assert plain[4:6] == ref.group.encode()


def test_what_is_wrapped_is_exactly_the_granted_keys() -> None:
    """A recipient gets an (index, key) pair for each of its groups and no other key."""
    draw = seeded("keys")
    first, second, third = (draw(32) for _ in range(3))
    unsigned = seal(draft(HEAD, "CH", "GU", "CO"), seeded("keys"))
    for agency, pairs in ((SHG, b"\x00" + first + b"\x02" + third), (RAAD, b"\x01" + second)):
        entry = unsigned.header.recipient(agency.oin)
        assert entry is not None
        assert agency.unwrapper.unwrap(wrap_info(unsigned.header, entry), entry.wrapped) == pairs


def test_the_header_lists_the_sections() -> None:
    """Digest and group of each section, in order; the bytes are those of the header."""
    unsigned = seal(draft(HEAD, "CH", "GU", "CO"), seeded("x"))

    assert [(ref.group, ref.digest) for ref in unsigned.header.sections] == [
        (name, sha256(section)) for name, section in zip(("CH", "GU", "CO"), unsigned.sections, strict=True)
    ]
    assert read_header(unsigned.header_bytes) == unsigned.header


def test_sealing_twice_gives_other_bytes() -> None:
    """Even with the same content keys, salts and encapsulations are fresh."""
    one, two = (seal(draft(HEAD, "CH", "GU", "CO"), seeded("x")) for _ in range(2))

    assert not set(one.sections) & set(two.sections)
    assert one.header.recipients[0].wrapped != two.header.recipients[0].wrapped


def test_a_batch_gives_its_values_in_order() -> None:
    """One value for each message, and none for none."""
    unsigned = batch(5, "CH")
    values = sign_all(unsigned, (AMK.es256,))

    assert [read_envelope(value).header for value in values] == [item.header for item in unsigned]
    assert sign_all([], (AMK.es256,)) == []


UNSOUND: dict[str, dict[str, Any]] = {
    "lives for longer than seven days": {"expires_at": Micros(CREATED + 8 * 24 * 3600 * 1_000_000)},
    "never lives": {"expires_at": CREATED},
    "too many subjects": {"subject_refs": (SubjectRef(bytes(16)),) * 21},
    "unsorted assertions": {"assertions": (("b", "true"), ("a", "true"))},
    "free text in an assertion": {"assertions": (("a", "some text"),)},
    "no sequence number": {"sequence": 0},
    "a system name with capitals": {"sender": Sender(AMK.oin, AMK.role, "Zaaksysteem")},
    "another suite": {"suite": 300},
    "another version": {"version": 2},
    "a critical extension": {"critical": ("unheard-of",)},
    "no recipient": {"recipients": ()},
    "a recipient twice": {"recipients": (recipient(SHG, "CH"), recipient(SHG, "CH"))},
    "a group twice for a recipient": {"recipients": (recipient(SHG, "CH", "CH"),)},
    "an origin that is no OIN": {"origin": Origin(MessageId(bytes(16)), AMK.oin[:-1])},  # type: ignore[arg-type]
    "a message id of another size": {"message_id": MessageId(bytes(15))},
}


@pytest.mark.parametrize("changes", UNSOUND.values(), ids=list(UNSOUND))
def test_what_no_reader_accepts_is_not_sealed(changes: dict[str, Any]) -> None:
    """The sender hears of it as a mistake of its own."""
    with pytest.raises(UsageError):
        seal(draft(replace(header(recipient(SHG, "CH")), **changes), "CH"), seeded("x"))


def test_a_group_must_be_padded() -> None:
    """Lengths would tell what a message says."""
    good = draft(header(recipient(SHG, "CH")), "CH")
    for plain in (b"", bytes(255)):
        with pytest.raises(UsageError):
            seal(replace(good, groups=((GroupName("CH"), plain),)), seeded("x"))


def test_a_recipient_needs_a_key_and_sections() -> None:
    """A missing sealing key, and a grant of a group that is not there, are mistakes of the caller."""
    head = header(recipient(SHG, "CH"))
    for wrong in (Draft(head, draft(head, "CH").groups, {}), draft(header(recipient(SHG, "IN")), "CH")):
        with pytest.raises(UsageError):
            seal(wrong, seeded("x"))


def test_a_batch_has_one_sender_and_a_key() -> None:
    """Several senders, or no signer, are mistakes of the caller."""
    ours = seal(draft(header(recipient(SHG, "CH")), "CH"), seeded("x"))
    theirs = seal(draft(header(recipient(SHG, "CH"), sender=RAAD), "CH"), seeded("x"))
    with pytest.raises(UsageError):
        sign_all([ours, theirs], (AMK.es256,))
    with pytest.raises(UsageError):
        sign_all([ours], ())


def test_the_wrap_is_bound_without_ambiguity() -> None:
    """Every part has a fixed length but the last, the topic."""
    (entry,) = header(recipient(SHG)).recipients
    info = wrap_info(header(entry), entry)

    assert len(info) == 16 + 1 + 20 + 20 + 32 + 16 + len(TOPIC)
    assert info.endswith(TOPIC.encode())
