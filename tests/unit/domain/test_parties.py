"""Only who is a party, with a key of its own, and a router that cannot read (docs/invariants.md 1 and 2)."""

from __future__ import annotations

import ast
from dataclasses import fields, replace
from pathlib import Path

import pytest

import broker.pipelines.gate
from broker.agreements.model import Reason, Refused
from broker.audit.events import Outcome
from broker.names import Role
from broker.parts import GateParts
from broker.topics import QUARANTINE
from consumers import gate as gate_process
from tests.open_world import AGREEMENT, CATALOGUE, asked, judged, party, prepared_by, record_of

SHG, AMK, POL = party("SHG"), party("AMK"), party("POL")


def test_a_valid_signature_with_the_key_of_another_is_not_believed() -> None:
    """The police sign what calls itself from the SHG: quarantined at step 5, and no agency hears of it."""
    _, judgement = judged(prepared_by(SHG, record_of("E01", AMK)), signed_by=POL)

    event = judgement.event
    assert (event.outcome, event.step, event.reason) == (Outcome.QUARANTINED, 5, "unknown-key")
    assert judgement.topic == QUARANTINE


def test_a_role_that_the_registry_does_not_know_of_its_sender_is_refused() -> None:
    """An SHG that calls itself AMK signs with its own key, and is refused for its role."""
    prepared = prepared_by(SHG, record_of("E05", party("POL")))
    posing = replace(prepared.header, sender=replace(prepared.header.sender, role=Role("AMK")))

    _, judgement = judged(replace(prepared, header=posing))

    assert (judgement.event.outcome, judgement.event.reason) == (Outcome.REFUSED, "sender-role")


@pytest.mark.parametrize("absent", [SHG, AMK], ids=["sender", "recipient"])
def test_a_role_that_is_no_party_is_refused(absent: object) -> None:
    """The grant names the role, but the agency signed in another one: nothing goes."""
    parties = frozenset(
        replace(each, role=Role("BJZ")) if each == absent else each for each in AGREEMENT.parties
    )
    agreement = replace(AGREEMENT, parties=parties)

    assert asked("E01", SHG, AMK, agreement=agreement) == Refused(Reason.NO_AGREEMENT, (AGREEMENT.id,))


@pytest.mark.parametrize("module", [broker.pipelines.gate, gate_process], ids=["pipeline", "process"])
def test_a_gate_imports_nothing_that_opens(module: object) -> None:
    """The fence stands at sender and recipient: the router does not process content (P13)."""
    tree = ast.parse(Path(str(getattr(module, "__file__", ""))).read_text(encoding="utf-8"))
    names = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in (str(node.module), *(alias.name for alias in node.names))
    }

    assert names & {"broker.envelope.open", "broker.records.schema", "open_groups", "Unwrapper"} == set()
    assert "broker.pipelines.rules" in names or "broker.pipelines.gate" in names


def test_a_gate_is_given_no_key_that_opens() -> None:
    """Signing keys are all it has; nothing among its parts unwraps."""
    types = {each.name: str(each.type) for each in fields(GateParts)}

    assert "Sequence[Signer]" in types["signers"]
    assert [name for name, kind in types.items() if "Unwrapper" in kind or "Reader" in kind] == []


def test_every_type_is_decided_by_the_same_rules() -> None:
    """No type has a way of its own past agreement, role and signature."""
    nobody = replace(AGREEMENT, parties=frozenset(), signed_by=frozenset())

    assert [
        code
        for code, entry in CATALOGUE.messages.items()
        if not isinstance(
            asked(
                code,
                party(next(iter(entry.sender_roles), "AMK")),
                party(next(iter(entry.recipients), "SHG"), 1),
                agreement=nobody,
            ),
            Refused,
        )
    ] == []
