"""The keys of one agency in a directory: make, list, try out, prove (files: `broker.adapters.keyfiles`)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from broker.adapters import keyfiles
from broker.adapters.keyfiles import SIGNING_FILES, KeyRing, read_secret, read_signer
from broker.crypto import SoftwareSigner, SoftwareUnwrapper
from broker.errors import ConfigurationError, UntrustedError
from broker.names import Algorithm, Micros, Oin
from broker.trust.possession import prove_possession

__all__ = ["add_sealing_key", "check_keys", "list_keys", "load_keys", "make_keys", "proof_of", "write_proof"]

_TRIAL = b"schakel/v1/trial"


def make_keys(directory: Path, day: str, *, post_quantum: bool = False, log_key: bool = False) -> KeyRing:
    """Make the keys of an agency.

    Args:
        day: Names the sealing key's file, ``YYYY-MM-DD``.
        log_key: Make an Ed25519 key too: the exchange's ledger signs checkpoints with it.

    Raises:
        ConfigurationError: There are keys already.
    """
    ring = keyfiles.new_key_ring(directory, date.fromisoformat(day), post_quantum=post_quantum)
    if log_key:
        signer = SoftwareSigner.generate(Algorithm.ED25519)
        keyfiles.write_secret(directory / SIGNING_FILES[Algorithm.ED25519], signer.to_pem())
    return ring


def add_sealing_key(directory: Path, day: str) -> None:
    """Make one more sealing key.

    Raises:
        ConfigurationError: There is one of that day already.
    """
    keyfiles.add_sealing_key(directory, date.fromisoformat(day))


def list_keys(directory: Path) -> list[tuple[str, str, str]]:
    """File name, algorithm and key id of every key in *directory*.

    Raises:
        ConfigurationError: A file is not usable.
    """
    signing = [
        (name, algorithm.name, str(read_signer(directory / name).key_id))
        for algorithm, name in sorted(SIGNING_FILES.items())
        if (directory / name).exists()
    ]
    return [*signing, *((name, "X-Wing", str(key.key_id)) for name, key in _unwrappers(directory))]


def load_keys(directory: Path, oin: Oin) -> tuple[SoftwareSigner, ...]:
    """The signers of *oin*, for the statements of an administrator.

    Raises:
        ConfigurationError: A file is not usable.
    """
    return keyfiles.load_key_ring(directory, oin, development=True).signers


def check_keys(directory: Path, oin: Oin, *, production: bool) -> None:
    """Sign and verify, seal and open once with each key.

    Raises:
        ConfigurationError: A key does not do what it must, or a production check meets a test number.
    """
    ring = keyfiles.load_key_ring(directory, oin, development=not production)
    for signer in ring.signers:
        signer.verifying_key.verify(signer.sign(_TRIAL), _TRIAL)
    if not ring.unwrappers:
        raise ConfigurationError("there is no sealing key", remedy="Make one with `schakel keys rotate`")
    for name, unwrapper in _unwrappers(directory):
        try:
            opened = unwrapper.unwrap(_TRIAL, unwrapper.sealing_key.wrap(_TRIAL, bytes(32)))
        except UntrustedError as error:
            raise ConfigurationError(
                f"the two halves of {name} do not belong together",
                remedy="Put the file back from a copy, or make a key with `schakel keys rotate`",
            ) from error
        if opened != bytes(32):
            raise ConfigurationError(
                f"{name} does not open what was sealed to it",
                remedy="Put the file back from a copy, or make a key with `schakel keys rotate`",
            )


def proof_of(directory: Path, oin: Oin, now: Micros) -> bytes:
    """The proof of possession of every key in *directory*.

    Raises:
        ConfigurationError: A file is not usable.
    """
    names = [name for _, name in sorted(SIGNING_FILES.items()) if (directory / name).exists()]
    signers = [read_signer(directory / name) for name in names]
    sealing = [unwrapper.sealing_key for _, unwrapper in _unwrappers(directory)]
    return prove_possession(oin, [(signer, signer.verifying_key) for signer in signers], sealing, now)


def write_proof(directory: Path, oin: Oin, path: Path, now: Micros) -> None:
    """Write the proof of possession to *path*; it is public."""
    path.write_bytes(proof_of(directory, oin, now))


def _unwrappers(directory: Path) -> list[tuple[str, SoftwareUnwrapper]]:
    paths = sorted(directory.glob("seal-*.pem"))
    return [(path.name, SoftwareUnwrapper.from_pem(read_secret(path))) for path in paths]
