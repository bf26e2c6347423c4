"""Start-up self-test: every primitive against a known answer, or the process does not start.

A build of OpenSSL without ML-KEM, a library that was swapped, a broken wheel: each is found here,
before a message is.  Right answers must come out, and each check also refuses one altered byte.
"""

from __future__ import annotations

from collections.abc import Callable

from broker import known_answers as known
from broker import merkle
from broker.crypto import SoftwareUnwrapper, VerifyingKey, open_section, pae, sha256
from broker.errors import ConfigurationError, RejectedError

__all__ = ["run_self_test"]

_ABC_DIGEST = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
_PAE = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def run_self_test() -> None:
    """Check every primitive; takes a few milliseconds.

    Raises:
        ConfigurationError: A primitive is missing or wrong; code ``self-test``, naming it.
    """
    for name, check in _CHECKS.items():
        try:
            passed = check()
        except Exception as error:
            raise _failed(name) from error
        if not passed:
            raise _failed(name)


def _failed(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"the self-test of {name} failed",
        why="the cryptography package or its OpenSSL does not give the known answer",
        remedy="Install the locked requirements again; do not start without this test",
        code="self-test",
    )


def _hashes() -> bool:
    return str(sha256(b"abc")) == _ABC_DIGEST


def _pre_authentication() -> bool:
    return pae(b"http://example.com/HelloWorld", b"hello world") == _PAE


def _es256() -> bool:
    return _verifies(known.ES256_SPKI, known.ES256_SIGNATURE, known.ES256_MESSAGE)


def _ed25519() -> bool:
    return _verifies(known.ED25519_SPKI, known.ED25519_SIGNATURE, known.ED25519_MESSAGE)


def _ml_dsa_44() -> bool:
    return _verifies(known.ML_DSA_44_SPKI, known.ML_DSA_44_SIGNATURE, known.ML_DSA_44_MESSAGE)


def _x_wing() -> bool:
    unwrapper = SoftwareUnwrapper.from_seed(known.X_WING_SEED)
    opened = unwrapper.unwrap(known.X_WING_INFO, known.X_WING_WRAPPED)
    return opened == known.X_WING_SECRET and _refuses(
        lambda: unwrapper.unwrap(known.X_WING_INFO + b"!", known.X_WING_WRAPPED)
    )


def _cobblestone() -> bool:
    opened = open_section(known.COBBLESTONE_KEY, b"", known.COBBLESTONE_SEALED)
    return opened == known.COBBLESTONE_PLAIN and _refuses(
        lambda: open_section(known.COBBLESTONE_KEY, b"!", known.COBBLESTONE_SEALED)
    )


def _tree() -> bool:
    return merkle.tree_root([merkle.leaf_hash(leaf) for leaf in known.TREE_LEAVES]) == known.TREE_ROOT


def _verifies(spki: bytes, signature: bytes, message: bytes) -> bool:
    key = VerifyingKey.from_spki(spki)
    key.verify(signature, message)
    return _refuses(lambda: key.verify(signature, message + b"!"))


def _refuses(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except RejectedError:
        return True
    return False


_CHECKS: dict[str, Callable[[], bool]] = {
    "SHA-256": _hashes,
    "DSSE pre-authentication encoding": _pre_authentication,
    "ES256": _es256,
    "Ed25519": _ed25519,
    "ML-DSA-44": _ml_dsa_44,
    "HPKE MLKEM768-X25519": _x_wing,
    "Cobblestone-256": _cobblestone,
    "RFC 9162 tree": _tree,
}
