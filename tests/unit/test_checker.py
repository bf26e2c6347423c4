"""The checker itself: a correct history passes, and every kind of planted violation is found."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from tests.checker import (
    Decision,
    Entry,
    Evidence,
    HandedOver,
    InboxRow,
    IntakeRow,
    Sent,
    check,
    merkle_root,
)


def history(seed: int = 1, count: int = 12, cases: int = 3) -> Evidence:
    """A correct run: messages released, handled and receipted; some decisions written twice."""
    dice = random.Random(seed)
    sent, handed, intake, inbox = [], [], [], []
    decisions: list[Decision] = []
    for number in range(count):
        message, case = f"{number:032x}", f"case-{dice.randrange(cases)}"
        source = ("exchange.meldingen", 0, number)
        sent.append(Sent(message, case, f"mark-{number}", source))
        released = _decision(message, "released", source, "decisions.amk", len(decisions))
        decisions.append(released)
        if dice.random() < 0.3:
            decisions.append(
                replace(
                    released, place=(*released.place[:2], len(decisions)), event=b"later" + released.event
                )
            )
        handed.append(HandedOver(message, released.decision_id, released.place, released.written_at))
        intake.append(IntakeRow(message, case, f"mark-{number}", released.decision_id))
        inbox.append(InboxRow(message, released.decision_id, "handled"))
        back = _decision(
            f"f{message[1:]}", "receipt", ("exchange.ontvangst", 0, number), "decisions.shg", number
        )
        decisions.append(replace(back, causation_id=message))
    exchanged = sorted({one.source for one in decisions})
    first = {one.decision_id: one for one in reversed(decisions)}
    ledger = [_entry(seq, one) for seq, one in enumerate(first.values())]
    return _published(Evidence(sent, exchanged, decisions, handed, intake, inbox, ledger, (0, b"")))


def _decision(message: str, outcome: str, source: tuple[str, int, int], topic: str, offset: int) -> Decision:
    id_ = sha256(f"{message}{outcome}".encode()).hexdigest()
    return Decision(
        (topic, 0, offset), 1000 + offset, id_, outcome, message, "", source, f"event {id_}".encode()
    )


def _entry(seq: int, decision: Decision) -> Entry:
    return Entry(seq, decision.decision_id, sha256(b"\x00" + decision.event).digest(), decision.event)


def _published(evidence: Evidence) -> Evidence:
    leaves = [entry.leaf_hash for entry in evidence.ledger]
    return replace(evidence, checkpoint=(len(leaves), merkle_root(leaves)))


def _without(name: str, which: int = 4) -> Callable[[Evidence], Evidence]:
    def plant(evidence: Evidence) -> Evidence:
        rows = list(getattr(evidence, name))
        del rows[which]
        return replace(evidence, **{name: rows})  # type: ignore[arg-type]

    return plant


def _changed(name: str, which: int = 4, **changes: object) -> Callable[[Evidence], Evidence]:
    def plant(evidence: Evidence) -> Evidence:
        rows = list(getattr(evidence, name))
        rows[which] = replace(rows[which], **changes)
        return replace(evidence, **{name: rows})  # type: ignore[arg-type]

    return plant


def _again(name: str, which: int = 4, **changes: object) -> Callable[[Evidence], Evidence]:
    def plant(evidence: Evidence) -> Evidence:
        rows = list(getattr(evidence, name))
        return replace(evidence, **{name: [*rows, replace(rows[which], **changes)]})  # type: ignore[arg-type]

    return plant


def _swapped(evidence: Evidence) -> Evidence:
    rows = list(evidence.intake)
    case = rows[0].case_ref
    second = next(i for i, row in enumerate(rows[1:], 1) if row.case_ref == case)
    rows[0], rows[second] = rows[second], rows[0]
    return replace(evidence, intake=rows)


def _unaudited(evidence: Evidence) -> Evidence:
    gone = evidence.handed_over[4].place
    return replace(evidence, decisions=[one for one in evidence.decisions if one.place != gone])


def _unread_receipt(evidence: Evidence) -> Evidence:
    return replace(
        evidence, decisions=[d for d in evidence.decisions if d.causation_id != evidence.sent[4].message_id]
    )


def _second_receipt(evidence: Evidence) -> Evidence:
    one = next(d for d in evidence.decisions if d.outcome == "receipt")
    return replace(evidence, decisions=[*evidence.decisions, replace(one, message_id="e" * 32)])


def _rewritten(evidence: Evidence) -> Evidence:
    """Somebody changed an entry and everything that follows from it in the database, not the checkpoint."""
    rows = list(evidence.ledger)
    event = b"rewritten"
    rows[4] = replace(rows[4], event=event, leaf_hash=sha256(b"\x00" + event).digest())
    return replace(evidence, ledger=rows)


def _exchanged_entries(evidence: Evidence) -> Evidence:
    rows = list(evidence.ledger)
    rows[2], rows[3] = replace(rows[3], seq=2), replace(rows[2], seq=3)
    return replace(evidence, ledger=rows)


def _refused(evidence: Evidence) -> Evidence:
    handed = evidence.handed_over[4]
    decisions = [
        replace(one, outcome="refused") if one.place == handed.place else one for one in evidence.decisions
    ]
    return replace(evidence, decisions=decisions)


PLANTED = {
    "lost": _without("intake"),
    "invented": _changed("intake", message_id="e" * 32),
    "twice": _again("intake"),
    "altered": _changed("intake", mark="another"),
    "order": _swapped,
    "no-audit-record": _unaudited,
    "not-released": _refused,
    "audited-afterwards": _changed("handed_over", at=1),
    "not-in-ledger": _changed("handed_over", decision_id="e" * 64),
    "no-inbox-row": _without("inbox"),
    "no-effect": _again("inbox", message_id="e" * 32),
    "wrong-decision": _changed("inbox", decision_id="e" * 64),
    "not-judged": lambda evidence: replace(
        evidence, exchanged=[*evidence.exchanged, ("exchange.meldingen", 1, 0)]
    ),
    "no-source": _without("exchanged"),
    "two-outcomes": _again("decisions", outcome="refused"),
    "no-receipt": _unread_receipt,
    "two-receipts": _second_receipt,
    "ledger-lacks": _without("ledger"),
    "ledger-invents": _changed("ledger", decision_id="e" * 64),
    "ledger-repeats": _again("ledger", seq=99),
    "ledger-differs": _changed("ledger", event=b"another"),
    "ledger-gap": _changed("ledger", -1, seq=99),
    "leaf-differs": _changed("ledger", leaf_hash=bytes(32)),
    "checkpoint-size": lambda evidence: replace(
        evidence, checkpoint=(evidence.checkpoint[0] - 1, evidence.checkpoint[1])
    ),
    "checkpoint-root": _exchanged_entries,
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_violation_is_found(kind: str) -> None:
    """Each kind is named when it is there."""
    assert kind in {violation.kind for violation in check(PLANTED[kind](history()))}


def test_a_rewritten_ledger_is_found() -> None:
    """A change of an entry together with its hash contradicts Kafka and the published checkpoint."""
    kinds = {violation.kind for violation in check(_rewritten(history()))}
    assert {"ledger-differs", "checkpoint-root"} <= kinds


@pytest.mark.parametrize("seed", range(200))
def test_a_correct_history_passes(seed: int) -> None:
    """Nothing is found where nothing is wrong, however often decisions were repeated."""
    dice = random.Random(seed)
    assert check(history(seed, dice.randrange(0, 60), dice.randrange(1, 8))) == []
