"""Without a ground in the law nothing goes (docs/invariants.md 1: numbers 2, 3 and 9, and trap 1)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from broker.agreements.model import Allowed, Reason, Refused
from broker.audit.events import Outcome
from broker.envelope.model import Origin
from broker.names import MessageId, MessageType
from schemas.reading import packaged
from tests.open_world import CATALOGUE, asked, judged, party, prepared_by, record_of
from tests.unit.catalogue.test_rules_of_law import changed, refused

SHG, AMK = party("SHG"), party("AMK")
FORWARDS = {
    "E01": (SHG, AMK, {"domestic_violence_report": "true", "children_in_family": "true"}),
    "E02": (AMK, SHG, {"child_abuse_report": "true", "domestic_circle_abuser": "true"}),
}
CONTACTS = re.compile(r"(?<![a-z])(advies|consult)(?![a-z])")


@pytest.mark.parametrize(("code", "name"), [(code, name) for code in FORWARDS for name in FORWARDS[code][2]])
def test_a_forward_without_its_ground_is_refused(code: str, name: str) -> None:
    """No violence at home, no children, no suspicion of abuse, nobody of the circle: each alone is enough."""
    sender, recipient, said = FORWARDS[code]
    assertions = tuple(sorted({**said, name: "false"}.items()))

    assert asked(code, sender, recipient, assertions=assertions) == Refused(Reason.PREDICATE, (name,))


@pytest.mark.parametrize("code", FORWARDS)
def test_the_two_forwards_have_grounds_of_their_own(code: str) -> None:
    """Each goes on its own two predicates; those of the other way neither help nor may be said."""
    sender, recipient, said = FORWARDS[code]
    (other,) = [FORWARDS[each][2] for each in FORWARDS if each != code]

    assert isinstance(asked(code, sender, recipient, assertions=tuple(sorted(said.items()))), Allowed)
    mirrored = asked(code, sender, recipient, assertions=tuple(sorted(other.items())))
    assert isinstance(mirrored, Refused)
    assert set(mirrored.offending) == {*said, *other}


def test_a_forward_needs_a_suspect_of_the_domestic_circle_in_its_content_too() -> None:
    """What is asserted in the clear must be what the SHG reads (L02)."""
    assert refused("E02", changed("E02", "AP", domestic_circle_flag=False)) == ("AP.domestic_circle_flag",)


def words() -> Iterator[tuple[str, str]]:
    """Every name and code with which a message can say what it is about, and where it stands."""
    for code, entry in CATALOGUE.messages.items():
        yield code, entry.type
        yield from ((code, word) for word in (*entry.purposes, *entry.legal_bases))
        yield from ((code, word) for made in entry.assertions for word in (made.name, *made.values))
    for path, body in packaged().items():
        if path.startswith(("groups/", "messages/")):
            yield from ((path, word) for word in symbols(json.loads(body)))


def symbols(node: object) -> Iterator[str]:
    """Names of fields and values of lists in a schema."""
    if isinstance(node, list):
        for item in node:
            yield from symbols(item)
    elif isinstance(node, dict):
        yield from (str(symbol) for symbol in node.get("symbols", ()))
        if "type" in node:
            yield str(node.get("name", ""))
        for key in ("type", "fields", "items"):
            yield from symbols(node.get(key))


def test_no_type_takes_an_advice_or_a_consultation() -> None:
    """No type, purpose, assertion, field or code says so: who asks for advice stays unknown (P12)."""
    found = list(words())

    assert len(found) > 500
    assert [(where, word) for where, word in found if CONTACTS.search(word.lower().replace("_", "-"))] == []


@pytest.mark.parametrize("name", ["advies.gevraagd", "consult.gevraagd", "advies.doorgezonden"])
def test_an_advice_is_a_type_that_nobody_knows(name: str) -> None:
    """Not even everybody's consent makes one."""
    type_ = MessageType(f"nl.beschermingszaken.{name}.v1")

    assert asked("E01", SHG, AMK, message_type=type_) == Refused(Reason.UNKNOWN_TYPE, (type_,))


@pytest.mark.parametrize("code", FORWARDS)
def test_a_forward_is_not_sent_back_to_where_it_came_from(code: str) -> None:
    """Whoever reported first does not get its own report as a forward; anybody else may."""
    sender, recipient, _ = FORWARDS[code]

    loop = asked(code, sender, recipient, origin_oin=recipient.oin)

    assert loop == Refused(Reason.LOOP, (recipient.oin,))
    assert isinstance(asked(code, sender, recipient, origin_oin=party(recipient.role, 1).oin), Allowed)


def test_the_gate_reads_the_origin_in_the_signed_header() -> None:
    """A sender that does not ask itself: the gate refuses, and no part of the report goes back."""
    prepared = prepared_by(SHG, record_of("E01", AMK))
    back = replace(prepared.header, origin=Origin(MessageId(bytes(16)), AMK.oin))

    _, judgement = judged(replace(prepared, header=back))

    assert (judgement.event.outcome, judgement.event.reason) == (Outcome.REFUSED, "loop")
    assert judgement.envelope is None
