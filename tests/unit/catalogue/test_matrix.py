"""The fence in practice: every line of the permissions table, by the real publisher and the real `decide`.

Cases are named as in ``E09-RvdK-without-GU`` and ``E16-AMK-with-MC``; there are as many as the
catalogue and the table have lines, and a new type brings its own.
"""

from __future__ import annotations

import pytest

from broker.agreements.model import Allowed
from broker.errors import RefusedError
from tests.unit.catalogue.matrix import (
    CATALOGUE,
    Case,
    alternatives,
    ask_gate,
    cases,
    lines,
    publish,
    refused_names,
)

ALL = list(cases())


def of(*kinds: str) -> list[Case]:
    """The cases of these kinds."""
    return [case for case in ALL if case.kind in kinds]


def refusal(case: Case) -> RefusedError:
    """What the publisher says of a document that it must not accept."""
    with pytest.raises(RefusedError) as caught:
        publish(case)
    return caught.value


@pytest.mark.parametrize("case", of("required", "allowed"), ids=str)
def test_what_the_law_allows_is_accepted(case: Case) -> None:
    """Only what is required, and everything that is allowed: both go out, with exactly these groups."""
    granted = publish(case).header.recipients[0].groups

    assert set(granted) == case.groups


@pytest.mark.parametrize("case", of("without"), ids=str)
def test_without_a_required_group_it_is_refused_by_name(case: Case) -> None:
    """One required group less, and the refusal names that group and nothing else."""
    error = refusal(case)

    assert (error.reason, error.offending) in [
        ("schema", (case.group,)),
        ("group-required", (case.group,)),
    ]


@pytest.mark.parametrize("case", of("with"), ids=str)
def test_with_a_forbidden_group_it_is_refused_by_name(case: Case) -> None:
    """One group more than its role may have, and the refusal names that group and nothing else."""
    error = refusal(case)

    assert (error.reason, error.offending) in [
        ("schema", (case.group,)),
        ("group-forbidden", (case.group,)),
    ]


@pytest.mark.parametrize("code", [code for code in CATALOGUE.messages if alternatives(code)])
def test_without_any_of_its_alternatives_it_is_refused(code: str) -> None:
    """Where the law asks for one group or another, neither is not enough."""
    for line, role, required, _ in lines():
        if line == code:
            error = refusal(Case(code, role, "without", "", required))
            assert error.reason == "check"
            assert set(error.offending) <= {name.split(".")[0] for name in alternatives(code)}


@pytest.mark.parametrize("case", of("required", "allowed"), ids=str)
def test_the_gate_releases_what_the_law_allows(case: Case) -> None:
    """The same lists again, by what the clear header says."""
    assert isinstance(ask_gate(case), Allowed)


@pytest.mark.parametrize("case", of("with", "without"), ids=str)
def test_the_gate_refuses_whatever_the_publisher_says(case: Case) -> None:
    """A sender that grants too much or too little is refused, and the group is named."""
    reason = "group-forbidden" if case.kind == "with" else "group-required"

    assert refused_names(ask_gate(case)) == (reason, (case.group,))
