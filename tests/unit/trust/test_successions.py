"""`broker.trust.successions`: who carries on whose cases counts when both have signed it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.agreements.statements import add_to_bundle
from broker.errors import MalformedError, UntrustedError
from broker.names import Micros
from broker.trust.build import ParseCache, build_view
from broker.trust.successions import SUCCESSIONS, read_successions, sign_succession
from broker.trust.view import Succession, TrustView
from tests.registry_world import NOW, YEAR, Member, RegistryWorld, member

WORLD = RegistryWorld()
MERGER = Succession(WORLD.shg.oin, WORLD.amk.oin, NOW)
HEIR = member(3, "amk-zuid", "AMK")
OTHER_HALF = Succession(WORLD.shg.oin, HEIR.oin, NOW)
BACK = Succession(WORLD.amk.oin, WORLD.shg.oin, Micros(NOW + 1))


def file_of(*signed: tuple[Succession, Member], at: Micros = NOW) -> dict[str, bytes]:
    """`successions.json` with these signatures."""
    bundle: bytes | None = None
    for succession, party in signed:
        bundle = add_to_bundle(bundle, sign_succession(succession, party.oin, [party.signer], at))
    return {SUCCESSIONS: bundle or b'{"envelopes": []}'}


def view_of(files: dict[str, bytes], targets: dict[str, bytes] | None = None) -> TrustView:
    """What a reader makes of a registry with *files*."""
    return build_view({**(targets or WORLD.targets()), **files}, 1, Micros(NOW + YEAR), ParseCache())


def both(succession: Succession) -> tuple[tuple[Succession, Member], tuple[Succession, Member]]:
    """Signed by both."""
    return (succession, WORLD.shg), (succession, WORLD.amk)


def test_counts_when_both_have_signed() -> None:
    """The view says who carries on for whom, and from when."""
    view = view_of(file_of(*both(MERGER)))

    assert (view.successions, view.problems) == ((MERGER,), ())


def test_a_registry_without_successions_has_none() -> None:
    """No file, no succession, and nothing wrong."""
    assert (view_of({}).successions, view_of({}).problems) == ((), ())


@pytest.mark.parametrize("signer", [WORLD.shg, WORLD.amk], ids=["the-old-one", "the-new-one"])
def test_one_signature_is_not_enough(signer: Member) -> None:
    """Nobody takes cases over alone, and nobody leaves them with another alone."""
    view = view_of(file_of((MERGER, signer)))

    assert view.successions == ()
    assert "not signed by both" in view.problems[0]


def test_both_sign_the_same() -> None:
    """Another moment is another succession."""
    later = replace(MERGER, since=Micros(NOW + 1))

    assert view_of(file_of((MERGER, WORLD.shg), (later, WORLD.amk))).successions == ()


def test_a_stranger_does_not_sign_it() -> None:
    """Only the two agencies themselves."""
    stranger = RegistryWorld().amk

    with pytest.raises(UntrustedError):
        sign_succession(replace(MERGER, new=WORLD.shg.oin), stranger.oin, [stranger.signer], NOW)


def test_a_signature_with_the_key_of_another_does_not_count() -> None:
    """The key is the one that the registry lists for that agency."""
    forged = sign_succession(MERGER, WORLD.shg.oin, [WORLD.amk.signer], NOW)
    own = sign_succession(MERGER, WORLD.amk.oin, [WORLD.amk.signer], NOW)
    view = view_of({SUCCESSIONS: add_to_bundle(add_to_bundle(None, forged), own)})

    assert view.successions == ()


def test_goes_on_to_count_when_the_old_key_is_revoked() -> None:
    """The keys of an agency that is no more are revoked in good order; its cases stay where they went."""
    targets = WORLD.targets(WORLD.without_key(WORLD.shg, Micros(NOW + 1)))

    assert view_of(file_of(*both(MERGER)), targets).successions == (MERGER,)


@pytest.mark.parametrize("after", [0, 1], ids=["at-the-moment", "later"])
def test_a_key_that_was_revoked_by_then_signs_no_succession(after: int) -> None:
    """What says itself that it was signed with a revoked key does not count for readers either."""
    targets = WORLD.targets(WORLD.without_key(WORLD.shg, NOW))
    view = view_of(file_of(*both(MERGER), at=Micros(NOW + after)), targets)

    assert view.successions == ()
    assert "revoked" in view.problems[0]


def test_a_signature_from_outside_the_life_of_its_key_does_not_count() -> None:
    """The key must have been valid when it signed."""
    assert view_of(file_of(*both(MERGER), at=Micros(NOW + 2 * YEAR))).successions == ()


@pytest.mark.parametrize(
    ("second", "words"),
    [
        pytest.param(BACK, "succeed itself", id="ring"),
        pytest.param(replace(MERGER, since=Micros(NOW + 1)), "another moment", id="twice"),
    ],
)
def test_only_the_first_of_two_that_cannot_both_be(second: Succession, words: str) -> None:
    """No rings, and an agency ends once."""
    view = view_of(file_of(*both(MERGER), *both(second)))

    assert view.successions == (MERGER,)
    assert words in view.problems[0]


def test_an_agency_that_is_split_has_several_successors() -> None:
    """Each with a succession that both have signed."""
    halves = (*both(MERGER), (OTHER_HALF, WORLD.shg), (OTHER_HALF, HEIR))
    view = view_of(file_of(*halves), WORLD.targets(HEIR.agency))

    assert (view.successions, view.problems) == ((MERGER, OTHER_HALF), ())


def test_a_half_that_is_not_signed_by_its_heir_leaves_the_other() -> None:
    """Nobody gets cases without having said so, and nobody's refusal stops the rest."""
    view = view_of(file_of(*both(MERGER), (OTHER_HALF, WORLD.shg)), WORLD.targets(HEIR.agency))

    assert view.successions == (MERGER,)
    assert "not signed by both" in view.problems[0]


def test_nobody_inherits_from_an_agency_that_ended_before() -> None:
    """A key of an agency that is no more gives its cases to nobody else."""
    late = replace(OTHER_HALF, since=Micros(NOW + 1))
    view = view_of(file_of(*both(MERGER), (late, WORLD.shg), (late, HEIR)), WORLD.targets(HEIR.agency))

    assert view.successions == (MERGER,)
    assert "another moment" in view.problems[0]


def test_no_half_of_a_split_leads_back() -> None:
    """A ring by way of one of several is a ring."""
    back = Succession(HEIR.oin, WORLD.shg.oin, Micros(NOW + 1))
    signed = (*both(MERGER), (OTHER_HALF, WORLD.shg), (OTHER_HALF, HEIR), (back, HEIR), (back, WORLD.shg))
    view = view_of(file_of(*signed), WORLD.targets(HEIR.agency))

    assert view.successions == (MERGER, OTHER_HALF)
    assert "succeed itself" in view.problems[0]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_malformed(noise: bytes) -> None:
    """Whatever the file holds, a list of statements or `MalformedError`."""
    with suppress(MalformedError):
        read_successions(noise)
