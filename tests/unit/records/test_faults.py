"""What a sender reads about content that does not fit its schema."""

from __future__ import annotations

import pytest

from broker.errors import SchemaError
from broker.names import GroupName
from broker.records.faults import say_faults
from broker.records.schema import MessageSchema
from broker.records.template import template
from schemas.reading import packaged

E01 = MessageSchema.parse(packaged()["messages/E01/1.avsc"])
SECRET = "Zeergeheimenaam"


def test_each_name_has_its_fault() -> None:
    """Missing, unknown or not allowed; never the value."""
    groups = dict(template(E01, everything=True))
    children = groups[GroupName("CH")]
    assert isinstance(children, list)
    child = {name: value for name, value in children[0].items() if name != "surname"}
    groups[GroupName("CH")] = [{**child, "achternaam": SECRET, "sex": SECRET}]
    del groups[GroupName("RP")]
    with pytest.raises(SchemaError) as refusal:
        E01.encode(groups)

    said = say_faults(E01, groups, refusal.value.offending)

    assert set(said.split("; ")) == {
        "CH.surname (missing)",
        "CH.achternaam (unknown)",
        "CH.sex (form: one of man, onbekend, vrouw)",
        "RP (missing)",
    }
    assert SECRET not in said
