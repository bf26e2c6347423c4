"""`broker.trust.build` and `view`: what counts, what does not, and what a refresh costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.agreements.model import Agreement
from broker.errors import MalformedError, RejectedError, UnavailableError, UntrustedError
from broker.names import Algorithm, Digest, KeyId, Micros
from broker.trust.build import ParseCache, agreement_path, build_view, revocation_path, signatures_path
from broker.trust.documents import write_agencies
from broker.trust.view import TrustView
from tests.registry_world import NOW, YEAR, RegistryWorld

LATER = Micros(NOW + YEAR)


@pytest.fixture(scope="module")
def world() -> RegistryWorld:
    """Two agencies and an agreement."""
    return RegistryWorld()


def view_of(targets: dict[str, bytes], cache: ParseCache | None = None) -> TrustView:
    """The view of these files."""
    return build_view(targets, 7, LATER, cache)


def only(view: TrustView) -> Agreement:
    """The one agreement in the view."""
    (agreement,) = view.rules.agreements
    return agreement


def test_a_co_signed_agreement_is_in_the_book(world: RegistryWorld) -> None:
    """Both signatures verify with the keys of the list."""
    view = view_of(world.targets())

    assert only(view).cosigned
    assert view.problems == ()


def test_the_catalogue_gives_the_rules(world: RegistryWorld) -> None:
    """The rules know the predicates and the roles of the catalogue."""
    view = view_of(world.targets())
    rule = next(rule for rule in view.rules.rules.values() if rule.code == "E01")

    assert {p.name for p in rule.predicates} == {"domestic_violence_report", "children_in_family"}
    assert rule.sender_roles == {"SHG"}


def test_knows_its_schemas(world: RegistryWorld) -> None:
    """A schema belongs to one message type; another digest is unknown."""
    view = view_of(world.targets())
    first, second, *_ = view.catalogue.messages.values()

    assert view.knows(first.type, first.schema_digest)
    assert not view.knows(second.type, first.schema_digest)
    assert not view.knows(first.type, Digest(bytes(32)))


def test_one_signature_is_not_enough(world: RegistryWorld) -> None:
    """An agreement that one party signed is there, and not co-signed."""
    targets = {**world.targets(), **world.agreement_files(world.shg)}

    assert only(view_of(targets)).signed_by == {world.shg.oin}


def test_a_signature_with_a_revoked_key_does_not_count(world: RegistryWorld) -> None:
    """Whoever holds a stolen key may claim any date."""
    view = view_of(world.targets(world.without_key(world.shg, LATER)))

    assert only(view).signed_by == {world.amk.oin}
    assert view.problems


def test_a_signature_with_a_key_that_is_not_valid_yet_does_not_count(world: RegistryWorld) -> None:
    """The key must have been valid at the moment of signing."""
    key = replace(world.shg.agency.signing_keys[0], valid_from=Micros(NOW + 1))
    view = view_of(world.targets(replace(world.shg.agency, signing_keys=(key,))))

    assert only(view).signed_by == {world.amk.oin}


def test_a_revocation_by_a_party_counts(world: RegistryWorld) -> None:
    """From its moment on the agreement is revoked."""
    assert only(view_of(world.targets() | world.revocation(world.amk))).revoked_at == NOW


def test_the_earliest_revocation_counts(world: RegistryWorld) -> None:
    """When both parties revoke, the first moment is the end."""
    both = world.revocation(world.amk, Micros(NOW + 5)) | world.revocation(world.shg, Micros(NOW + 3))

    assert only(view_of(world.targets() | both)).revoked_at == NOW + 3


def test_a_revocation_counts_although_its_key_was_revoked(world: RegistryWorld) -> None:
    """Ending is the safe side."""
    targets = world.targets(world.without_key(world.amk, NOW)) | world.revocation(world.amk)

    assert only(view_of(targets)).revoked_at == NOW


def test_a_revocation_stays_when_its_file_disappears(world: RegistryWorld) -> None:
    """Whoever serves the registry cannot take a revocation back."""
    cache = ParseCache()
    view_of(world.targets() | world.revocation(world.amk), cache)

    assert only(view_of(world.targets(), cache)).revoked_at == NOW


def test_a_revocation_by_nobody_does_not_count(world: RegistryWorld) -> None:
    """A revocation that does not verify is a problem to look at, and ends nothing."""
    other = RegistryWorld()
    stranger = other.revocation(other.amk)
    view = view_of(world.targets() | stranger)

    assert only(view).revoked_at is None
    assert len(view.problems) == 1


@pytest.mark.parametrize("path", ["agreements/amk-shg/2.yaml", "agreements/other/1.yaml"])
def test_an_agreement_at_another_place_does_not_count(world: RegistryWorld, path: str) -> None:
    """The place says id and version, and so does the document."""
    view = view_of({**world.targets(), path: world.document})

    assert len(view.rules.agreements) == 1
    assert len(view.problems) == 1


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(agreement_path(RegistryWorld().agreement.id, 1), id="agreement"),
        pytest.param(signatures_path(RegistryWorld().agreement.id, 1), id="signatures"),
    ],
)
def test_a_damaged_agreement_allows_less(world: RegistryWorld, path: str) -> None:
    """What does not parse does not count; the rest of the registry goes on."""
    view = view_of(world.targets() | {path: b"?"})

    assert not any(agreement.cosigned for agreement in view.rules.agreements)
    assert view.problems


@pytest.mark.parametrize(
    "path", ["agencies.json", "catalogue.yaml", "schemas/CATALOGUE", "schemas/groups/CH.avsc"]
)
def test_without_agencies_or_catalogue_there_is_no_view(world: RegistryWorld, path: str) -> None:
    """A registry that is wrong at its heart changes nothing for its readers."""
    damaged, missing = world.targets() | {path: b"?"}, world.targets()
    del missing[path]

    for targets in (damaged, missing):
        with pytest.raises(MalformedError):
            view_of(targets)


@pytest.mark.parametrize(
    ("key_of", "at", "reason"),
    [
        pytest.param("stranger", NOW, "unknown-sender", id="unknown-agency"),
        pytest.param("shg", NOW - YEAR - 1, "unknown-sender", id="before-it-joined"),
        pytest.param("amk", NOW, "unknown-key", id="key-of-another"),
        pytest.param("nobody", NOW, "unknown-key", id="unknown-key"),
        pytest.param("shg", NOW + YEAR, "key-not-valid", id="expired"),
    ],
)
def test_a_key_does_not_vouch(world: RegistryWorld, key_of: str, at: int, reason: str) -> None:
    """Each way in which a key does not vouch has its own reason."""
    view = view_of(world.targets())
    keys = {"shg": world.shg, "amk": world.amk}
    key_id = keys[key_of].signer.key_id if key_of in keys else KeyId(bytes(32))
    owner = RegistryWorld().shg.oin[:-4] + "9000" if key_of == "stranger" else world.shg.oin
    with pytest.raises(UntrustedError) as caught:
        view.vouching_key(type(world.shg.oin)(owner), key_id, Micros(at))

    assert caught.value.reason == reason


@pytest.mark.parametrize("revoked_at", [NOW - 1, NOW, LATER])
def test_a_revoked_key_vouches_for_nothing(world: RegistryWorld, revoked_at: int) -> None:
    """Whatever moment is claimed, before or after the revocation."""
    view = view_of(world.targets(world.without_key(world.shg, Micros(revoked_at))))
    with pytest.raises(UntrustedError) as caught:
        view.vouching_key(world.shg.oin, world.shg.signer.key_id, Micros(NOW - YEAR))

    assert caught.value.reason == "key-revoked"


def test_a_valid_key_vouches(world: RegistryWorld) -> None:
    """The key of the list, for its own agency, inside its validity."""
    view = view_of(world.targets())

    assert (
        view.vouching_key(world.shg.oin, world.shg.signer.key_id, NOW).spki
        == world.shg.signer.verifying_key.spki
    )
    assert view.required_algorithms(world.shg.oin) == {Algorithm.ES256}


def test_seals_to_the_newest_valid_key(world: RegistryWorld) -> None:
    """After a rotation the newest key is used; a revoked one never."""
    old = world.shg.agency.sealing_keys[0]
    new = replace(RegistryWorld().shg.agency.sealing_keys[0], valid_from=Micros(NOW - 5))
    bad = replace(RegistryWorld().shg.agency.sealing_keys[0], valid_from=Micros(NOW - 1), revoked_at=NOW)
    view = view_of(world.targets(replace(world.shg.agency, sealing_keys=(new, old, bad))))

    assert view.sealing_key(world.shg.oin, NOW).raw == new.key.raw
    assert view.sealing_key(world.shg.oin, Micros(NOW - 6)).raw == old.key.raw


def test_without_a_valid_sealing_key_nothing_is_sealed(world: RegistryWorld) -> None:
    """The sender is told to try again when the recipient has a key."""
    view = view_of(world.targets(replace(world.shg.agency, sealing_keys=())))
    with pytest.raises(RejectedError) as caught:
        view.sealing_key(world.shg.oin, NOW)

    assert caught.value.code == "no-sealing-key"


def test_a_stale_view_decides_nothing(world: RegistryWorld) -> None:
    """From its expiry on a view is refused."""
    view = view_of(world.targets())
    view.require_fresh(Micros(LATER - 1))
    with pytest.raises(UnavailableError):
        view.require_fresh(LATER)


def test_a_refresh_costs_what_changed(world: RegistryWorld) -> None:
    """After a revocation the catalogue, the keys and the agreements are the very values of before."""
    cache = ParseCache()
    before = view_of(world.targets(), cache)
    after = view_of(world.targets() | world.revocation(world.amk), cache)

    assert after.catalogue is before.catalogue
    assert after.agencies is before.agencies
    assert only(after).grants is only(before).grants


def test_paths_are_where_the_registry_keeps_them(world: RegistryWorld) -> None:
    """The paths of docs/spec/registry.md."""
    agreement = world.agreement

    assert revocation_path(agreement.id, 1, world.shg.oin) == f"revocations/amk-shg/1/{world.shg.oin}.json"
    assert write_agencies([]).startswith(b"{")


@pytest.mark.parametrize(
    ("code", "opener", "only"),
    [("E05", "E01", True), ("E04", "E01", False), ("E07", "E06", False)],
)
def test_the_rules_know_what_answers_what(world: RegistryWorld, code: str, opener: str, only: bool) -> None:
    """A type that closes an obligation answers the type that opens it."""
    rule = next(r for r in view_of(world.targets()).rules.rules.values() if r.code == code)

    assert opener in {answer.opener for answer in rule.answers}
    assert rule.only_answers is only
