"""Names of the topics."""

from __future__ import annotations

import pytest

from broker.names import Oin, TopicName
from broker.topics import CHECKPOINTS, DECISIONS, EXCHANGE_TOPICS, QUARANTINE, decisions_topic

_OIN = Oin("00000099000000001000")


def test_the_names_are_those_of_the_specification() -> None:
    """Agencies configure them, so they stay as they are."""
    flows = ["bescherming", "informatie", "meldingen", "ontvangst", "toezicht", "veiligheid"]

    assert [str(topic) for topic in EXCHANGE_TOPICS] == [f"exchange.{flow}" for flow in flows]
    assert (QUARANTINE, CHECKPOINTS) == ("decisions.quarantine", "ledger.checkpoints")
    assert decisions_topic(_OIN) == "decisions.00000099000000001000"


@pytest.mark.parametrize("topic", [*EXCHANGE_TOPICS, QUARANTINE, CHECKPOINTS, decisions_topic(_OIN)])
def test_every_name_is_a_topic_name(topic: TopicName) -> None:
    """What is written here is what is read back."""
    assert TopicName.parse(topic) == topic


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        pytest.param(decisions_topic(_OIN), True, id="an agency's"),
        pytest.param(QUARANTINE, True, id="quarantine"),
        pytest.param(EXCHANGE_TOPICS[0], False, id="exchange"),
        pytest.param(CHECKPOINTS, False, id="checkpoints"),
        pytest.param("bare.decisions.x", False, id="inside another name"),
        pytest.param("decisionsx", False, id="without the dot"),
    ],
)
def test_decisions_are_what_the_gate_writes(topic: str, expected: bool) -> None:
    """The ledger reads them all, and nothing else."""
    assert (DECISIONS.fullmatch(topic) is not None) is expected
