"""`broker.agreements.document`, `parsing` and `template`: what an agreement may look like, and what not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broker.agreements.document import parse_agreement, parse_document
from broker.agreements.parsing import MAX_DOCUMENT, moment
from broker.agreements.template import fill_in, places
from broker.crypto import sha256
from broker.errors import MalformedError, UsageError
from broker.moments import to_text
from broker.names import Micros, Regime, Role
from tests.agreement_world import groups, oin
from tests.registry_world import agreement_document

DOCUMENT = agreement_document(oin(1), oin(2))
MODELS = sorted((Path(__file__).parents[3] / "schemas" / "agreements").glob("*.yaml"))


def edited(old: str, new: str) -> bytes:
    """The agreement with one change."""
    text = DOCUMENT.decode()
    assert old in text
    return text.replace(old, new, 1).encode()


def test_the_digest_is_of_the_exact_bytes() -> None:
    """One space more is another agreement."""
    assert parse_agreement(DOCUMENT).digest == sha256(DOCUMENT)
    assert parse_agreement(DOCUMENT + b"\n").digest != parse_agreement(DOCUMENT).digest


def test_reads_the_parties_and_grants() -> None:
    """The model gives E01 to the AMK and E02 to the SHG, each on its own ground."""
    agreement = parse_agreement(DOCUMENT)
    found = {(code, g.sender_role, g.recipient_role) for g in agreement.grants for code in g.types}

    assert {party.oin for party in agreement.parties} == {oin(1), oin(2)}
    assert found >= {("E01", Role("SHG"), Role("AMK")), ("E02", Role("AMK"), Role("SHG"))}


def test_nobody_has_signed_a_document() -> None:
    """Reading a document gives no force to it."""
    assert not parse_agreement(DOCUMENT).cosigned


def test_a_grant_may_be_narrower() -> None:
    """Groups and regimes in the document narrow the catalogue."""
    document = edited("    types: [E01]", "    types: [E01]\n    groups: [CH, CO]\n    regimes: [R1]")
    grant = parse_agreement(document).grants[0]

    assert grant.groups == groups("CH", "CO")
    assert grant.regimes == frozenset({Regime.R1})


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(edited("version: 1", "version: 1\nversion: 2"), id="key-twice"),
        pytest.param(edited("retention:", "retentie:"), id="unknown-key"),
        pytest.param(edited("title: W", "title: &a W"), id="anchor"),
        pytest.param(edited("title: W", "title: !!python/name:os.system W"), id="tag"),
        pytest.param(edited("version: 1", "version: 0"), id="version-zero"),
        pytest.param(edited("role: SHG,", "role: AMK,"), id="role-without-party"),
        pytest.param(edited(oin(1), oin(2)).replace(b"role: SHG", b"role: AMK"), id="party-twice"),
        pytest.param(edited("rule: amk-meldt-aan-shg", "rule: shg-meldt-aan-amk"), id="rule-twice"),
        pytest.param(edited('"2028-01-01"', '"2026-01-01"'), id="ends-before-it-begins"),
        pytest.param(edited('"2028-01-01"', '"2028-01-01T10:00:00"'), id="time-without-zone"),
        pytest.param(edited('"2028-01-01"', '"2028-13-01"'), id="no-such-date"),
        pytest.param(edited('emergency: "true"', "emergency: yes"), id="not-a-flag"),
        pytest.param(edited("[E01]", "[]"), id="no-types"),
        pytest.param(edited("[E01]", "[[E01]]"), id="nested"),
        pytest.param(edited(oin(1), "123"), id="not-an-oin"),
        pytest.param(DOCUMENT + b"---\na: b\n", id="two-documents"),
        pytest.param(DOCUMENT + b"#" * MAX_DOCUMENT, id="too-large"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"a: [" + b"1," * 30_000 + b"1]", id="wide"),
        pytest.param(b"\xff\xfe", id="not-utf-8"),
        pytest.param(b"", id="empty"),
        pytest.param(b"a: &x [b]\nc: [*x, *x]", id="alias"),
        pytest.param(b"? [a]\n: b", id="key-is-a-list"),
    ],
)
def test_refuses(document: bytes) -> None:
    """What is not exactly an agreement is malformed."""
    with pytest.raises(MalformedError):
        parse_agreement(document)


@example(b"? !")
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_malformed(noise: bytes) -> None:
    """Whatever the bytes, the only error is `MalformedError`."""
    with pytest.raises(MalformedError):
        parse_agreement(noise)


@given(st.integers(0, len(DOCUMENT) - 1), st.binary(min_size=1, max_size=3))
def test_damage_is_malformed_or_another_agreement(position: int, damage: bytes) -> None:
    """Damaged bytes never pass for the original."""
    document = DOCUMENT[:position] + damage + DOCUMENT[position + len(damage) :]
    try:
        agreement = parse_agreement(document)
    except MalformedError:
        return
    assert (agreement.digest == sha256(DOCUMENT)) is (document == DOCUMENT)


def test_an_error_does_not_quote_the_document() -> None:
    """Errors are logged: they name the place, not the value."""
    with pytest.raises(MalformedError) as caught:
        parse_agreement(edited(oin(1), "geheim-42"))

    assert "parties.0.oin" in caught.value.what
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        pytest.param("2026-01-01", "2025-12-31T23:00:00.000000Z", id="winter-date"),
        pytest.param("2026-07-01", "2026-06-30T22:00:00.000000Z", id="summer-date"),
        pytest.param("2026-07-01T00:00:00Z", "2026-07-01T00:00:00.000000Z", id="timestamp"),
    ],
)
def test_a_date_is_midnight_in_amsterdam(text: str, utc: str) -> None:
    """A date in a Dutch agreement begins when it does in the Netherlands."""
    assert to_text(moment(text)) == utc


@given(st.integers(0, 4_000_000_000_000_000))
def test_a_timestamp_reads_back(at: int) -> None:
    """What is written as a timestamp is the same moment when read."""
    assert moment(to_text(Micros(at))) == at


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_becomes_an_agreement(path: Path) -> None:
    """Every packaged model is an agreement once its places are filled in."""
    known = {
        "id": "test",
        "version": "1",
        "from": "2026-01-01",
        "until": "2027-01-01",
        "contact": "post@x.example",
        "audit": "2027-12-31",
        "basis": "nog-te-noemen",
    }
    wanted = places(path.read_bytes())
    known = {name: value for name, value in known.items() if name in wanted}
    numbers = {name: oin(n) for n, name in enumerate(wanted, 1) if ":" in name}

    assert parse_document(fill_in(path.read_bytes(), {**known, **numbers})).id == "test"


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="missing"),
        pytest.param({"name": "a", "more": "b"}, id="superfluous"),
        pytest.param({"name": "a\nversion: 9"}, id="second-line"),
        pytest.param({"name": "a: b"}, id="mapping"),
        pytest.param({"name": '"'}, id="quote"),
    ],
)
def test_a_value_cannot_become_structure(values: dict[str, str]) -> None:
    """What is filled in stays a value."""
    with pytest.raises(UsageError):
        fill_in(b"title: <name>\n", values)
