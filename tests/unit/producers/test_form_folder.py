"""The folder of forms: whatever a person puts there is sent, or lies aside with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.adapters.document_files import FolderDocuments
from broker.adapters.memory_documents import MemoryDocuments
from broker.errors import UnavailableError
from producers.emergency_department import report_parent
from producers.form_folder import Forms
from producers.forms import Rule
from producers.institution import report_colleague
from producers.police_care_report import report_care
from producers.shg_intake import forward_to_amk
from producers.tray import Tray
from tests.tray_world import document, files, put, read
from tests.world import NOON, World

BOTH = {"domestic_violence_report": True, "children_in_family": True}
WORLD = World()
VIEW = WORLD.view
RULES = (forward_to_amk, report_parent, report_care, report_colleague)


def at(folder: Path, rule: Rule = forward_to_amk) -> tuple[Tray, Forms]:
    """A tray and its forms, in one folder."""
    documents = FolderDocuments(folder)
    return Tray(documents), Forms(documents, rule)


def filled(**facts: object) -> dict[str, Any]:
    """The intake form of an SHG, with more in its record than a report may carry."""
    record = document(VIEW, "E01", "amk-noord")["groups"]
    record = {**record, "MC": {"diagnosis": "x"}, "CO": {**record["CO"], "private_note": "x"}}
    return {"to": {"AMK": "amk-noord"}, "regime": "R1", "facts": {**BOTH, **facts}, "record": record}


def test_a_form_becomes_a_message_that_may_be_sent(tmp_path: Path) -> None:
    """What the type does not carry stays in the file of the agency; the rest is sent as it is."""
    tray, forms = at(tmp_path)
    put(tmp_path / "forms" / "intake.json", filled())

    taken = list(forms.take(tray, VIEW, NOON))
    with WORLD.publisher("shg-noord") as publisher:
        (sent,) = tray.send(publisher)

    groups = read(tmp_path / "sent" / sent.name)["groups"]
    assert ([o.state for o in taken], sent.state) == (["taken"], "sent")
    assert "MC" not in groups
    assert "private_note" not in groups["CO"]


def test_the_same_form_twice_is_one_message_and_a_corrected_one_another(tmp_path: Path) -> None:
    """A crash between writing the message and moving the form sends nothing twice."""
    tray, forms = at(tmp_path)
    corrected = filled() | {"urgency": "acute"}
    counts = []

    for content in (filled(), filled(), corrected):
        put(tmp_path / "forms" / "intake.json", content)
        list(forms.take(tray, VIEW, NOON))
        counts.append(len(files(tmp_path / "out")))

    assert counts == [1, 1, 2]


@pytest.mark.parametrize(
    ("content", "reason", "names"),
    [
        pytest.param({"facts": {"children_in_family": True}}, "not-filled-in", ..., id="fact"),
        pytest.param([1], "not-a-form", [], id="list"),
        pytest.param({"facts": []}, "not-a-form", ["facts"], id="facts"),
        pytest.param({"facts": BOTH, "record": {"CO": 1}}, "not-a-form", ["record"], id="record"),
        pytest.param({"facts": {"\ud800": 1}}, "not-a-form", [], id="no-unicode"),
        pytest.param({"x": "x" * 1_100_000}, "too-large", [], id="large"),
        pytest.param({"to": {}, "facts": BOTH}, "no-addressee", ["AMK"], id="addressee"),
        pytest.param(filled() | {"to": {"AMK": "a/b"}}, "unknown-agency", ["to"], id="no-file-name"),
        pytest.param(filled() | {"to": {"AMK": "../x"}}, "unknown-agency", ["to"], id="above"),
        pytest.param(filled() | {"regime": None}, "not-filled-in", ["regime"], id="no-regime"),
    ],
)
def test_a_form_that_is_not_sent_lies_beside_its_reason(
    tmp_path: Path, content: object, reason: str, names: Any
) -> None:
    """Nothing is put in the tray; the reason is a code and names, and the next form is taken."""
    tray, forms = at(tmp_path)
    put(tmp_path / "forms" / "intake.json", content)
    put(tmp_path / "forms" / "next.json", filled())

    outcome, following = forms.take(tray, VIEW, NOON)

    said = read(tmp_path / "not-sent" / "intake.reason.json")
    assert (outcome.state, following.state, files(tmp_path / "forms")) == ("not-sent", "taken", [])
    assert said["reason"] == reason
    assert names is ... or said["offending"] == names


def test_a_form_with_a_name_as_long_as_a_name_can_be_is_taken(tmp_path: Path) -> None:
    """The names of what follows from it are shorter."""
    tray, forms = at(tmp_path)
    put(tmp_path / "forms" / f"{'é' * 125}.json", filled())

    (outcome,) = forms.take(tray, VIEW, NOON)
    with WORLD.publisher("shg-noord") as publisher:
        (sent,) = tray.send(publisher)

    assert (outcome.state, sent.state) == ("taken", "sent")


def test_a_form_that_has_the_name_of_a_reason_is_not_lost(tmp_path: Path) -> None:
    """Both forms and both reasons are there."""
    tray, forms = at(tmp_path)
    for name in ("x.reason.json", "x.json"):
        put(tmp_path / "forms" / name, {"facts": {}})
        list(forms.take(tray, VIEW, NOON))

    kept = [read(tmp_path / "not-sent" / name) for name in files(tmp_path / "not-sent")]
    assert (len(kept), kept.count({"facts": {}})) == (4, 2)


class Locked(MemoryDocuments):
    """A store in which one document cannot be read now."""

    def read(self, place: str, name: str) -> bytes:
        """All but that one."""
        if name == "locked.json":
            raise UnavailableError("not now")
        return super().read(place, name)


def test_a_form_that_cannot_be_read_now_stays_and_holds_up_no_other() -> None:
    """It is taken when it can be read."""
    documents = Locked()
    tray, forms = Tray(documents), Forms(documents, forward_to_amk)
    for name in ("locked.json", "next.json"):
        documents.put("forms", name, json.dumps(filled()).encode())

    outcomes = list(forms.take(tray, VIEW, NOON))

    assert [outcome.state for outcome in outcomes] == ["waiting", "taken"]
    assert documents.names("forms") == ["locked.json"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
GROUPS = st.dictionaries(
    st.sampled_from(["MP", "PO", "AC", "SA", "CH", "CO", "RP"]),
    JSON | st.dictionaries(st.sampled_from(["sector_code", "incident_datetime", "acute_flag"]), JSON),
)
ASKED = (*BOTH, "child_involved", "cares_for_minors", "possible_abuse")
FACTS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            (*BOTH, "child_involved", "cares_for_minors", "possible_abuse"), st.just(True) | JSON
        ),
        "er_trigger": st.just("psychiatrie") | JSON,
        "forwarded_by_amk": JSON,
    },
)
NAMES = st.sampled_from(["amk-noord", "a/b", "", ".", "\0", "amk-noord" * 60]) | JSON
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "to": st.dictionaries(st.sampled_from(["AMK", "IJZ", "IGZ"]), NAMES) | JSON,
        "regime": st.sampled_from(["R0", "R1", "R2"]) | JSON,
        "facts": FACTS | JSON,
        "record": GROUPS | JSON,
        "case": JSON,
        "urgency": JSON,
        "legal_basis": JSON,
    },
)
CONTENT = JSON | NEARLY | NEARLY.map(lambda part: {**filled(), **part})


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    written=st.binary(max_size=60) | CONTENT.map(lambda content: json.dumps(content).encode()),
    rule=st.sampled_from(RULES),
)
def test_any_document_is_sent_or_lies_aside_with_a_reason(written: bytes, rule: Rule) -> None:
    """Never a crash, and never lost: the bytes are somewhere, and the folder of forms is empty."""
    documents = MemoryDocuments()
    tray, forms = Tray(documents), Forms(documents, rule)
    documents.put("forms", "x.json", written)

    (outcome,) = forms.take(tray, VIEW, NOON)
    with WORLD.publisher("shg-noord") as publisher:
        sent = list(tray.send(publisher))

    place = {"taken": "taken", "not-sent": "not-sent"}[outcome.state]
    assert documents.read(place, "x.json") == written
    assert (documents.names("forms"), documents.names("out")) == ([], [])
    assert (outcome.state == "taken") == bool(sent)
    assert outcome.state == "taken" or "reason" in json.loads(documents.read(place, "x.reason.json"))


@given(depth=st.integers(min_value=10, max_value=200_000))
@settings(deadline=None, max_examples=20)
def test_a_very_deep_document_lies_aside_too(depth: int) -> None:
    """However deep lists stand in each other."""
    documents = MemoryDocuments()
    tray, forms = Tray(documents), Forms(documents, forward_to_amk)
    documents.put("forms", "x.json", b'{"facts": ' + b"[" * depth + b"]" * depth + b"}")

    (outcome,) = forms.take(tray, VIEW, NOON)

    assert outcome.state == "not-sent"
