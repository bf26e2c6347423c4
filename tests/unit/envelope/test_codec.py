"""The hand-written codec against fastavro with the published schemas, and against noise."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.envelope import schema
from broker.envelope.codec import read_envelope, read_header, reduce, write_header
from broker.envelope.model import EnvelopeHeader
from broker.envelope.reasons import Reason
from broker.envelope.seal import seal
from broker.errors import MalformedError
from broker.names import GroupName
from tests.envelope_world import (
    RAAD,
    SHG,
    draft,
    group_names,
    header,
    recipient,
    seeded,
    signed,
)

FILES = Path(__file__).parents[3] / "schemas" / "envelope"
DOCUMENTS = {name: json.loads((FILES / f"{name}.avsc").read_text("utf-8")) for name in ("envelope", "header")}
SCHEMAS = {name: fastavro.parse_schema(document) for name, document in DOCUMENTS.items()}

HEAD = header(recipient(SHG, "CH", "CO"), recipient(RAAD, "GU"))
VALUE = signed(HEAD, "CH", "GU", "CO")
BODY = VALUE[10:]
HEADER = read_envelope(VALUE).header_bytes


def reference(name: str, data: bytes) -> Any | None:
    """What fastavro decodes, or None unless encoding it again gives the same bytes."""
    try:
        decoded = fastavro.schemaless_reader(io.BytesIO(data), SCHEMAS[name], None)
        again = io.BytesIO()
        fastavro.schemaless_writer(again, SCHEMAS[name], decoded)
    except (ValueError, EOFError, IndexError, OverflowError, MemoryError, TypeError):
        return None
    return decoded if again.getvalue() == data else None


def as_plain(head: EnvelopeHeader) -> dict[str, Any]:
    """The header as fastavro sees it."""
    return {
        **{name: getattr(head, name) for name in EnvelopeHeader.__slots__},
        "sender": {"oin": head.sender.oin, "role": head.sender.role, "system": head.sender.system},
        "recipients": [
            {
                "oin": to.oin,
                "role": to.role,
                "key_id": to.key_id,
                "agreement": {"id": to.agreement.id, "digest": to.agreement.digest},
                "groups": list(to.groups),
                "wrapped": to.wrapped,
            }
            for to in head.recipients
        ],
        "subject_refs": list(head.subject_refs),
        "origin": head.origin and {"message_id": head.origin.message_id, "oin": head.origin.oin},
        "assertions": [{"name": name, "value": value} for name, value in head.assertions],
        "sections": [{"group": ref.group, "digest": ref.digest} for ref in head.sections],
        "critical": list(head.critical),
    }


def mutants(data: bytes) -> st.SearchStrategy[bytes]:
    """Copies of *data* with a few bytes replaced, inserted or removed."""
    place = st.integers(0, len(data) - 1)
    change = st.tuples(place, st.integers(0, 3), st.binary(max_size=3))

    def apply(changes: list[tuple[int, int, bytes]]) -> bytes:
        mutant = data
        for at, removed, put in changes:
            mutant = mutant[:at] + put + mutant[at + removed :]
        return mutant

    return st.lists(change, min_size=1, max_size=3).map(apply)


def early_mutants(data: bytes) -> st.SearchStrategy[bytes]:
    """Mutants whose changes lie outside long runs of random bytes, where the structure is."""
    places = [at for at in range(len(data)) if data[max(0, at - 3) : at + 3].isascii()]
    change = st.tuples(st.sampled_from(places), st.binary(min_size=1, max_size=1))

    def apply(changes: list[tuple[int, bytes]]) -> bytes:
        mutant = bytearray(data)
        for at, put in changes:
            mutant[at : at + 1] = put
        return bytes(mutant)

    return st.lists(change, min_size=1, max_size=2).map(apply)


def test_the_fingerprint_is_that_of_the_schema() -> None:
    """The constant in the code is CRC-64-AVRO of the published document's canonical form."""
    canonical = fastavro.schema.to_parsing_canonical_form(DOCUMENTS["envelope"])

    assert fastavro.schema.fingerprint(canonical, "CRC-64-AVRO") == schema.ENVELOPE_FINGERPRINT.hex()


def test_the_header_is_what_the_schema_says() -> None:
    """The reference codec reads the header that we write, field by field in the same order."""
    decoded = reference("header", HEADER)

    assert decoded == as_plain(read_header(HEADER))
    assert [field["name"] for field in DOCUMENTS["header"]["fields"]] == list(EnvelopeHeader.__slots__)


def test_the_container_is_what_the_schema_says() -> None:
    """The reference codec reads the container that we write."""
    envelope = read_envelope(VALUE)
    decoded = reference("envelope", BODY)

    assert decoded is not None
    assert (decoded["header"], tuple(decoded["sections"])) == (envelope.header_bytes, envelope.sections)
    assert [s["key_id"] for s in decoded["signatures"]] == [s.key_id for s in envelope.signatures]


def test_a_header_has_one_encoding() -> None:
    """Reading and writing gives the same bytes."""
    assert write_header(read_header(HEADER)) == HEADER


@settings(max_examples=400)
@given(mutants(HEADER) | early_mutants(HEADER))
def test_both_readers_judge_headers_alike(data: bytes) -> None:
    """Accepted here exactly when fastavro decodes the same value and encodes it to the same bytes."""
    expected = reference("header", data)
    try:
        head = read_header(data)
    except MalformedError as error:
        strict = error.reason == Reason.MALFORMED
        assert not strict or expected is None or too_many(expected)
        return
    assert as_plain(head) == expected
    assert write_header(head) == data


def too_many(decoded: dict[str, Any]) -> bool:
    """What our grammar refuses beyond Avro's: counts above their limits, ints above 32 bits."""
    limits = {"recipients": 64, "subject_refs": 20, "assertions": 32, "sections": 64, "critical": 16}
    counts = any(len(decoded[name]) > most for name, most in limits.items())
    return counts or any(not -(2**31) <= decoded[name] < 2**31 for name in ("version", "suite"))


@settings(max_examples=400)
@given(mutants(BODY) | early_mutants(BODY))
def test_both_readers_judge_containers_alike(data: bytes) -> None:
    """What is accepted here, fastavro decodes and encodes to the same bytes."""
    try:
        envelope = read_envelope(VALUE[:10] + data)
    except MalformedError:
        return
    decoded = reference("envelope", data)
    assert decoded is not None
    assert decoded["header"] == envelope.header_bytes
    assert tuple(decoded["sections"]) == envelope.sections


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda noise: VALUE[:10] + noise))
def test_noise_is_malformed_and_nothing_else(noise: bytes) -> None:
    """Random bytes, with and without the prefix, at step 1 or 2."""
    with pytest.raises(MalformedError) as caught:
        read_envelope(noise)

    assert caught.value.step in (1, 2)


@given(st.binary(max_size=300))
def test_noise_is_no_header(noise: bytes) -> None:
    """Random bytes are malformed at step 2."""
    with pytest.raises(MalformedError) as caught:
        read_header(noise)

    assert caught.value.step == 2


@pytest.mark.parametrize("end", range(0, len(VALUE), 37))
def test_every_cut_is_malformed(end: int) -> None:
    """No beginning of an envelope is an envelope."""
    with pytest.raises(MalformedError):
        read_envelope(VALUE[:end])


def test_nothing_withheld_changes_nothing() -> None:
    """The very bytes received go on."""
    assert reduce(read_envelope(VALUE), group_names("CH", "GU", "CO"), VALUE) is VALUE


@pytest.mark.parametrize("kept", [(), ("CH",), ("GU",), ("CH", "CO"), ("IN",)], ids=str)
def test_a_reduced_envelope_keeps_its_header_and_signatures(kept: tuple[str, ...]) -> None:
    """Only the other sections go, and only their bytes."""
    whole = read_envelope(VALUE)
    reduced = read_envelope(reduce(whole, group_names(*kept), VALUE))

    assert (reduced.header_bytes, reduced.signatures) == (whole.header_bytes, whole.signatures)
    assert reduced.sections == tuple(
        section if ref.group in kept else None
        for ref, section in zip(whole.header.sections, whole.sections, strict=True)
    )


def test_reducing_twice_is_reducing_once() -> None:
    """What is withheld stays withheld."""
    once = reduce(read_envelope(VALUE), group_names("CH"), VALUE)

    assert reduce(read_envelope(once), group_names("CH", "GU"), once) is once


def test_the_words_of_hostile_senders_are_forgotten() -> None:
    """More invented words than the memory holds are still read, and the memory stays small."""
    from broker.envelope.vocabulary import Vocabulary

    words = Vocabulary(GroupName.parse, limit=3)
    for word in (b"AA", b"BB", b"CC", b"DD", b"AA"):
        assert words[word] == word.decode()
        assert len(words) <= 3


def test_a_large_message_is_read() -> None:
    """64 sections and 64 recipients are within the limits."""
    from dataclasses import replace

    from broker.names import Oin

    names = [f"{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(64)]
    unsigned = seal(draft(header(recipient(SHG, *names)), *names), seeded("large"))
    entry = unsigned.header.recipients[0]
    crowd = tuple(replace(entry, oin=Oin(f"0000009900000{n:04d}000")) for n in range(64))
    head = replace(unsigned.header, recipients=crowd)

    assert read_header(write_header(head)) == head
