"""`broker.pipelines.pseudonyms`: a parent is asked about without being named."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.crypto import keyed_digest
from broker.errors import ConfigurationError, UsageError
from broker.names import AgreementId
from broker.pipelines.pseudonyms import Person, pseudonym_of_bsn, pseudonym_of_person, read_key

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
HERE, THERE = AgreementId("historie-noord"), AgreementId("historie-zuid")
BSN = "999900006"
PARENT = Person("Voorbeeld", "Renée Anna", date(1980, 2, 29), "0000 AA", "12-a")


def test_the_mac_is_hmac_sha256() -> None:
    """RFC 4231, test case 2, with its key made long enough by the zeroes that HMAC adds anyway."""
    key = b"Jefe" + bytes(28)
    known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"

    assert keyed_digest(key, b"what do ya want for nothing?").hex() == known


def test_a_bsn_gives_what_the_module_says() -> None:
    """Computed a second time, from the description alone."""
    parts = ("schakel/v1/parent", "bsn", "historie-noord", BSN)
    data = "".join(f"{len(part)}:{part}" for part in parts).encode()

    assert pseudonym_of_bsn(KEY, HERE, BSN) == hmac.new(KEY, data, hashlib.sha256).digest()


@pytest.mark.parametrize(
    ("key", "agreement"), [(OTHER, HERE), (KEY, THERE)], ids=["another-key", "another-agreement"]
)
def test_pseudonyms_of_two_partnerships_cannot_be_joined(key: bytes, agreement: AgreementId) -> None:
    """Another key or another agreement gives another value."""
    assert pseudonym_of_bsn(key, agreement, BSN) != pseudonym_of_bsn(KEY, HERE, BSN)
    assert pseudonym_of_person(key, agreement, PARENT) != pseudonym_of_person(KEY, HERE, PARENT)


@pytest.mark.parametrize(
    "written",
    [
        replace(PARENT, surname="VOORBEELD"),
        replace(PARENT, first_names="Renee  Anna"),
        replace(PARENT, first_names="Rene\u0301e Anna"),
        replace(PARENT, postcode="0000aa"),
        replace(PARENT, house_number="12 A"),
    ],
    ids=["capitals", "accent-and-space", "combining-accent", "postcode", "house-number"],
)
def test_one_spelling(written: Person) -> None:
    """Two agencies that write the same parent down in their own way find each other."""
    assert pseudonym_of_person(KEY, HERE, written) == pseudonym_of_person(KEY, HERE, PARENT)


@given(st.tuples(st.text("ab1", min_size=1, max_size=3), st.text("ab1", min_size=1, max_size=3)))
def test_parts_do_not_run_together(names: tuple[str, str]) -> None:
    """Only the same parts give the same value."""
    surname, first_names = names
    person = replace(PARENT, surname=surname, first_names=first_names)
    moved = replace(PARENT, surname=surname + first_names[0], first_names=first_names[1:] + "x")

    assert pseudonym_of_person(KEY, HERE, person) != pseudonym_of_person(KEY, HERE, moved)


@pytest.mark.parametrize("number", ["999900007", "99990000", "", "99990000x", "٩٩٩٩٠٠٠٠٦"])
def test_a_slip_of_the_pen_is_not_a_no_hit(number: str) -> None:
    """What is not a BSN is refused, and not repeated."""
    with pytest.raises(UsageError) as caught:
        pseudonym_of_bsn(KEY, HERE, number)

    assert not number or number not in str(caught.value)


def test_a_set_with_a_hole_is_refused() -> None:
    """A set that is not whole would match strangers."""
    with pytest.raises(UsageError, match="not complete"):
        pseudonym_of_person(KEY, HERE, replace(PARENT, house_number=" - "))


def test_a_person_does_not_show() -> None:
    """Nothing of the parent comes into a log or a traceback."""
    assert "Voorbeeld" not in repr(PARENT)


def test_reads_a_key() -> None:
    """Hexadecimal, with the newline of the file."""
    assert read_key(KEY.hex() + "\n") == KEY


@pytest.mark.parametrize("text", ["", "zz", "00" * 31, "00" * 65])
def test_refuses_a_key_that_is_none(text: str) -> None:
    """A short key can be tried out."""
    with pytest.raises(UsageError, match="shared key"):
        read_key(text)


def test_refuses_to_compute_with_a_short_key() -> None:
    """Whoever skips `read_key` is stopped as well."""
    with pytest.raises(ConfigurationError):
        pseudonym_of_bsn(b"short", HERE, BSN)
