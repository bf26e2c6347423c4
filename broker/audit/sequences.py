"""Who numbered its messages without a gap: every producer counts from 1 on each topic (envelope.md 4)."""

from __future__ import annotations

from broker.names import ProducerId, TopicName

__all__ = ["Sequences"]


class Sequences:
    """What was seen of every producer's numbering, in any order.

    Memory stays small while there are few gaps: below `_whole` everything was seen.
    """

    __slots__ = ("_ahead", "_whole")

    def __init__(self) -> None:
        self._whole: dict[tuple[ProducerId, TopicName], int] = {}
        self._ahead: dict[tuple[ProducerId, TopicName], set[int]] = {}

    def see(self, producer: ProducerId, topic: TopicName, sequence: int) -> None:
        """A message with this number was decided."""
        key = (producer, topic)
        whole = self._whole.get(key, 0)
        if sequence <= whole:
            return
        if sequence > whole + 1:
            self._ahead.setdefault(key, set()).add(sequence)
            self._whole.setdefault(key, whole)
            return
        whole = sequence
        ahead = self._ahead.get(key, set())
        while whole + 1 in ahead:
            whole += 1
            ahead.discard(whole)
        self._whole[key] = whole

    def gaps(self) -> list[str]:
        """One sentence for each producer and topic of which numbers are missing."""
        found = []
        for (producer, topic), ahead in sorted(self._ahead.items()):
            if ahead:
                whole = self._whole[producer, topic]
                missing = max(ahead) - whole - len(ahead)
                found.append(f"producer {producer} on {topic}: {missing} messages missing after {whole}")
        return found
