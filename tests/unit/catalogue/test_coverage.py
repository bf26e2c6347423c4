"""Every exchange of the action plan is carried, or it is said why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from broker.catalogue.coverage import COVERAGE, FLOWS, cover, render
from broker.catalogue.document import parse_document
from broker.errors import ConfigurationError
from schemas.reading import packaged

ROOT = Path(__file__).parents[3]
CATALOGUE = parse_document(packaged()["catalogue.yaml"])
CARRIED = [str(code) for code in CATALOGUE.messages if code != "E03"]


def document(**flows: Any) -> dict[str, Any]:
    """A coverage in which the first flow carries all but receipts, and no other is carried."""
    outside = {"what": "x", "parties": "x", "outside": "x", "source": "S 2.1"}
    first = {"what": "x", "parties": "x", "carried_by": CARRIED, "source": "S 2.1"}
    besides = {"E03": {"reason": "x", "source": "A03"}}
    every = dict.fromkeys(FLOWS, outside) | {"F01": first} | flows
    return {
        "format": 1,
        "flows": {name: flow for name, flow in every.items() if flow is not None},
        "besides": besides,
    }


def faults(changed: dict[str, Any]) -> str:
    """What is said of a coverage that leaves something out."""
    with pytest.raises(ConfigurationError) as refusal:
        cover(json.dumps(changed).encode(), CATALOGUE)
    return str(refusal.value)


def test_what_covers_the_plan_is_accepted() -> None:
    """In the order of the plan, with the obligations of what carries it."""
    covered = cover(json.dumps(document()).encode(), CATALOGUE)

    assert [flow.flow for flow in covered.flows] == list(FLOWS)
    assert {"OB-DECIDE", "OB-FB-END"} <= set(covered.flows[0].obligations)
    assert covered.besides == (("E03", "x", "A03"),)


@pytest.mark.parametrize(
    ("flows", "fault"),
    [
        pytest.param({"F07": None}, "F07 is missing", id="flow-missing"),
        pytest.param(
            {"F27": {"what": "x", "parties": "x", "outside": "x", "source": "S 2.1"}},
            "F27 is no flow of the plan",
            id="flow-made-up",
        ),
        pytest.param(
            {"F07": {"what": "x", "parties": "x", "source": "S 2.1"}},
            "F07 is neither carried nor said to stay outside",
            id="neither",
        ),
        pytest.param(
            {"F07": {"what": "x", "parties": "x", "carried_by": ["E99"], "source": "S 2.1"}},
            "F07: there is no E99",
            id="type-made-up",
        ),
        pytest.param(
            {"F01": {"what": "x", "parties": "x", "carried_by": CARRIED[1:], "source": "S 2.1"}},
            "E01 carries no flow, and `besides` does not say why it is there",
            id="type-left-out",
        ),
        pytest.param(
            {"F02": {"what": "x", "parties": "x", "carried_by": ["E03"], "source": "S 2.1"}},
            "besides: E03 carries a flow",
            id="both",
        ),
    ],
)
def test_what_leaves_something_out_is_refused(flows: dict[str, Any], fault: str) -> None:
    """Each gap by its name."""
    assert fault in faults(document(**flows))


def test_an_extension_carries_by_its_types() -> None:
    """E23 stands for the types with general practitioners in them."""
    flow = {"what": "x", "parties": "x", "carried_by": ["E23"], "source": "S 3.1"}
    covered = cover(json.dumps(document(F06=flow)).encode(), CATALOGUE)

    assert "OB-ANSWER" in covered.flows[5].obligations


def test_what_is_not_a_coverage_is_refused() -> None:
    """A key too many is named."""
    assert "more: is not a known name" in faults(document() | {"more": 1})


def test_the_page_says_how_much_is_carried() -> None:
    """And has a line for each flow."""
    page = render(cover(json.dumps(document()).encode(), CATALOGUE), CATALOGUE)

    assert "1 of 26 exchanges are carried" in page
    assert sum(line.startswith("| F") for line in page.splitlines()) == len(FLOWS)


def test_the_page_is_what_the_catalogue_says() -> None:
    """Rendered again, docs/coverage.md is the same; `make docs` renews it."""
    content = (ROOT / "schemas" / COVERAGE).read_bytes()

    assert render(cover(content, CATALOGUE), CATALOGUE) == (ROOT / "docs" / "coverage.md").read_text("utf-8")
