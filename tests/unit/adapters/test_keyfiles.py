"""`broker.adapters.keyfiles` and `system`: files that only their owner reads."""

from __future__ import annotations

import os
import stat
from datetime import date
from pathlib import Path

import pytest

from broker.adapters.keyfiles import (
    SIGNING_FILES,
    add_sealing_key,
    load_key_ring,
    new_key_ring,
    read_secret,
    refuse_test_keys,
    write_secret,
)
from broker.adapters.system import SystemClock, system_entropy
from broker.crypto import SoftwareSigner
from broker.errors import ConfigurationError
from broker.names import Algorithm, Oin

TEST = Oin.parse("00000099000000001000")
NOT_A_TEST = Oin("0" * 20)
DAY = date(2026, 11, 1)


def test_loads_what_it_made(tmp_path: Path) -> None:
    """Signers in order, and every sealing key by its id."""
    made = new_key_ring(tmp_path, DAY, post_quantum=True)
    add_sealing_key(tmp_path, date(2026, 12, 1))
    ring = load_key_ring(tmp_path, TEST, development=True)

    assert [signer.key_id for signer in ring.signers] == [signer.key_id for signer in made.signers]
    assert [signer.algorithm for signer in ring.signers] == [Algorithm.ES256, Algorithm.ML_DSA_44]
    assert len(ring.unwrappers) == 2
    assert made.unwrappers.keys() <= ring.unwrappers.keys()


def test_every_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0600, in a directory of mode 0700."""
    new_key_ring(tmp_path / "keys", DAY)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}

    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """It is not repaired: whoever could read it has the key. The remedy is named."""
    new_key_ring(tmp_path, DAY)
    (tmp_path / SIGNING_FILES[Algorithm.ES256]).chmod(mode)
    with pytest.raises(ConfigurationError) as caught:
        load_key_ring(tmp_path, TEST, development=True)

    assert "chmod 600" in caught.value.remedy


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """A second `new` in the same directory leaves the first keys as they are."""
    new_key_ring(tmp_path, DAY)
    before = (tmp_path / SIGNING_FILES[Algorithm.ES256]).read_bytes()
    with pytest.raises(ConfigurationError):
        new_key_ring(tmp_path, DAY)

    assert (tmp_path / SIGNING_FILES[Algorithm.ES256]).read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A key file is a file, not a way to somewhere else."""
    write_secret(tmp_path / "real", b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(ConfigurationError):
        read_secret(tmp_path / "link")


@pytest.mark.parametrize("made", [os.mkdir, lambda path: None], ids=["directory", "nothing"])
def test_what_is_no_file_is_refused(tmp_path: Path, made: object) -> None:
    """A directory, or nothing, is no key file."""
    assert callable(made)
    made(tmp_path / "key.pem")
    with pytest.raises(ConfigurationError):
        read_secret(tmp_path / "key.pem")


def test_a_key_of_another_algorithm_is_refused(tmp_path: Path) -> None:
    """The name of the file says which algorithm it holds."""
    write_secret(
        tmp_path / SIGNING_FILES[Algorithm.ES256], SoftwareSigner.generate(Algorithm.ED25519).to_pem()
    )
    with pytest.raises(ConfigurationError):
        load_key_ring(tmp_path, TEST, development=True)


def test_production_refuses_a_test_organisation(tmp_path: Path) -> None:
    """A process in production never acts for a number that begins with 00000099."""
    new_key_ring(tmp_path, DAY)
    with pytest.raises(ConfigurationError):
        load_key_ring(tmp_path, TEST)


@pytest.mark.parametrize(
    ("oin", "production"),
    [pytest.param(TEST, False, id="test"), pytest.param(NOT_A_TEST, True, id="production")],
)
def test_other_combinations_start(oin: Oin, production: bool) -> None:
    """Test numbers in development, others in production."""
    refuse_test_keys(oin, production=production)


def test_the_clock_goes_on() -> None:
    """Wall time is after this was written; monotonic time never goes back."""
    clock = SystemClock()
    first, second = clock.monotonic(), clock.monotonic()

    assert clock.now() > 1_700_000_000_000_000
    assert first <= second


def test_entropy_has_the_size_asked_for() -> None:
    """Two draws differ."""
    assert len(system_entropy(32)) == 32
    assert system_entropy(32) != system_entropy(32)
