"""Decision records: audit event and release in one."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.audit.codec import write_event
from broker.audit.decision_record import read_record, statement, verify_record
from broker.crypto import pae, sha256
from broker.errors import MalformedError, UntrustedError
from broker.names import Digest, Micros
from broker.signing import VerificationCache
from tests.architecture.source import ROOT
from tests.audit_world import DAY, DECIDED, GATE, decisions, event, gates, records, refused

SCHEMA = fastavro.parse_schema(json.loads((ROOT / "schemas" / "audit" / "decision.avsc").read_bytes()))


def verify(value: bytes) -> None:
    """Read and verify with the registry's one gate."""
    verify_record(read_record(value), GATE, gates(), VerificationCache())


def test_a_batch_of_records_verifies() -> None:
    """Every record of a batch stands on its own."""
    for value in records(decisions(70)):
        verify(value)


def test_a_record_is_what_its_schema_says() -> None:
    """The reference reader finds the same parts."""
    value = records([event()])[0]
    read = fastavro.schemaless_reader(io.BytesIO(value[10:]), SCHEMA, None)

    assert read["decision"] == write_event(event())
    assert read["envelope"] == b"envelope"
    assert len(read["signatures"]) == 1


def test_the_gate_signs_event_and_envelope_digest() -> None:
    """An inspector without the envelope can verify the decision."""
    record = read_record(records([event()])[0])
    signed = statement(record.event_bytes, record.envelope_digest)

    assert signed == pae(b"application/vnd.schakel.decision.v1", write_event(event()) + sha256(b"envelope"))


def test_nothing_released_has_the_digest_of_nothing() -> None:
    """A refusal has no envelope, and its digest is that of no bytes."""
    record = read_record(records([refused()])[0])

    assert record.envelope is None
    assert record.envelope_digest == sha256(b"")


def test_every_flipped_bit_is_refused() -> None:
    """No bit of a record is free."""
    value = records([event()])[0]
    known, cache = gates(), VerificationCache()
    for index in range(len(value) * 8):
        copy = bytearray(value)
        copy[index // 8] ^= 1 << index % 8
        with pytest.raises((MalformedError, UntrustedError)):
            verify_record(read_record(bytes(copy)), GATE, known, cache)


@given(st.binary(max_size=400))
def test_noise_is_malformed_at_step_twelve(noise: bytes) -> None:
    """Whatever the bytes, the only error is MalformedError, with its step."""
    for value in (noise, records([event()])[0][:10] + noise):
        with pytest.raises(MalformedError) as caught:
            read_record(value)
        assert caught.value.step == 12


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (records([event()], by_stranger=True)[0], "unknown-key"),
        (records([replace(event(), decided_at=Micros(DECIDED + 2 * DAY))])[0], "key-not-valid"),
        (records([replace(event(), decision_id=Digest(bytes(32)))])[0], "decision-id"),
    ],
    ids=["stranger", "too-late", "borrowed-id"],
)
def test_what_no_gate_vouches_for_is_untrusted(value: bytes, reason: str) -> None:
    """Step 12 refuses with the reason."""
    with pytest.raises(UntrustedError) as caught:
        verify(value)

    assert (caught.value.step, caught.value.reason) == (12, reason)
