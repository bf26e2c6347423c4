"""Message documents: strict to read, and silent about values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import UsageError
from broker.names import (
    AgreementId,
    CaseRef,
    Digest,
    GroupName,
    LegalBasis,
    MessageCode,
    MessageId,
    Micros,
    Oin,
    Purpose,
    Regime,
    Role,
    Urgency,
)
from broker.records.document import DeliveredDocument, Document, document_json
from broker.records.model import Addressee

SECRET = "Zeergeheimenaam 123"
WHOLE: dict[str, object] = {
    "type": "E01",
    "to": ["amk-noord"],
    "case": "new",
    "purpose": "amk-taak",
    "legal_basis": "wmo-21b-2d",
    "urgency": "normal",
    "assertions": {"domestic_violence_report": True, "feedback_stage": "start"},
    "groups": {"CH": [{"surname": "Testkind"}], "CO": {}},
}


def parsed(**changes: object) -> Document:
    """The document with these changes."""
    return Document.parse(json.dumps(WHOLE | changes).encode())


def test_a_document_becomes_a_record() -> None:
    """With addresses and references from outside, and everything else from the document."""
    addressee = Addressee(Oin("00000099000000001000"), Role("AMK"))
    record = parsed(urgency="acute", in_reply_to="01" * 16).to_record((addressee,), CaseRef(bytes(16)))

    assert (record.code, record.to, record.urgency, record.regime) == (
        "E01",
        (addressee,),
        Urgency.ACUTE,
        Regime.R1,
    )
    assert record.assertions == {"domestic_violence_report": "true", "feedback_stage": "start"}
    assert record.causation_id == MessageId(b"\x01" * 16)
    assert record.groups == WHOLE["groups"]


def test_a_document_can_be_sent_as_the_same_message_again() -> None:
    """What was not confirmed is repeated under its own id."""
    again = parsed(message_id="02" * 16).to_record((), CaseRef(bytes(16)))

    assert again.message_id == MessageId(b"\x02" * 16)


def test_a_running_case_is_named_by_its_reference() -> None:
    """Sixteen bytes in hexadecimal."""
    assert parsed(case="ab" * 16).case == CaseRef(b"\xab" * 16)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"too": 1}, "too", id="unknown-key"),
        pytest.param({SECRET: 1}, "?", id="a-key-that-is-no-name-is-hidden"),
        pytest.param({"type": SECRET}, "type", id="type"),
        pytest.param({"to": []}, "to", id="nobody"),
        pytest.param({"to": [SECRET]}, "to.0", id="addressee"),
        pytest.param({"case": SECRET}, "case", id="case"),
        pytest.param({"purpose": SECRET}, "purpose", id="purpose"),
        pytest.param({"urgency": SECRET}, "urgency", id="urgency"),
        pytest.param({"regime": "R9"}, "regime", id="regime"),
        pytest.param({"assertions": {"x": SECRET}}, "assertions.x", id="free-text-assertion"),
        pytest.param({"assertions": {"x": None}}, "assertions.x", id="null-assertion"),
        pytest.param({"groups": {"CH": SECRET}}, "groups.CH", id="group-is-text"),
        pytest.param({"groups": {"ch": {}}}, "groups.ch", id="group-name"),
        pytest.param({"in_reply_to": "01"}, "in_reply_to", id="short-id"),
        pytest.param({"subjects": 21}, "subjects", id="too-many-subjects"),
        pytest.param({"groups": None}, "groups", id="no-groups"),
    ],
)
def test_a_fault_names_the_field_and_not_the_value(changes: dict[str, object], told: str) -> None:
    """What is wrong may be somebody's name."""
    with pytest.raises(UsageError) as refusal:
        parsed(**changes)
    assert told in refusal.value.why
    assert refusal.value.code == "not-a-document"
    assert any(name.startswith(told) for name in refusal.value.offending)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"type":"E01","type":"E02"}', b"\xff", b'{"a":' * 100_000]
)
def test_what_is_not_a_document_is_refused(content: bytes) -> None:
    """As the caller's mistake."""
    with pytest.raises(UsageError):
        Document.parse(content)


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    """No bytes make the parser fail in another way."""
    with pytest.raises(UsageError):
        Document.parse(noise)


def test_a_delivered_document_is_one_line() -> None:
    """With the keys that scripts rely on."""
    delivered = DeliveredDocument(
        message_id=MessageId(bytes(16)),
        code=MessageCode("E03"),
        sender=Oin("00000099000000001000"),
        role=Role("AMK"),
        case=CaseRef(b"\x01" * 16),
        in_reply_to=None,
        groups={GroupName("RC"): {"status_code": "handled", "note": "één\ntwee"}},
        agreement=(AgreementId("convenant-test"), Digest(bytes(32))),
        decision=("decisions.x", 0, 7),
        purpose=Purpose("ontvangst"),
        legal_basis=LegalBasis("convenant"),
        regime=Regime.R1,
        urgency=Urgency.NORMAL,
        assertions={},
        created_at=Micros(1_400_000_000_000_001),
    )
    line = document_json(delivered.to_json())

    assert "\n" not in line
    assert json.loads(line)["created_at"] == "2014-05-13T16:53:20.000001Z"
    assert json.loads(line)["decision"] == {"topic": "decisions.x", "partition": 0, "offset": 7}
    assert {"message_id", "type", "from", "role", "case", "in_reply_to", "groups", "agreement"} <= json.loads(
        line
    ).keys()
