"""`catalogue.yaml` is read strictly, and a fault is told with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.catalogue.document import parse_document
from broker.errors import ConfigurationError
from schemas.reading import packaged

WHOLE = packaged()["catalogue.yaml"].decode("utf-8")


def refusal(text: str) -> str:
    """How *text* is refused."""
    with pytest.raises(ConfigurationError) as error:
        parse_document(text.encode("utf-8"))
    return str(error.value)


def test_the_published_catalogue_parses() -> None:
    """Message types stand in the order of their codes."""
    codes = list(parse_document(WHOLE.encode()).messages)

    assert codes == sorted(codes)
    assert codes[:5] == ["E01", "E02", "E03", "E04", "E05"]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param("    flow: meldingen", "    flwo: meldingen", "messages.E01.flwo", id="unknown-key"),
        pytest.param("format: 1\nversion: 1\n", "format: 1\n", "version", id="missing-key"),
        pytest.param("format: 1", "format: 2", "format", id="unknown-format"),
        pytest.param('source: "S 2.1; A02"}', "}", "roles.AMK.source", id="rule-without-source"),
        pytest.param(
            "senders: {roles: [SHG]", "senders: {roles: [shg]", "messages.E01.senders", id="bad-role"
        ),
        pytest.param("accompanies: true", "accompanies: yes please", "accompanies", id="wrong-type"),
        pytest.param(
            "amount: 15, unit: minutes",
            "amount: 15, unit: minutes, termijnenwet: true",
            "terms.T15",
            id="minutes-do-not-move",
        ),
        pytest.param("amount: 15, unit: minutes", "amount: 15, unit: years", "terms.T15.unit", id="unit"),
        pytest.param(
            "amount: 15, unit: minutes",
            "amount: 15, unit: minutes, earlier: ["
            "{until: 2014-01-01, amount: 1, unit: days, source: A04},"
            "{until: 2013-01-01, amount: 2, unit: days, source: A04}]",
            "terms.T15",
            id="earlier-terms-in-order",
        ),
        pytest.param(
            "{obligation: OB-DECIDE,",
            "{obligation: OB-DECIDE, owed_by: gate,",
            "E01.opens.1.owed_by",
            id="owed-by",
        ),
        pytest.param(
            "    closes:\n      - {obligation: OB-ACK,",
            "    closes:\n      - {obligation: OB-ACK, owed_by: sender,",
            "owed_by",
            id="a-closing-is-not-owed",
        ),
        pytest.param("format: 1", "format: 1\nformat: 1", "given twice", id="key-twice"),
        pytest.param("format: 1", "format: &a 1\nx: *a", "alias", id="alias"),
        pytest.param("format: 1", "format: [1", "not YAML", id="not-yaml"),
    ],
)
def test_a_fault_is_told_with_its_place(before: str, after: str, told: str) -> None:
    """The path of the key is in the error."""
    assert before in WHOLE
    assert told in refusal(WHOLE.replace(before, after, 1))


@given(st.binary(max_size=200))
def test_noise_is_a_configuration_error(noise: bytes) -> None:
    """No bytes make the reader fail in another way."""
    with pytest.raises(ConfigurationError):
        parse_document(noise)
