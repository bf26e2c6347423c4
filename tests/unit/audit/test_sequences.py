"""The producers' own numbering."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from broker.audit.sequences import Sequences
from broker.names import ProducerId, TopicName

PRODUCER, TOPIC = ProducerId(bytes(8)), TopicName("exchange.meldingen")


@given(st.permutations(list(range(1, 20))), st.sets(st.integers(1, 18), max_size=5))
def test_what_is_missing_is_counted_in_any_order(order: list[int], missing: set[int]) -> None:
    """A gap is a number below the highest one that never came."""
    seen = Sequences()
    for number in order:
        if number not in missing:
            seen.see(PRODUCER, TOPIC, number)
            seen.see(PRODUCER, TOPIC, number)

    assert len(seen.gaps()) == bool(missing)
    if missing:
        assert f": {len(missing)} messages missing after {min(missing) - 1}" in seen.gaps()[0]
