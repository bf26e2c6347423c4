"""What is outside the lists is denied, and a denial is an ordinary outcome (docs/invariants.md 1)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.audit.decision_record import read_record
from broker.audit.events import Outcome
from broker.names import GroupName
from broker.pipelines.gate import GateIdentity, write
from broker.pipelines.publish import Prepared
from broker.topics import decisions_topic
from tests.open_world import CATALOGUE, entry_of, judged, keys_of, party, prepared_by, record_of, sender_of

LISTED = sorted(code for code, entry in CATALOGUE.messages.items() if entry.recipients)


def made(code: str) -> Prepared:
    """A message of this type that is allowed."""
    return prepared_by(sender_of(code), record_of(code))


def with_groups(prepared: Prepared, groups: tuple[GroupName, ...]) -> Prepared:
    """The message with other groups for its recipient, whatever its publisher said."""
    (recipient,) = prepared.header.recipients
    sections = prepared.encoded.groups
    held = {name for name, _ in sections}
    sealed = (*sections, *((name, b"\x00") for name in groups if name not in held))
    return replace(
        prepared,
        header=replace(prepared.header, recipients=(replace(recipient, groups=groups),)),
        encoded=replace(prepared.encoded, groups=sealed),
    )


@pytest.mark.parametrize("code", LISTED)
def test_a_group_that_is_smuggled_in_is_denied_by_name(code: str) -> None:
    """A sender that seals a group outside the list: nothing of the message is released."""
    prepared = made(code)
    foreign = next(name for name in CATALOGUE.groups if name not in entry_of(code).groups)
    granted = (*prepared.header.recipients[0].groups, foreign)

    _, judgement = judged(with_groups(prepared, granted))

    event = judgement.event
    assert (event.outcome, event.reason, event.offending) == (Outcome.REFUSED, "group-forbidden", (foreign,))
    assert judgement.envelope is None


@pytest.mark.parametrize("code", LISTED)
def test_a_group_that_is_held_back_is_denied_by_name(code: str) -> None:
    """Its recipient must get what the list requires."""
    prepared = made(code)
    groups = prepared.header.recipients[0].groups
    role = prepared.header.recipients[0].role
    listed = entry_of(code).groups_for(role)
    assert listed is not None
    missing = listed.required[0]

    _, judgement = judged(with_groups(prepared, tuple(name for name in groups if name != missing)))

    event = judgement.event
    assert (event.outcome, event.reason, event.offending) == (Outcome.REFUSED, "group-required", (missing,))


def test_a_deny_is_a_record_for_its_sender_and_no_error() -> None:
    """The signed record says refused, at the step of the decision, and goes to whoever sent it."""
    prepared = made("E01")
    _, judgement = judged(with_groups(prepared, (*prepared.header.recipients[0].groups, GroupName("MC"))))
    gate = GateIdentity(party("AMK").oin, "gate")

    (out,) = write([judgement], gate, [keys_of(gate.oin).signer])

    record = read_record(out.value)
    assert out.topic == decisions_topic(party("SHG").oin)
    assert (record.event.outcome, record.event.step) == (Outcome.REFUSED, 11)
    assert record.envelope is None
