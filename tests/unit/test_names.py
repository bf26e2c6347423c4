"""Names: what comes from outside is validated, and a value is its own wire form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import MalformedError
from broker.names import (
    AgreementId,
    CaseRef,
    Digest,
    GroupName,
    KeyId,
    LegalBasis,
    MessageCode,
    MessageId,
    MessageType,
    Oin,
    ProducerId,
    Purpose,
    Role,
    SubjectRef,
    TopicName,
)

TEXTS = (AgreementId, GroupName, LegalBasis, MessageCode, MessageType, Oin, Purpose, Role, TopicName)
OCTETS = (CaseRef, Digest, KeyId, MessageId, ProducerId, SubjectRef)

GOOD = {
    Oin: ["00000099000000001000", "00000099ABCDE0004000", "00000004000000001000"],
    Role: ["AMK", "SHG", "RvdK", "GATE"],
    MessageCode: ["E01", "E17R", "E18A"],
    MessageType: ["nl.beschermingszaken.melding.v1", "nl.abc.v999"],
    GroupName: ["CH", "RPI", "ABCD"],
    Purpose: ["amk-taak", "p1"],
    LegalBasis: ["wmo-21b-2d"],
    AgreementId: ["convenant-test"],
    TopicName: ["exchange.meldingen", "decisions.00000099000000001000"],
}
BAD = {
    Oin: ["", "0000009900000000100", "000000990000000010000", "0000009A000000001000", "00000099000000001111"],
    Role: ["", "A", "amk", "AMK1", "A" * 13],
    MessageCode: ["E1", "E001", "e01", "E01AB"],
    MessageType: ["nl.x.v1", "nl.Upper.case.v1", "com.example.type.v1", "nl.abc.v1000", "nl.abc.v"],
    GroupName: ["C", "ch", "ABCDE", "C1"],
    Purpose: ["p", "-taak", "Taak", "p" * 65, "amk taak"],
    LegalBasis: ["wmo 21b", ""],
    AgreementId: ["ab", "Convenant", "a" * 65],
    TopicName: ["ab", ".topic", "Topic.name", "exchange.meldingen\n", "a" * 122],
}


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in GOOD.items() for t in texts])
def test_a_good_text_is_itself(kind: type[Oin], text: str) -> None:
    """Parsing gives a value of that kind that equals its text."""
    value = kind.parse(text)

    assert (type(value), value) == (kind, text)


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in BAD.items() for t in texts])
def test_a_bad_text_is_refused(kind: type[Oin], text: str) -> None:
    """Everything outside the pattern is malformed."""
    with pytest.raises(MalformedError):
        kind.parse(text)


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("thing", [None, 7, b"AMK", ["AMK"]], ids=repr)
def test_only_a_string_is_a_text(kind: type[Oin], thing: object) -> None:
    """A text of another type is malformed, not a crash."""
    with pytest.raises(MalformedError):
        kind.parse(thing)


@pytest.mark.parametrize("kind", OCTETS)
def test_octets_are_read_from_both_forms(kind: type[Digest]) -> None:
    """The bytes and their hexadecimal form give the same value, which prints as hexadecimal."""
    raw = bytes(range(kind.size))

    assert kind.parse(raw) == kind.parse(raw.hex()) == raw
    assert str(kind.parse(raw)) == raw.hex()


@pytest.mark.parametrize("kind", OCTETS)
@pytest.mark.parametrize("change", [-1, 1])
def test_octets_have_one_length(kind: type[Digest], change: int) -> None:
    """One byte more or less is malformed."""
    with pytest.raises(MalformedError):
        kind.parse(bytes(kind.size + change))


@pytest.mark.parametrize("thing", [None, 3, "00", "0G" * 32, "AB" * 32], ids=repr)
def test_octets_refuse_anything_else(thing: object) -> None:
    """Upper-case hexadecimal is a second form, and there is only one."""
    with pytest.raises(MalformedError):
        Digest.parse(thing)


def test_a_digest_does_not_show_more_than_its_value() -> None:
    """Its representation is what logs show."""
    assert repr(Digest(bytes(32))) == f"Digest({'00' * 32})"


@pytest.mark.parametrize(
    ("oin", "expected"), [("00000099000000001000", True), ("00000004000000001000", False)]
)
def test_a_test_number_is_known_by_its_prefix(oin: str, expected: bool) -> None:
    """Production refuses numbers with prefix 00000099."""
    assert Oin.parse(oin).is_test is expected


@given(st.text(max_size=40))
def test_any_text_parses_or_is_malformed(text: str) -> None:
    """No text gives another error, and what parses is unchanged."""
    for kind in TEXTS:
        try:
            assert kind.parse(text) == text
        except MalformedError:
            continue
