"""Moments and their written form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import MalformedError
from broker.moments import DAY, LAST_MOMENT, from_text, to_text
from broker.names import Micros


@given(st.integers(0, LAST_MOMENT))
def test_what_is_written_reads_back(at: int) -> None:
    """To the microsecond."""
    assert from_text(to_text(Micros(at))) == at


@pytest.mark.parametrize(
    ("at", "text"),
    [
        pytest.param(0, "1970-01-01T00:00:00.000000Z", id="the epoch"),
        pytest.param(1, "1970-01-01T00:00:00.000001Z", id="one microsecond"),
        pytest.param(11_016 * DAY, "2000-02-29T00:00:00.000000Z", id="a leap day"),
        pytest.param(LAST_MOMENT, "9999-12-31T23:59:59.999999Z", id="the last"),
        pytest.param(-DAY, "1969-12-31T00:00:00.000000Z", id="before the epoch"),
    ],
)
def test_a_moment_has_one_written_form(at: int, text: str) -> None:
    """UTC with six decimals, always."""
    assert to_text(Micros(at)) == text


@pytest.mark.parametrize(
    ("text", "same"),
    [
        pytest.param("2014-03-02T10:00:00+01:00", "2014-03-02T09:00:00.000000Z", id="a zone"),
        pytest.param("2014-03-02T10:00:00.5Z", "2014-03-02T10:00:00.500000Z", id="one decimal"),
        pytest.param("2014-03-02T10:00:00Z", "2014-03-02T10:00:00.000000Z", id="no decimals"),
    ],
)
def test_other_forms_of_rfc_3339_are_read(text: str, same: str) -> None:
    """People and other systems write it in more ways than we do."""
    assert to_text(from_text(text)) == same


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("2014-03-02", id="a date"),
        pytest.param("2014-03-02T10:00:00", id="no zone"),
        pytest.param("2014-03-02T10:00Z", id="no seconds"),
        pytest.param("2014-03-02T10:00:00.1234567Z", id="seven decimals"),
        pytest.param("2014-02-30T10:00:00Z", id="no such day"),
        pytest.param("2014-03-02T25:00:00Z", id="no such hour"),
        pytest.param("0000-01-01T00:00:00Z", id="no such year"),
        pytest.param("2014-03-02T10:00:00Z\n", id="a newline"),
        pytest.param("2014-03-02T10:00:00+25:00", id="no such zone"),
    ],
)
def test_anything_else_is_malformed(text: str) -> None:
    """No guessing."""
    with pytest.raises(MalformedError):
        from_text(text)


@given(st.text(alphabet="0123456789-:T.Z+", max_size=40))
def test_noise_is_malformed_and_nothing_else(text: str) -> None:
    """A parser of untrusted text raises one error."""
    try:
        from_text(text)
    except MalformedError:
        return
    assert text[10] == "T"
