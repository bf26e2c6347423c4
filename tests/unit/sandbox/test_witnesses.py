"""The witnesses of a sandbox, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.adapters.system import SystemClock
from broker.adapters.tuf_repository import RegistryReader
from broker.assembly_ledger import read_policy
from broker.assembly_witness import witness_keys, witness_server, witness_state
from broker.audit.cosignature import CosignerKey
from broker.errors import ConfigurationError
from broker.names import Algorithm
from broker.sandbox.cast import AGENCIES, EXCHANGE
from broker.sandbox.exchange import LOG_ORIGIN, build
from broker.sandbox.layout import Layout
from broker.sandbox.processes import workers
from broker.sandbox.witnesses import WITNESSES
from broker.settings import LedgerProfile, WitnessProfile, load_profile

ADDRESS = ("localhost:20001",)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """One exchange for all tests of this file."""
    return build(tmp_path_factory.mktemp("exchange"), ADDRESS).layout


def profile(layout: Layout, name: str) -> WitnessProfile:
    """Of one witness."""
    return load_profile(layout.witness_profile(name), WitnessProfile)


def test_the_witnesses_are_agencies_of_the_cast() -> None:
    """One inspects, one is a peer; neither is the exchange."""
    assert set(WITNESSES) < {cast.name for cast in AGENCIES}


@pytest.mark.parametrize("name", WITNESSES)
def test_a_witness_can_start(layout: Layout, name: str) -> None:
    """Its profile names files that are there; it has cosigned nothing yet."""
    assert witness_state(profile(layout, name)).logs == ()
    witness_server(profile(layout, name)).close()


def test_the_policy_asks_for_all_of_them(layout: Layout) -> None:
    """By their keys, at the addresses where they listen."""
    settings = load_profile(layout.ledger_profile, LedgerProfile).witnesses
    assert settings is not None
    policy = read_policy(settings.policy)

    assert {(w.name, str(w.key), w.url) for w in policy.witnesses} == {
        (name, str(key), f"http://{profile(layout, name).listen}")
        for name in WITNESSES
        for key in witness_keys(profile(layout, name))
    }
    assert policy.is_reached(WITNESSES)
    assert not any(policy.is_reached([name]) for name in WITNESSES)


def test_both_forms_of_cosignature_are_used(layout: Layout) -> None:
    """Ed25519 and ML-DSA-44."""
    keys = [key for name in WITNESSES for key in witness_keys(profile(layout, name))]

    assert {key.public.algorithm for key in keys} == {Algorithm.ED25519, Algorithm.ML_DSA_44}


def test_the_registry_lists_both_keys_of_the_log(layout: Layout) -> None:
    """The policy names the same ones."""
    registry = load_profile(layout.ledger_profile, LedgerProfile).registry
    view = RegistryReader(registry.source, registry.cache, registry.root.read_bytes()).refresh(
        SystemClock().now()
    )
    listed = {entry.key.key_id for entry in view.by_name[EXCHANGE.name].log_keys}

    policy = read_policy(layout.policy)
    assert {line.key.public.key_id for line in policy.logs} == listed
    assert {line.key.name for line in policy.logs} == {LOG_ORIGIN}
    assert any(isinstance(line.key, CosignerKey) for line in policy.logs)


def test_they_are_kept_when_a_sandbox_is_started_again(layout: Layout) -> None:
    """Keys, addresses and memory: or the log could never be cosigned again."""
    before = layout.policy.read_bytes(), profile(layout, "raad-noord")
    build(layout.directory, ADDRESS)

    assert (layout.policy.read_bytes(), profile(layout, "raad-noord")) == before


def test_they_start_with_the_sandbox(layout: Layout) -> None:
    """Before the ledger writer, who asks them first."""
    names = [worker.name for worker in workers(layout)]

    assert names == [*(f"witness-{name}" for name in WITNESSES), "gate", "ledger"]


def test_a_policy_that_is_none_is_said(tmp_path: Path) -> None:
    """When the ledger writer starts."""
    (tmp_path / "policy").write_text("quorum\n", encoding="ascii")

    for path in (tmp_path / "policy", tmp_path / "lost"):
        with pytest.raises(ConfigurationError):
            read_policy(path)
