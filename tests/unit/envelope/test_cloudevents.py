"""CloudEvents attributes: readable by tools, never believed, refused when they contradict."""

from __future__ import annotations

import pytest

from broker.envelope.cloudevents import attributes, check_attributes, trace_id
from broker.envelope.codec import read_envelope
from broker.envelope.model import EnvelopeHeader
from broker.errors import UntrustedError
from tests.world import World


@pytest.fixture(scope="module")
def header() -> EnvelopeHeader:
    """The header of one published message."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))
    return read_envelope(world.log.records("exchange.meldingen")[0].value or b"").header


def test_the_attributes_say_what_the_header_says(header: EnvelopeHeader) -> None:
    """Id, type, source and time are those of the signed header, in the NL GOV profile's form."""
    said = dict(attributes(header))

    assert said["ce_specversion"] == b"1.0"
    assert said["ce_id"] == header.message_id.hex().encode()
    assert said["ce_source"] == f"urn:nld:oin:{header.sender.oin}:systeem:{header.sender.system}".encode()
    assert said["ce_time"] == b"2030-01-01T12:00:00.000000Z"


def test_its_own_attributes_are_accepted(header: EnvelopeHeader) -> None:
    """What the publisher writes, the gate accepts."""
    check_attributes(attributes(header), header)


def test_no_attributes_are_accepted(header: EnvelopeHeader) -> None:
    """Headers are a convenience: a record without them is judged by its signed header alone."""
    check_attributes((), header)


@pytest.mark.parametrize(
    "name", ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "content-type"]
)
def test_a_contradiction_is_refused_at_step_7(header: EnvelopeHeader, name: str) -> None:
    """A record that calls itself something else than was signed is refused."""
    with pytest.raises(UntrustedError) as caught:
        check_attributes((*attributes(header), (name, b"something else")), header)

    assert (caught.value.step, caught.value.reason) == (7, "headers")


def test_a_strangers_header_is_ignored(header: EnvelopeHeader) -> None:
    """Headers of other tools mean nothing here."""
    check_attributes((*attributes(header), ("x-other", b"1")), header)


def test_a_conversation_is_one_trace(header: EnvelopeHeader) -> None:
    """The trace id is the conversation's id."""
    assert bytes(header.correlation_id) == trace_id(attributes(header))


@pytest.mark.parametrize("value", [b"", b"00-xyz", b"\xff\xfe", b"00-" + b"0" * 31 + b"-0000000000000000-01"])
def test_a_bad_traceparent_is_no_trace(value: bytes) -> None:
    """Whatever somebody writes there, it is at most a missing trace."""
    assert bytes(16) == trace_id((("traceparent", value),))
