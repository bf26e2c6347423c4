"""A whole exchange laid out in one directory, before anything runs."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from broker.adapters.system import SystemClock
from broker.adapters.tuf_repository import RegistryReader
from broker.moments import DAY
from broker.names import Algorithm, Micros
from broker.sandbox.cast import AGENCIES
from broker.sandbox.exchange import build
from broker.sandbox.layout import Layout
from broker.sandbox.registry import revoke
from broker.settings import AgencyProfile, GateProfile, LedgerProfile, Profile, load_profile
from broker.trust.view import TrustView

ADDRESS = ("localhost:20001",)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """One exchange for all tests of this file."""
    return build(tmp_path_factory.mktemp("exchange"), ADDRESS).layout


def view(layout: Layout, name: str = "amk-noord") -> TrustView:
    """The registry as an agency sees it."""
    registry = load_profile(layout.profile(name), AgencyProfile).registry
    reader = RegistryReader(registry.source, registry.cache, registry.root.read_bytes())
    return reader.refresh(SystemClock().now())


@pytest.mark.parametrize("name", [cast.name for cast in AGENCIES])
def test_every_agency_has_a_profile_that_loads(layout: Layout, name: str) -> None:
    """The profile names files that are there."""
    profile = load_profile(layout.profile(name), AgencyProfile)

    assert profile.name == name
    assert all(p.exists() for p in (profile.keys, profile.kafka.certificate, profile.registry.root))


@pytest.mark.parametrize(
    ("path", "kind"),
    [("gate_profile", GateProfile), ("ledger_profile", LedgerProfile), ("operator_profile", Profile)],
)
def test_the_exchange_has_its_profiles(layout: Layout, path: str, kind: type[Profile]) -> None:
    """Gate, ledger writer and operator can start."""
    assert load_profile(getattr(layout, path), kind).development


def test_no_private_key_can_be_read_by_others(layout: Layout) -> None:
    """Every file with a key has mode 0600."""
    keys = [path for path in layout.directory.rglob("*.pem") if b"PRIVATE KEY" in path.read_bytes()]

    assert len(keys) > 3 * len(AGENCIES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}


def test_the_exchange_holds_no_key_that_opens_anything(layout: Layout) -> None:
    """The gate signs and never decrypts."""
    assert list((layout.exchange / "keys").glob("seal-*")) == []


def test_the_registry_verifies_and_lists_everybody(layout: Layout) -> None:
    """Every agency and the exchange, and nothing that does not count."""
    seen = view(layout)

    assert set(seen.by_name) == {cast.name for cast in AGENCIES} | {"exchange"}
    assert seen.problems == ()


def test_the_agreements_are_signed_by_both_and_bind_nobody_across_regions(layout: Layout) -> None:
    """No party of an agreement in one region is a party of one in the other."""
    agreements = view(layout).rules.agreements
    noord, zuid = (
        {p.oin for a in agreements if a.id.endswith(region) for p in a.parties}
        for region in ("noord", "zuid")
    )

    assert {"amk-shg-noord", "amk-shg-zuid", "informatie-ggz-zuid"} <= {a.id for a in agreements}
    assert all(agreement.cosigned for agreement in agreements)
    assert noord
    assert noord.isdisjoint(zuid)


def test_its_agreements_hold_for_years(layout: Layout) -> None:
    """The time of a sandbox may be driven forward, and its keys last as long."""
    seen, later = view(layout), Micros(SystemClock().now() + 4 * 365 * DAY)

    assert all(agreement.valid_until > later for agreement in seen.rules.agreements)
    assert all(
        seen.sealing_key(agency.oin, later) for agency in seen.agencies.values() if agency.sealing_keys
    )


def test_nobody_may_ask_about_the_history_of_a_parent(layout: Layout) -> None:
    """No law gives that exchange a basis, so the sandbox does not have it (E20)."""
    granted = {code for a in view(layout).rules.agreements for grant in a.grants for code in grant.types}

    assert not [code for code in granted if code.startswith("E20")]


def test_an_amk_must_sign_twice(layout: Layout) -> None:
    """So that the path with a second, quantum-safe signature is used."""
    agency = view(layout).by_name["amk-noord"]

    assert agency.required_algorithms == {Algorithm.ES256, Algorithm.ML_DSA_44}


def test_built_again_it_keeps_its_keys(layout: Layout) -> None:
    """Starting a sandbox again changes addresses, never identities."""
    before = {p: p.read_bytes() for p in layout.directory.rglob("*.pem")}
    build(layout.directory, ("localhost:20002",))

    assert {p: p.read_bytes() for p in layout.directory.rglob("*.pem")} == before
    profile = load_profile(layout.profile("amk-noord"), AgencyProfile)
    assert profile.kafka.bootstrap == ("localhost:20002",)


def test_a_database_once_chosen_is_kept(tmp_path: Path) -> None:
    """`dev up` without --database goes on with the one it had."""
    url = "postgresql://schakel@localhost/zandbak"
    layout = build(tmp_path, ADDRESS, url).layout
    build(tmp_path, ADDRESS)

    assert load_profile(layout.ledger_profile, LedgerProfile).database == url


def test_a_party_can_revoke_its_agreement(tmp_path: Path) -> None:
    """The revocation is published by the online role, and every reader sees it at once."""
    layout = build(tmp_path, ADDRESS).layout
    now = SystemClock().now()
    revoke(layout, "amk-shg-zuid", "shg-zuid", now)

    revoked = {a.id: a.revoked_at for a in view(layout).rules.agreements}
    assert {id_: at for id_, at in revoked.items() if at} == {"amk-shg-zuid": Micros(now)}
