"""`broker.trust.declarations`: an agency's own counts, signed, small ones hidden."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import MalformedError, UntrustedError
from broker.names import Micros, Oin
from broker.signing import VerificationCache
from broker.trust.build import ParseCache, build_view
from broker.trust.declarations import (
    Count,
    DeclarationStatement,
    read_counts,
    read_declaration,
    sign_declaration,
    verify_declaration,
)
from broker.trust.view import TrustView
from tests.registry_world import NOW, YEAR, Member, RegistryWorld

WORLD = RegistryWorld()
STRANGER = Oin("00000099000000077000")


def view() -> TrustView:
    """The registry as a reader has it."""
    return build_view(WORLD.targets(), 1, Micros(NOW + YEAR), ParseCache())


def count(value: str = "17", debtor: Oin = WORLD.amk.oin, creditor: Oin = WORLD.shg.oin) -> Count:
    """One count of one cell."""
    return Count(duty="OB-DECIDE", month="2026-05", debtor=debtor, creditor=creditor, count=value)


def verified(signer: Member, *counts: Count, oin: Oin = WORLD.amk.oin, at: int = NOW) -> DeclarationStatement:
    """What is believed of the declaration of *oin* when *signer* signed it."""
    document = sign_declaration(oin, counts, [signer.signer], Micros(at))
    return verify_declaration(read_declaration(document), NOW, view(), VerificationCache())


def test_what_an_agency_signed_is_believed() -> None:
    """With its counts as they were."""
    assert verified(WORLD.amk, count()).counts == (count(),)


def test_another_agency_cannot_declare_in_its_name() -> None:
    """The keys must be its own."""
    with pytest.raises(UntrustedError) as caught:
        verified(WORLD.shg, count())

    assert caught.value.reason == "unknown-key"


def test_a_changed_count_is_not_believed() -> None:
    """The signature is over what is written."""
    signed = json.loads(sign_declaration(WORLD.amk.oin, [count()], [WORLD.amk.signer], NOW))
    other = json.loads(sign_declaration(WORLD.amk.oin, [count("18")], [WORLD.amk.signer], NOW))
    forged = json.dumps({**signed, "payload": other["payload"]}).encode()

    with pytest.raises(UntrustedError):
        verify_declaration(read_declaration(forged), NOW, view(), VerificationCache())


def test_a_declaration_from_the_future_is_not_believed() -> None:
    """It would go before every later one."""
    with pytest.raises(UntrustedError) as caught:
        verified(WORLD.amk, count(), at=NOW + 1)

    assert caught.value.reason == "declared-in-the-future"


def test_nobody_counts_for_others() -> None:
    """A cell of two other agencies is none of its business."""
    with pytest.raises(MalformedError, match=r"counts\.1 is about two other agencies"):
        sign_declaration(WORLD.amk.oin, [count(), count(debtor=STRANGER)], [WORLD.amk.signer], NOW)


def test_a_cell_is_counted_once() -> None:
    """Two counts for one thing are no count."""
    with pytest.raises(MalformedError, match=r"counts\.1 counts what was counted before it"):
        sign_declaration(WORLD.amk.oin, [count(), count("18")], [WORLD.amk.signer], NOW)


@pytest.mark.parametrize("value", ["1", "5", "05", "-1", "1.0", "", "9" * 13])
def test_small_and_strange_counts_are_not_signed_for(value: str) -> None:
    """One to five is written as a range, and the rest as whole numbers."""
    with pytest.raises(ValueError, match="count"):
        count(value)


def test_thousands_of_counts_fit() -> None:
    """A large agency, its partners, duties and months."""
    partners = [Oin(f"00000099{number:09d}000") for number in range(100, 1_100)]
    counts = [count(creditor=partner) for partner in partners]

    assert len(verified(WORLD.amk, *counts).counts) == 1_000


def test_an_agency_writes_numbers() -> None:
    """As its own system counts them; what exists, unless it says otherwise."""
    row = {
        "debtor": "amk-noord",
        "creditor": "shg-noord",
        "duty": "OB-DECIDE",
        "month": "2026-05",
        "count": 3,
    }
    (read,) = read_counts(json.dumps({"counts": [row]}).encode())

    assert (read.count, read.measure) == (3, "exists")


@given(st.binary(max_size=400))
def test_noise_is_refused(noise: bytes) -> None:
    """As malformed, and as nothing else."""
    for read in (read_counts, read_declaration):
        with suppress(MalformedError):
            read(noise)
