"""Named formats of text: what is written in the Netherlands fits, and what is something else does not."""

from __future__ import annotations

import pytest

from broker.records.shape import FORMATS


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(
            ("house-number", one)
            for one in ("1", "12a", "12-hs", "12 bis", "12-II", "12/3", "to 12", "7 zwart")
        ),
        *(("reference", one) for one in ("ZAAK-TEST-0001", "PL0900-2013123456", "2014/123 A", "gezin-zwart")),
        ("reference", "C/16/345678 / JE RK 13-2134"),
        *(("phone", one) for one in ("06-12345678", "+31 6 12345678", "(020) 1234567", "112", "14 020")),
        *(("function", one) for one in ("teamleider", "GZ-psycholoog", "teamleider, team 3", "arts (i.o.)")),
        ("function", "coördinator zorg & veiligheid"),
    ],
)
def test_what_is_written_fits(name: str, text: str) -> None:
    """Nobody is refused for a value that is used."""
    assert FORMATS[name].fullmatch(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("house-number", "999900006"),
        ("house-number", "Dorpsstraat 1"),
        ("reference", "J de Vries 1979-03-12"),
        ("phone", "999900006"),
        ("phone", "Jan de Vries"),
        ("function", "kind: J. de Vries"),
        ("function", "J. de Vries, 12-3-2009"),
        ("function", "999900006"),
    ],
)
def test_what_is_something_else_does_not_fit(name: str, text: str) -> None:
    """No place for a name, an address or a number of a person."""
    assert not FORMATS[name].fullmatch(text)
