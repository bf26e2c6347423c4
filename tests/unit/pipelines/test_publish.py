"""Publishing: what may not be sent is refused by name before anything leaves the house."""

from __future__ import annotations

from typing import Any

import pytest

from broker.envelope.codec import read_envelope
from broker.errors import RefusedError
from broker.names import CaseRef, GroupName, LegalBasis, MessageCode, MessageId, Purpose, Regime, Urgency
from broker.pipelines.publish import new_message_id
from tests.world import NOON, World


def refused(world: World, sender: str = "shg-noord", **changes: Any) -> RefusedError:
    """The refusal that a changed E01 meets at its publisher."""
    with pytest.raises(RefusedError) as caught:
        world.publisher(sender).publish(world.record("E01", **changes))
    assert world.log.records("exchange.meldingen") == (), "nothing may leave the house"
    return caught.value


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"code": MessageCode("E99")}, "unknown-type", id="unknown-type"),
        pytest.param({"regime": Regime.R2}, "regime", id="regime"),
        pytest.param({"purpose": Purpose("reclame")}, "purpose", id="purpose"),
        pytest.param({"legal_basis": LegalBasis("geen-grond")}, "legal-basis", id="legal-basis"),
        pytest.param(
            {"assertions": {"domestic_violence_report": "true", "children_in_family": "false"}},
            "predicate",
            id="no-children-in-the-family",
        ),
        pytest.param({"assertions": {}}, "predicate", id="no-assertions"),
    ],
)
def test_a_rule_of_the_law_is_asked_first(changes: dict[str, Any], reason: str) -> None:
    """Each rule refuses on its own, with its reason code."""
    assert refused(World(), **changes).reason in {reason, "check"}


def test_an_agency_of_the_other_region_has_no_agreement() -> None:
    """Without an agreement between the two nothing is sent."""
    world = World()

    error = refused(world, to="amk-zuid")

    assert (error.reason, error.offending) == ("no-agreement", ())


def test_a_sender_role_that_may_not_send() -> None:
    """An AMK does not send what the law lets an SHG send."""
    assert refused(World(), sender="amk-noord").reason == "sender-role"


def test_a_group_that_the_type_does_not_have_is_named() -> None:
    """A field group outside the schema cannot be encoded, and the refusal names it."""
    world = World()
    groups = {**world.record("E01").groups, GroupName("MC"): {"injury_description": "x"}}

    error = refused(world, groups=groups)

    assert error.reason == "schema"
    assert "MC" in " ".join(error.offending)


def test_a_missing_required_group_is_named() -> None:
    """Without a required group nothing is sent, and the refusal names it."""
    world = World()
    groups = {name: value for name, value in world.record("E01").groups.items() if name != "CH"}

    error = refused(world, groups=groups)

    assert "CH" in " ".join(error.offending)


def test_a_refusal_names_no_values() -> None:
    """What a refusal says holds names of fields, never what stood in them."""
    world = World()
    secret = "geheim-en-persoonlijk"
    groups = {**world.record("E01").groups, GroupName("MC"): {"injury_description": secret}}

    assert secret not in str(refused(world, groups=groups))


def test_what_accompanies_a_message_has_to_say_which() -> None:
    """The refusal asks for the id of that message, and blames no agreement that happens to bind the two."""
    world = World()

    with pytest.raises(RefusedError) as caught:
        world.publisher("amk-noord").publish(world.record("E32", to="shg-noord"))

    assert (caught.value.reason, caught.value.offending) == ("no-agreement", ("in_reply_to",))
    assert "in_reply_to" in caught.value.remedy


def test_sequences_have_no_gap_after_a_refusal() -> None:
    """A refused record takes no sequence number: a gap always means that something did not arrive."""
    world = World()
    publisher = world.publisher("shg-noord")
    good, bad = world.record("E01"), world.record("E01", assertions={})

    publisher.publish_all([good, bad, world.record("E01")])
    publisher.publish(world.record("E01"))

    values = [m.value or b"" for m in world.log.records("exchange.meldingen")]
    assert sorted(read_envelope(value).header.sequence for value in values) == [1, 2, 3]


def test_the_same_message_id_is_sent_again() -> None:
    """A record with a message id of its own is sent as exactly that message."""
    world = World()
    wanted = MessageId(new_message_id(NOON, lambda size: bytes(size)))

    sent = world.publisher("shg-noord").publish(world.record("E01", message_id=wanted))

    assert wanted == sent.message_id


def test_the_record_key_is_the_case() -> None:
    """Everything about one case goes to one partition, in order."""
    world = World()
    case = CaseRef(bytes(range(16)))

    world.publisher("shg-noord").publish(world.record("E01", case_ref=case))

    assert [m.key for m in world.log.records("exchange.meldingen")] == [case]


def test_a_message_id_is_a_uuid_of_version_7() -> None:
    """Time first, so that ids sort; version and variant bits as RFC 9562 has them."""
    identifier = new_message_id(NOON, lambda size: b"\xff" * size)

    assert int.from_bytes(identifier[:6], "big") == NOON // 1000
    assert (identifier[6] >> 4, identifier[8] >> 6) == (7, 2)


def test_nothing_of_the_content_is_in_the_clear() -> None:
    """No text of any group stands in the record that goes to Kafka, in key, value or headers."""
    world = World()
    canary = "KANARIE-4711"
    groups = dict(world.record("E01").groups)
    concern = dict(groups[GroupName("CO")])  # type: ignore[arg-type]
    concern["concern_description"] = canary
    groups[GroupName("CO")] = concern

    world.publisher("shg-noord").publish(world.record("E01", groups=groups, urgency=Urgency.ACUTE))

    message = world.log.records("exchange.meldingen")[0]
    everything = b"".join([message.key or b"", message.value or b"", *(v for _, v in message.headers)])
    assert canary.encode() not in everything
