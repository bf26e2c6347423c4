"""Private keys in files: PKCS#8 PEM, mode 0600, one directory per agency (docs/spec/envelope.md 6).

```
keys/sign-es256.pem          signs every message
keys/sign-ml-dsa-44.pem      second signature, where the registry requires it
keys/seal-<date>.pem         opens what was sealed; one per rotation; old ones stay until retention has passed
```

A file that others can read is refused, not repaired: whoever could read it has the key.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from broker.crypto import SoftwareSigner, SoftwareUnwrapper
from broker.errors import ConfigurationError
from broker.names import Algorithm, KeyId, Oin

__all__ = [
    "SIGNING_FILES",
    "KeyRing",
    "add_sealing_key",
    "load_key_ring",
    "new_key_ring",
    "read_secret",
    "read_signer",
    "refuse_test_keys",
    "write_secret",
]

SIGNING_FILES: Mapping[Algorithm, str] = {
    Algorithm.ES256: "sign-es256.pem",
    Algorithm.ML_DSA_44: "sign-ml-dsa-44.pem",
    Algorithm.ED25519: "sign-ed25519.pem",
}
"""File name of the signing key of each algorithm; Ed25519 is for the ledger and the registry only."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MAX_SECRET = 64 * 1024


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The private keys of one agency.

    Attributes:
        signers: ES256 first, then ML-DSA-44 where there is one.
        unwrappers: Every sealing key still kept, newest last, by key id.
    """

    signers: tuple[SoftwareSigner, ...]
    unwrappers: Mapping[KeyId, SoftwareUnwrapper]


def read_secret(path: Path) -> bytes:
    """The content of a file that only its owner can read.

    Raises:
        ConfigurationError: It is not there, is not a plain file, or others may read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigurationError(
            f"the key file {path} cannot be opened",
            why=error.strerror or "",
            remedy="Make keys with `schakel keys new`, or correct the path",
        ) from error
    try:
        _require_private(path, os.fstat(descriptor).st_mode)
        return os.read(descriptor, _MAX_SECRET)
    finally:
        os.close(descriptor)


def _require_private(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise ConfigurationError(
            f"the key file {path} is not a plain file",
            remedy="Name the file itself, not a folder, link or device",
        )
    if mode & _OTHERS:
        raise ConfigurationError(
            f"the key file {path} can be read by others",
            why=f"its mode is {stat.S_IMODE(mode):04o}",
            remedy=f"Run chmod 600 {path}; if others had access, replace the key",
        )


def write_secret(path: Path, content: bytes) -> None:
    """Write a new file of mode 0600, in one step; it is never readable by others, not even for a moment.

    Raises:
        ConfigurationError: There is a file already: a key is never overwritten.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fsync(file.fileno())
        # A hard link, unlike a rename, fails if the name is taken.
        path.hardlink_to(draft)
    except FileExistsError as error:
        raise ConfigurationError(
            f"there is a key file {path} already",
            remedy="Choose another directory; keys are never overwritten",
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def read_signer(path: Path) -> SoftwareSigner:
    """The signing key in *path*.

    Raises:
        ConfigurationError: It is not there, others may read it, or it is no signing key.
    """
    return SoftwareSigner.from_pem(read_secret(path))


def new_key_ring(directory: Path, day: date, *, post_quantum: bool = False) -> KeyRing:
    """Make the keys of an agency in *directory*.

    Args:
        day: Names the sealing key's file.
        post_quantum: Whether to make an ML-DSA-44 signing key too.

    Raises:
        ConfigurationError: There are keys already.
    """
    algorithms = [Algorithm.ES256, *([Algorithm.ML_DSA_44] if post_quantum else [])]
    signers = []
    for algorithm in algorithms:
        signer = SoftwareSigner.generate(algorithm)
        write_secret(directory / SIGNING_FILES[algorithm], signer.to_pem())
        signers.append(signer)
    unwrapper = add_sealing_key(directory, day)
    return KeyRing(tuple(signers), {unwrapper.key_id: unwrapper})


def add_sealing_key(directory: Path, day: date) -> SoftwareUnwrapper:
    """Make one more sealing key; the older ones stay, for what was sealed to them.

    Raises:
        ConfigurationError: There is one of that day already.
    """
    unwrapper = SoftwareUnwrapper.generate()
    write_secret(directory / f"seal-{day.isoformat()}.pem", unwrapper.to_pem())
    return unwrapper


def load_key_ring(directory: Path, oin: Oin, *, development: bool = False) -> KeyRing:
    """The keys in *directory*, of the agency *oin*.

    Args:
        development: Accept a test number.

    Raises:
        ConfigurationError: There is no ES256 key, a file is not usable, or a production process would
            act for a test number.
    """
    refuse_test_keys(oin, production=not development)
    signers = [
        _signer_of(directory / SIGNING_FILES[algorithm], algorithm)
        for algorithm in (Algorithm.ES256, Algorithm.ML_DSA_44)
        if algorithm is Algorithm.ES256 or (directory / SIGNING_FILES[algorithm]).exists()
    ]
    unwrappers = [
        SoftwareUnwrapper.from_pem(read_secret(path)) for path in sorted(directory.glob("seal-*.pem"))
    ]
    return KeyRing(tuple(signers), {unwrapper.key_id: unwrapper for unwrapper in unwrappers})


def _signer_of(path: Path, algorithm: Algorithm) -> SoftwareSigner:
    signer = read_signer(path)
    if signer.algorithm is not algorithm:
        raise ConfigurationError(
            f"the key file {path} holds a key of another algorithm",
            why=signer.algorithm.name,
            remedy=f"Put a key of {algorithm.name} there; `schakel keys new` makes one in a new directory",
        )
    return signer


def refuse_test_keys(oin: Oin, *, production: bool) -> None:
    """Stop a production process that would act for a test number (sources.md 9.1).

    Raises:
        ConfigurationError: *oin* is a test number and this is production.
    """
    if production and oin.is_test:
        raise ConfigurationError(
            "a production process may not act for a test organisation",
            why=f"the OIN {oin} begins with 00000099",
            remedy="Use the organisation's own OIN and keys, or set `development` in the profile",
        )
