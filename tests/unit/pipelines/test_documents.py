"""Message documents meet the registry."""

from __future__ import annotations

import json
from typing import Any

import pytest

from broker.adapters.system import system_entropy
from broker.errors import UsageError
from broker.names import MessageId, Role
from broker.pipelines.documents import notice_document, to_document, to_record
from broker.records.document import Document
from broker.records.model import Record
from tests.world import World


def document(**changes: Any) -> Document:
    """A small document; only what the registry adds matters here."""
    content: dict[str, Any] = {
        "type": "E01",
        "to": ["amk-noord"],
        "case": "new",
        "purpose": "amk-taak",
        "legal_basis": "wmo-21b-2d",
        "assertions": {"children_in_family": True},
        "groups": {"RP": {"reporter_capacity_code": "onderwijs"}},
    }
    return Document.parse(json.dumps(content | changes).encode())


def record(world: World, **changes: Any) -> Record:
    """The same as a record."""
    return to_record(document(**changes), world.view, system_entropy)


def test_a_short_name_becomes_agency_and_role() -> None:
    """`amk-noord` is the AMK of that OIN, in the role that may receive the type."""
    world = World()

    (to,) = record(world).to

    assert (to.oin, to.role) == (world.oin("amk-noord"), Role("AMK"))


def test_an_oin_will_do_as_well() -> None:
    """An addressee may be named by its number."""
    world = World()

    (to,) = record(world, to=[world.oin("amk-noord")]).to

    assert to.oin == world.oin("amk-noord")


@pytest.mark.parametrize("name", ["amk-nergens", "00000099000000999000"])
def test_an_agency_that_is_not_registered_is_refused_by_name(name: str) -> None:
    """A misspelt addressee is told to the caller, not to the gate."""
    with pytest.raises(UsageError, match=name) as refusal:
        record(World(), to=[name])

    assert (refusal.value.code, refusal.value.offending) == ("unknown-agency", ("to",))


def test_a_new_case_gets_a_reference_of_its_own() -> None:
    """`new` never gives the same reference twice."""
    world = World()

    assert record(world).case_ref != record(world).case_ref


def test_a_case_that_is_named_is_kept() -> None:
    """A case reference goes through as it stands."""
    assert str(record(World(), case="ab" * 16).case_ref) == "ab" * 16


def test_what_is_answered_and_forwarded_is_cited() -> None:
    """`in_reply_to` is the cause; `forwards` with its first sender is the origin."""
    world = World()
    one, two = "01" * 16, "02" * 16

    made = record(world, in_reply_to=one, forwards=two, forwarded_from="politie-noord")

    assert made.causation_id == MessageId.parse(one)
    assert made.origin == (MessageId.parse(two), world.oin("politie-noord"))


def test_a_forward_says_whose_message_it_was() -> None:
    """Without its first sender a forward could go round in a circle."""
    with pytest.raises(UsageError, match="forwarded_from") as refusal:
        record(World(), forwards="02" * 16)

    assert (refusal.value.code, refusal.value.offending) == ("forward-without-origin", ("forwarded_from",))


def test_subjects_are_made_as_many_as_asked() -> None:
    """A number asks for new references, each its own."""
    assert len(set(record(World(), subjects=3).subject_refs)) == 3


def test_a_disclosure_becomes_the_document_that_was_sent() -> None:
    """Type, sender, case and content come out as they went in."""
    world = World()
    gate, amk, shg = world.gate(), world.subscriber("amk-noord"), world.publisher("shg-noord")
    sent = world.record("E01")
    shg.publish(sent)

    world.settle(gate, amk)
    (disclosure,) = world.handled["amk-noord"]
    made = to_document(disclosure, world.view)

    assert (made["type"], made["from_name"], made["case"]) == ("E01", "shg-noord", str(sent.case_ref))
    assert made["groups"] == {str(name): value for name, value in sent.groups.items()}


def test_a_refusal_says_which_message_and_why() -> None:
    """The notice names type, addressee, step and reason, and has no content."""
    world = World()
    gate, shg, publisher = world.gate(), world.subscriber("shg-noord"), world.publisher("shg-noord")
    notices: list[dict[str, object]] = []
    shg.on_refusal(lambda notice, _: notices.append(notice_document(notice, world.view)))
    publisher.publish(world.record("E01"))
    world.revoke("amk-shg-noord", "shg-noord")
    world.clock.forward(3)

    world.settle(gate, shg)

    (notice,) = notices
    assert (notice["type"], notice["to_name"]) == ("E01", "amk-noord")
    assert (notice["reason"], notice["step"]) == ("agreement-revoked", 11)
    assert "groups" not in notice
