"""The plan of topics and access lists: least rights, and the same plan for the same parties."""

from __future__ import annotations

import pytest

from broker.adapters.kafka_grants import Grant
from broker.errors import UsageError
from broker.names import Oin
from broker.operations.topics import Party, Plan, plan
from broker.topics import EXCHANGE_TOPICS, decisions_topic

_AMK = Party("amk-noord", Oin("00000099000000001000"), ("exchange.informatie", "exchange.ontvangst"))
_SHG = Party("shg-noord", Oin("00000099000000002000"), ("exchange.meldingen",))


@pytest.fixture
def planned() -> Plan:
    """The plan for two agencies on three nodes."""
    return plan([_SHG, _AMK], partitions=4, replication=3)


def _of(planned: Plan, principal: str) -> set[Grant]:
    return {grant for grant in planned.grants if grant.principal == principal}


def test_every_topic_is_there(planned: Plan) -> None:
    """The exchange topics, one of decisions for each agency, quarantine and checkpoints; nothing else."""
    own = {decisions_topic(_AMK.oin), decisions_topic(_SHG.oin)}
    expected = {*EXCHANGE_TOPICS, *own, "decisions.quarantine", "ledger.checkpoints"}
    assert {topic.name for topic in planned.topics} == expected


def test_the_order_of_parties_does_not_matter(planned: Plan) -> None:
    """The plan is a function of the set of parties."""
    assert plan([_AMK, _SHG], 4, 3) == planned


def test_an_agency_has_these_rights_and_no_others(planned: Plan) -> None:
    """It writes the topics named for it, reads its own decisions, and uses groups of its own name."""
    assert _of(planned, "User:amk-noord") == {
        Grant("User:amk-noord", "write", "topic", "exchange.informatie"),
        Grant("User:amk-noord", "write", "topic", "exchange.ontvangst"),
        Grant("User:amk-noord", "read", "topic", "decisions.00000099000000001000"),
        Grant("User:amk-noord", "read", "group", "amk-noord.", prefix=True),
    }


def test_only_the_gate_writes_decisions(planned: Plan) -> None:
    """Nobody else can put a release where an agency reads it."""
    writers = {
        g.principal for g in planned.grants if g.operation == "write" and g.name.startswith("decisions")
    }
    assert writers == {"User:gate"}


def test_only_the_gate_reads_what_is_sent(planned: Plan) -> None:
    """No agency and no ledger writer reads an exchange topic."""
    readers = {g.principal for g in planned.grants if g.operation == "read" and g.name.startswith("exchange")}
    assert readers == {"User:gate"}


def test_the_exchange_sends_reminders_and_nothing_else(planned: Plan) -> None:
    """Its gate can write no exchange topic but that one."""
    sent = {g.name for g in _of(planned, "User:gate") if g.operation == "write" and "exchange" in g.name}
    assert sent == {"exchange.ontvangst"}


def test_everybody_reads_checkpoints(planned: Plan) -> None:
    """The one grant for all is to read the checkpoints."""
    assert _of(planned, "User:*") == {Grant("User:*", "read", "topic", "ledger.checkpoints")}


def test_the_ledger_writes_checkpoints_and_nothing_else(planned: Plan) -> None:
    """The ledger writer cannot release anything."""
    written = {g.name for g in _of(planned, "User:ledger") if g.operation == "write"}
    assert written == {"ledger.checkpoints"}


@pytest.mark.parametrize(
    ("replication", "expected"), [pytest.param(1, "1", id="one node"), pytest.param(3, "2", id="three nodes")]
)
def test_copies_before_a_record_counts(replication: int, expected: str) -> None:
    """With three copies two must have a record before it is acknowledged."""
    topics = plan([_AMK], 1, replication).topics
    assert {dict(topic.settings)["min.insync.replicas"] for topic in topics} == {expected}


@pytest.mark.parametrize(
    ("name", "days"),
    [
        pytest.param("exchange.meldingen", 7, id="exchange"),
        pytest.param("decisions.00000099000000001000", 7, id="decisions"),
        pytest.param("decisions.quarantine", 30, id="quarantine"),
    ],
)
def test_how_long_records_are_kept(planned: Plan, name: str, days: int) -> None:
    """Retention follows the table of topics."""
    settings = {topic.name: dict(topic.settings) for topic in planned.topics}
    assert settings[name]["retention.ms"] == str(days * 86_400_000)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("compression.type", "uncompressed"),
        ("message.timestamp.type", "LogAppendTime"),
        ("unclean.leader.election.enable", "false"),
    ],
)
def test_settings_that_hold_for_every_topic(planned: Plan, setting: str, value: str) -> None:
    """No topic unpacks what a sender packed, believes a sender's clock, or loses what was acknowledged."""
    assert {dict(topic.settings)[setting] for topic in planned.topics} == {value}


@pytest.mark.parametrize(
    "parties",
    [
        pytest.param([_AMK, Party("amk-noord", Oin("00000099000000003000"))], id="same name"),
        pytest.param([_AMK, Party("other", _AMK.oin)], id="same oin"),
        pytest.param([Party("gate", _AMK.oin)], id="name of the exchange"),
        pytest.param([Party("amk", _AMK.oin, ("decisions.x",))], id="not an exchange topic"),
    ],
)
def test_parties_that_cannot_be(parties: list[Party]) -> None:
    """A plan that would give one party another's rights is not made."""
    with pytest.raises(UsageError):
        plan(parties, 1, 1)
