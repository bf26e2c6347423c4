"""No BSN in any text of a message that may not have one (sources.md 4.8, 8; A40, A45)."""

from __future__ import annotations

import pytest

from tests.open_world import party
from tests.unit.domain.contents import changed, refusal

BSN = "999900006"


@pytest.mark.parametrize(
    ("group", "field", "value"),
    [
        pytest.param("REF", "case_ref_sender", BSN, id="case-number"),
        pytest.param("CH", "surname", f"Testkind {BSN}", id="name"),
        pytest.param("CH", "house_number", BSN, id="house-number"),
        pytest.param("GU", "name", BSN, id="parent"),
        pytest.param("WK", "worker_function", BSN, id="worker"),
        pytest.param("WK", "worker_phone", BSN, id="phone"),
        pytest.param("WK", "worker_email", f"{BSN}@voorbeeld.invalid", id="address"),
        pytest.param("PO", "incident_number", BSN, id="incident"),
        pytest.param("CO", "concern_description", "bsn 9999\u201300\u2013006", id="other-dashes"),
    ],
)
def test_a_number_is_refused_wherever_it_stands(group: str, field: str, value: str) -> None:
    """Not only where a person writes freely."""
    groups = changed("E01", group, **{field: value})

    assert refusal("E01", party("SHG"), party("AMK"), groups=groups) == (f"{group}.{field}",)


@pytest.mark.parametrize(
    ("group", "field", "value"),
    [
        pytest.param("REF", "case_ref_sender", "ZAAK-2014-00012", id="case-number"),
        pytest.param("CH", "house_number", "12-hs", id="house-number"),
        pytest.param("WK", "worker_phone", "06-12345678", id="phone"),
        pytest.param("PO", "incident_number", "PL0900-2013123456", id="incident"),
    ],
)
def test_other_numbers_go_through(group: str, field: str, value: str) -> None:
    """As they are written in the Netherlands."""
    assert refusal("E01", party("SHG"), party("AMK"), groups=changed("E01", group, **{field: value})) == ()


def test_what_is_refused_names_no_number() -> None:
    """Names of fields are the only text of a refusal (A20)."""
    assert refusal("E28", party("AMK"), party("SHG"), groups=changed("E28", "NK", offending=[BSN])) == (
        "NK.offending",
    )
