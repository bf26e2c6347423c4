"""The audit event as bytes."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, replace

import fastavro
import pytest
from fastavro.schema import fingerprint, to_parsing_canonical_form
from hypothesis import given
from hypothesis import strategies as st

from broker.audit.codec import (
    MAX_EVENT_BYTES,
    expected_decision_id,
    message_decision_id,
    read_event,
    record_decision_id,
    write_event,
)
from broker.audit.decision_record import DECISION_FINGERPRINT
from broker.audit.events import AuditEvent, MessageFacts, Outcome, Source
from broker.errors import MalformedError
from broker.names import (
    CaseRef,
    Digest,
    GroupName,
    MessageId,
    Micros,
    Oin,
    Regime,
    SubjectRef,
    TopicName,
    Urgency,
)
from tests.architecture.source import ROOT
from tests.audit_world import decisions, event, quarantined, refused

SCHEMAS = ROOT / "schemas" / "audit"
EVENT_SCHEMA = json.loads((SCHEMAS / "event.avsc").read_bytes())
PARSED = fastavro.parse_schema(EVENT_SCHEMA)
ID = Digest(b"0" * 32)
AGREEMENT = Digest(bytes(32))
TO = Oin("00000099000000002000")

fixed16 = st.binary(min_size=16, max_size=16)
fixed32 = st.binary(min_size=32, max_size=32).map(Digest)
moments = st.integers(0, 253_402_300_799_999_999).map(Micros)
groups = st.lists(st.sampled_from(["CH", "GU", "CO", "PO"]).map(GroupName), max_size=4).map(tuple)
facts = st.builds(
    replace,
    st.just(event().message),
    message_id=fixed16.map(MessageId),
    case_ref=fixed16.map(CaseRef),
    causation_id=st.none() | fixed16.map(MessageId),
    subject_refs=st.lists(fixed16.map(SubjectRef), max_size=20).map(tuple),
    released=groups,
    withheld=groups,
    regime=st.sampled_from(Regime),
    urgency=st.sampled_from(Urgency),
    assertions=st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True),
        st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,63}", fullmatch=True),
        max_size=4,
    ).map(lambda made: tuple(sorted(made.items()))),
    schema_digest=fixed32,
    sequence=st.integers(0, 2**63 - 1),
    created_at=moments,
)
events = st.builds(
    replace,
    st.just(event()),
    decision_id=fixed32,
    outcome=st.sampled_from(Outcome),
    reason=st.sampled_from(["", "no-agreement", "malformed"]),
    rule=st.text("abc-:.", max_size=128),
    step=st.integers(0, 16),
    offending=st.lists(st.text("ABCdef_.", min_size=1, max_size=128), max_size=8).map(tuple),
    emergency=st.booleans(),
    message=st.none() | facts,
    source=st.builds(
        Source, st.just(TopicName("exchange.meldingen")), st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1)
    ),
    registry_version=st.integers(0, 2**63 - 1),
    decided_at=moments,
    trace_id=fixed16,
)


def as_avro(value: AuditEvent) -> dict[str, object]:
    """The event as fastavro wants it."""
    return {"version": 1, **json_like(asdict(value))}


def json_like(value: dict[str, object]) -> dict[str, object]:
    """Plain strings and bytes in place of ours."""
    plain: dict[str, object] = {}
    for name, item in value.items():
        if isinstance(item, dict):
            plain[name] = json_like(item)
        elif name == "assertions":
            assert isinstance(item, tuple)
            plain[name] = [{"name": key, "value": word} for key, word in item]
        elif isinstance(item, tuple):
            plain[name] = list(item)
        else:
            plain[name] = item
    return plain


@given(events)
def test_the_writer_agrees_with_fastavro(value: AuditEvent) -> None:
    """Our bytes are those of the schema."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, PARSED, as_avro(value))

    assert write_event(value) == out.getvalue()


@given(events)
def test_what_is_written_reads_back_the_same(value: AuditEvent) -> None:
    """Reading gives the very event that was written."""
    assert read_event(write_event(value)) == value


@given(st.binary(max_size=600))
def test_noise_is_malformed_and_nothing_else(noise: bytes) -> None:
    """Whatever the bytes, the only error is MalformedError."""
    with pytest.raises(MalformedError):
        read_event(noise)


@given(st.sampled_from(decisions(5)), st.data())
def test_a_damaged_event_is_malformed_or_has_one_encoding(value: AuditEvent, data: st.DataObject) -> None:
    """What is still accepted after damage is exactly what its own event encodes to."""
    raw = bytearray(write_event(value))
    index = data.draw(st.integers(0, len(raw) - 1))
    raw[index] ^= data.draw(st.integers(1, 255))
    try:
        read = read_event(bytes(raw))
    except MalformedError:
        return

    assert write_event(read) == bytes(raw)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("step", replace(event(), step=17)),
        ("partition", replace(event(), source=Source(TopicName("exchange.x"), -1, 0))),
        ("moment", replace(event(), decided_at=Micros(253_402_300_800_000_000))),
        ("gate", replace(event(), gate="Gate One")),
        ("reason", replace(event(), reason="Free text, which may say too much")),
        ("offending", replace(event(), offending=("a name with spaces",))),
    ],
)
def test_a_value_out_of_range_is_refused(name: str, changed: AuditEvent) -> None:
    """An event that could not be shown, or could hold free text, is no event."""
    with pytest.raises(MalformedError):
        read_event(write_event(changed))


@pytest.mark.parametrize(
    "made",
    [
        pytest.param((("b", "true"), ("a", "true")), id="not-sorted"),
        pytest.param((("a", "true"), ("a", "false")), id="twice"),
        pytest.param((("Name of a child", "true"),), id="free-name"),
        pytest.param((("a", "free text"),), id="free-text"),
        pytest.param((("a" * 65, "true"),), id="long-name"),
        pytest.param((("a", "a" * 65),), id="long-value"),
        pytest.param(tuple((f"a{n:02}", "true") for n in range(33)), id="too-many"),
    ],
)
def test_assertions_are_few_short_codes_in_order(made: tuple[tuple[str, str], ...]) -> None:
    """An event holds the coded predicates that a header can hold, and no free text."""
    released = event()
    assert released.message is not None
    changed = replace(released, message=replace(released.message, assertions=made))
    with pytest.raises(MalformedError):
        read_event(write_event(changed))


def test_an_event_is_never_larger_than_an_entry_of_a_bundle() -> None:
    """What does not fit into a tile of the log is refused."""
    with pytest.raises(MalformedError):
        read_event(bytes(MAX_EVENT_BYTES + 1))


def test_the_fingerprint_is_that_of_the_schema() -> None:
    """The prefix of a decision record names its schema."""
    schema = json.loads((SCHEMAS / "decision.avsc").read_bytes())

    assert fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO") == DECISION_FINGERPRINT.hex()


def test_outcomes_have_the_order_of_the_schema() -> None:
    """An outcome is an index on the wire."""
    field = next(f for f in EVENT_SCHEMA["fields"] if f["name"] == "outcome")

    assert field["type"]["symbols"] == [outcome.value for outcome in Outcome]


def test_a_repeated_decision_has_the_same_id() -> None:
    """Time, gate and registry version do not make it another decision."""
    again = replace(event(), decided_at=Micros(1), gate="gate-2", registry_version=9)

    assert expected_decision_id(again) == event().decision_id


@pytest.mark.parametrize(
    "other",
    [
        message_decision_id(Digest(b"1" * 32), TO, AGREEMENT, Outcome.REFUSED, "x"),
        message_decision_id(ID, Oin("00000099000000001000"), AGREEMENT, Outcome.REFUSED, "x"),
        message_decision_id(ID, TO, Digest(b"1" * 32), Outcome.REFUSED, "x"),
        message_decision_id(ID, TO, AGREEMENT, Outcome.RELEASED, "x"),
        message_decision_id(ID, TO, AGREEMENT, Outcome.REFUSED, "xx"),
        record_decision_id(Source(TopicName("exchange.x"), 0, 0), AGREEMENT),
    ],
    ids=["message", "recipient", "agreement", "outcome", "ground", "kind"],
)
def test_each_part_of_a_decision_changes_its_id(other: Digest) -> None:
    """Two different decisions never share an id."""
    assert message_decision_id(ID, TO, AGREEMENT, Outcome.REFUSED, "x") != other


def test_an_event_that_is_no_decision_has_no_expected_id() -> None:
    """Later kinds of events bring ids of their own."""
    assert expected_decision_id(replace(event(), outcome=Outcome.READ)) is None
    assert expected_decision_id(quarantined()) == quarantined().decision_id
    assert expected_decision_id(refused()) == refused().decision_id


def test_facts_of_a_message_are_in_wire_order() -> None:
    """The reader fills the fields by position."""
    schema = next(f for f in EVENT_SCHEMA["fields"] if f["name"] == "message")["type"][1]

    assert [f["name"] for f in schema["fields"]] == list(MessageFacts.__dataclass_fields__)
    assert [f["name"] for f in EVENT_SCHEMA["fields"]][1:] == list(AuditEvent.__dataclass_fields__)
