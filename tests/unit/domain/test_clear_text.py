"""What travels in the clear is codes and random references (docs/invariants.md 1: 10 and 11; 2: trap 6)."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace

import pytest

from broker.audit.decision_record import read_record
from broker.audit.events import MessageFacts
from broker.names import Oin, SubjectRef
from broker.pipelines.gate import GateIdentity, write
from broker.records.template import template
from broker.topics import CHECKPOINTS, EXCHANGE_TOPICS, QUARANTINE, decisions_topic
from schemas.reading import packaged
from tests.open_world import (
    CATALOGUE,
    entry_of,
    judged,
    keys_of,
    party,
    prepared_by,
    record_of,
    sender_of,
    view,
)

HEADERS = {"ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "content-type", "traceparent"}
GATE = GateIdentity(party("AMK").oin, "gate")


def texts(value: object) -> set[str]:
    """Every text of some length in a document; a number of zeroes alone stands in any record."""
    if isinstance(value, str):
        return {value} if len(value) > 5 and value.strip("0") else set()
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {text for each in inner for text in texts(each)}


def codes(node: object) -> set[str]:
    """Every value of the lists in a schema."""
    if isinstance(node, dict) and "symbols" in node:
        return set(node["symbols"])
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return {code for each in inner for code in codes(each)}


def content(code: str) -> set[str]:
    """Every text in a message that has all that its type may have, but for codes."""
    entry = entry_of(code)
    schema = json.loads(packaged()[f"messages/{code}/{max(entry.schemas)}.avsc"])
    full = template(view().schemas[entry.schema_digest], everything=True)
    return texts(dict(full)) - codes(schema)


@pytest.mark.parametrize("code", CATALOGUE.messages)
def test_no_type_shows_its_content(code: str) -> None:
    """Key, headers, the record itself, and the decision about it: of no type do they hold a text."""
    message, judgement = judged(prepared_by(sender_of(code), record_of(code)))
    (decision,) = write([judgement], GATE, [keys_of(GATE.oin).signer])
    shown = b"\n".join(
        [message.key or b"", message.value or b"", decision.key, decision.value]
        + [part for name, value in (*message.headers, *decision.headers) for part in (name.encode(), value)]
    )

    assert [text for text in content(code) if text.encode() in shown] == []


def test_there_is_content_to_look_for() -> None:
    """The search above looks for names, numbers and sentences of every kind of message."""
    found = set().union(*map(content, CATALOGUE.messages))

    assert len(found) > 40
    assert any("Testkind" in text for text in found)


@pytest.mark.parametrize("code", CATALOGUE.messages)
def test_a_record_has_these_headers_and_no_others(code: str) -> None:
    """No `subject` and no `dataref`: the profile's example puts a BSN there (P39)."""
    message, _ = judged(prepared_by(sender_of(code), record_of(code)))

    assert {name for name, _ in message.headers} == HEADERS


@pytest.mark.parametrize("topic", [*EXCHANGE_TOPICS, QUARANTINE, CHECKPOINTS, decisions_topic(Oin("0" * 20))])
def test_a_topic_is_named_after_a_flow_or_an_organisation(topic: str) -> None:
    """Nothing in a name could be about a person."""
    assert re.fullmatch(r"exchange\.[a-z]+|decisions\.(\d{20}|quarantine)|ledger\.checkpoints", topic)


def test_a_key_is_a_case_reference_and_nothing_else() -> None:
    """Sixteen random bytes, of which the record says nothing more."""
    record = record_of("E01")
    message, _ = judged(prepared_by(sender_of("E01"), record))

    assert message.key == bytes(record.case_ref)


def test_the_audit_event_has_no_field_for_words() -> None:
    """Every field about a message is an identifier, a code, a digest, a number or a moment."""
    kinds = {
        str(each.type).replace(" | None", "").removeprefix("tuple[").removesuffix(", ...]")
        for each in fields(MessageFacts)
    }

    assert kinds == {
        "AgreementId",
        "AuditParty",
        "CaseRef",
        "Digest",
        "GroupName",
        "LegalBasis",
        "MessageId",
        "MessageType",
        "Micros",
        "ProducerId",
        "Purpose",
        "Regime",
        "SubjectRef",
        "Urgency",
        "int",
        "tuple[str, str]",
    }


def test_the_record_names_each_person_by_a_reference_of_its_own() -> None:
    """As many persons as the sender says: two children, two references, in the record of the decision."""
    people = (SubjectRef(b"\x01" * SubjectRef.size), SubjectRef(b"\x02" * SubjectRef.size))
    _, judgement = judged(prepared_by(sender_of("E01"), replace(record_of("E01"), subject_refs=people)))

    (out,) = write([judgement], GATE, [keys_of(GATE.oin).signer])

    facts = read_record(out.value).event.message
    assert facts is not None
    assert facts.subject_refs == people
