"""Scenarios as documents: a mistake is one sentence that names its place."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from broker.errors import UsageError
from broker.sandbox.scenario.parse import named_scenario, parse_scenario, read_scenario, scenario_files

Document = dict[str, Any]


def document() -> Document:
    """A small scenario without a fault."""
    row = {"about": "melding", "code": "OB-DECIDE", "debtor": "amk-noord", "creditor": "shg-noord"}
    return {
        "name": "klein",
        "title": "Een klein scenario",
        "description": "Eén melding.",
        "start": "2014-04-17 10:15",
        "steps": [
            {"send": {"label": "melding", "type": "E01", "from": "shg-noord", "to": "amk-noord"}},
            {"forward": "5d"},
            {"obligations": [{**row, "state": "open", "due": "+6d 23:59:59"}]},
        ],
        "obligations": [{**row, "state": "overdue", "due": "2014-04-23 23:59:59"}],
    }


def written(content: Document) -> bytes:
    """The document as YAML."""
    return yaml.safe_dump(content, allow_unicode=True).encode()


@pytest.mark.parametrize("file", scenario_files(), ids=lambda file: file.stem)
def test_a_scenario_of_the_package_is_read(file: Path) -> None:
    """Its name is that of its file."""
    assert read_scenario(file).name == file.stem


def test_a_scenario_is_found_by_name() -> None:
    """As `schakel demo --scenario NAME` does."""
    name = scenario_files()[0].stem

    assert named_scenario(name).name == name


def test_a_scenario_is_read_from_a_file(tmp_path: Path) -> None:
    """As `schakel demo --scenario FILE` does."""
    file = tmp_path / "mine.yaml"
    file.write_bytes(written(document()))

    assert named_scenario(str(file)).name == "klein"


def test_who_asks_for_none_hears_which_there_are() -> None:
    """The error names them."""
    with pytest.raises(UsageError, match=scenario_files()[0].stem):
        named_scenario("nergens")


def test_dates_in_groups_stay_text() -> None:
    """A message document has dates as text, and YAML would make them something else."""
    content = written(document()).replace(
        b"to: amk-noord", b"to: amk-noord\n    groups: {DE: {date: 2014-04-17}}"
    )
    (step, *_) = parse_scenario(content, "test").steps

    assert step.send is not None
    assert step.send.groups == {"DE": {"date": "2014-04-17"}}


def _send(**changes: object) -> Callable[[Document], None]:
    return lambda content: content["steps"][0]["send"].update(changes)


def _row(**changes: object) -> Callable[[Document], None]:
    return lambda content: content["obligations"][0].update(changes)


FAULTS: dict[str, tuple[Callable[[Document], object], str]] = {
    "an unknown key": (lambda c: c.update(author="x"), "author: is not a known name"),
    "an unknown key in a step": (_send(colour="red"), r"steps\.1\.send\.colour"),
    "no start": (lambda c: c.pop("start"), "start: is missing"),
    "a start that is none": (
        lambda c: c.update(start="morgen"),
        "start: 'morgen' is not a start; write 2014-03-06 09:30",
    ),
    "a type that is no code": (_send(type="E1"), r"steps\.1\.send\.type"),
    "a type that is not there": (_send(type="E99"), r"steps\.1\.send\.type: there is no message"),
    "a group that is not there": (_send(template=["QQ"]), r"steps\.1\.send\.template: there is no"),
    "a duty that is not there": (
        _row(code="OB-NOPE"),
        r"obligations\.1\.code: OB-NOPE is none of .*OB-DECIDE",
    ),
    "a duty that cannot be waived": (
        lambda c: c["steps"].append(
            {
                "waive": dict(
                    zip(
                        ("about", "obligation", "reason", "from", "to"),
                        ("melding", "OB-DECIDE", "anders", "shg-noord", "amk-noord"),
                        strict=True,
                    )
                )
            }
        ),
        r"steps\.4\.waive\.obligation: OB-DECIDE is none of OB-ANSWER",
    ),
    "nobody of the cast": (_send(to="amk-oost"), r"steps\.1\.send\.to: there is no agency amk-oost"),
    "nobody to owe it": (_row(debtor="amk-oost"), r"obligations\.1\.debtor: there is no agency amk-oost"),
    "an answer to nothing": (
        _send(in_reply_to="vraag"),
        r"steps\.1\.send\.in_reply_to: no message before it is called vraag",
    ),
    "the id of nothing": (
        _send(groups={"KO": {"original_message_id": {"id_of": "vraag"}}}),
        r"steps\.1\.send\.groups: no message before it is called vraag",
    ),
    "about nothing": (_row(about="vraag"), r"obligations\.1\.about: no message is called vraag"),
    "a label given twice": (
        lambda c: c["steps"].append(deepcopy(c["steps"][0])),
        r"steps\.4\.send\.label: a second message",
    ),
    "a state that is none": (_row(state="late"), r"obligations\.1\.state"),
    "a due moment that is none": (_row(due="soon"), r"obligations\.1\.due"),
    "a step that does nothing": (lambda c: c["steps"].append({"tell": "x"}), r"steps\.4: a step does one of"),
    "a step that does two things": (lambda c: c["steps"][1].update(until="2014-05-01 10:00"), r"steps\.2: "),
    "a refusal without reason": (lambda c: c["steps"][0].update(expect="refused"), r"steps\.1\.expect"),
}


@pytest.mark.parametrize(("spoil", "said"), FAULTS.values(), ids=FAULTS)
def test_a_mistake_is_named_with_its_place(spoil: Callable[[Document], object], said: str) -> None:
    """Steps and rows are counted from 1, as people do."""
    content = document()
    spoil(content)

    with pytest.raises(UsageError, match=said) as refused:
        parse_scenario(written(content), "test")

    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"- 1", b"name: [", b"a: 1\na: 2", b"a: &x 1\nb: *x", b"\xff", b"[" * 5000, b"#" * 300_000],
    ids=["nothing", "a list", "broken", "a key twice", "an alias", "not text", "too deep", "too long"],
)
def test_what_is_no_scenario_is_refused(content: bytes) -> None:
    """Whatever it is, the answer is one sentence."""
    with pytest.raises(UsageError, match="test is not a scenario"):
        parse_scenario(content, "test")
