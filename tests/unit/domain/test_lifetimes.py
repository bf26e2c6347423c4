"""Bodies, traffic and audit have three lifetimes (docs/invariants.md 1: number 13; 2: trap 10)."""

from __future__ import annotations

from dataclasses import fields

import pytest

from broker.audit.events import AuditEvent, MessageFacts
from broker.moments import DAY
from broker.names import Micros
from broker.operations.topics import Party, plan
from broker.topics import CHECKPOINTS, EXCHANGE_TOPICS, QUARANTINE, decisions_topic
from tests.open_world import CATALOGUE, NOW, party, prepared_by, record_of, sender_of

DAY_MS = DAY // 1000
AMK = party("AMK").oin
SETTINGS = {
    topic.name: dict(topic.settings) for topic in plan([Party("amk", AMK, EXCHANGE_TOPICS)], 3, 3).topics
}
BODIES = [*EXCHANGE_TOPICS, decisions_topic(AMK)]


@pytest.mark.parametrize("topic", BODIES)
def test_a_body_is_kept_for_at_most_seven_days(topic: str) -> None:
    """Removed by age, never compacted: compaction would keep the last one for ever (A26)."""
    settings = SETTINGS[topic]

    assert settings["cleanup.policy"] == "delete"
    assert 0 < int(settings["retention.ms"]) <= 7 * DAY_MS
    assert 0 < int(settings["segment.ms"]) <= DAY_MS


def test_age_is_told_by_the_nodes() -> None:
    """A sender's date from the future would keep its record past its life."""
    assert {settings["message.timestamp.type"] for settings in SETTINGS.values()} == {"LogAppendTime"}


def test_traffic_is_kept_for_at_most_six_months() -> None:
    """What could not be believed is told by position and digest, longer than bodies are kept (P13)."""
    kept = int(SETTINGS[QUARANTINE]["retention.ms"])

    assert 7 * DAY_MS < kept <= 182 * DAY_MS


def test_what_proves_the_audit_trail_is_kept_for_ever() -> None:
    """Checkpoints do not age (A27)."""
    assert SETTINGS[CHECKPOINTS]["retention.ms"] == "-1"


@pytest.mark.parametrize("code", CATALOGUE.messages)
def test_a_message_says_when_it_ends(code: str) -> None:
    """In the signed header, at most seven days ahead; after that no gate or recipient takes it."""
    header = prepared_by(sender_of(code), record_of(code)).header

    assert NOW < header.expires_at <= Micros(NOW + 7 * DAY)


def test_types_are_bodies_or_traffic() -> None:
    """Each type has one of the two classes, and both are in use (sources.md 6)."""
    assert {entry.retention for entry in CATALOGUE.messages.values()} == {"BR", "TR"}


def test_the_record_says_what_kind_was_given_to_whom_and_why() -> None:
    """What remains when the body is gone: parties, groups, ground, purpose, agreement and decision."""
    kept = {each.name for each in (*fields(AuditEvent), *fields(MessageFacts))}

    assert kept >= {
        "outcome",
        "decided_at",
        "sender",
        "recipient",
        "released",
        "withheld",
        "legal_basis",
        "purpose",
        "agreement_id",
        "agreement_digest",
    }
