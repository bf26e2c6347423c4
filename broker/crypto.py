"""Suite 1: the only place where cryptography is done (docs/spec/envelope.md 5).

Signatures ES256 and ML-DSA-44 (Ed25519 for ledger checkpoints), key wrapping HPKE with
MLKEM768-X25519 (X-Wing), content Cobblestone-256, hashing SHA-256.  One suite, no options: the
algorithm belongs to a key, never to a message.  (Only the hashing of trees is elsewhere: in
`broker.merkle`, which is below this module.)  Private keys hide behind two one-method
capabilities, `Signer` and `Unwrapper`, so that a hardware module can stand behind either.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Protocol

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from broker.errors import ConfigurationError, MalformedError, UntrustedError
from broker.names import Algorithm, Digest, KeyId

__all__ = [
    "SUITE",
    "SealingKey",
    "Signer",
    "SoftwareSigner",
    "SoftwareUnwrapper",
    "Unwrapper",
    "VerifyingKey",
    "keyed_digest",
    "open_section",
    "pae",
    "seal_section",
    "sha256",
]

SUITE = 1
"""HPKE MLKEM768-X25519, HKDF-SHA256, AES-256-GCM; Cobblestone-256."""

_HPKE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_SEALING_KEY_SIZE = 1216
_MLKEM_SIZE = 1184
_ES256_SIZE = 64
_SECTION_OVERHEAD = 72
_MAC_KEY_SIZES = (32, 64)

_SignatureKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey
_PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | mldsa.MLDSA44PublicKey


class Signer(Protocol):
    """Somebody who can sign with one key."""

    @property
    def key_id(self) -> KeyId:
        """SHA-256 of the public key's SubjectPublicKeyInfo."""
        ...

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of this key."""
        ...

    def sign(self, data: bytes) -> bytes:
        """A signature over *data* (ES256: r||s, exactly 64 bytes).

        Raises:
            UnavailableError: The key store did not answer.
        """
        ...


class Unwrapper(Protocol):
    """Somebody who can open what was wrapped to one sealing key."""

    @property
    def key_id(self) -> KeyId:
        """SHA-256 of the 1,216 raw public key bytes."""
        ...

    def unwrap(self, info: bytes, wrapped: bytes) -> bytes:
        """The secret that was wrapped with this *info*.

        Raises:
            UntrustedError: It was not wrapped to this key with this info.
            UnavailableError: The key store did not answer.
        """
        ...


def sha256(data: bytes) -> Digest:
    """SHA-256 of *data*."""
    return Digest(hashlib.sha256(data).digest())


def keyed_digest(key: bytes, data: bytes) -> Digest:
    """HMAC-SHA-256 of *data* under a shared *key* of 32 to 64 bytes.

    Raises:
        ConfigurationError: The key is shorter or longer: one that is guessed hides nothing.
    """
    if not _MAC_KEY_SIZES[0] <= len(key) <= _MAC_KEY_SIZES[1]:
        raise ConfigurationError(
            "a shared key has 32 to 64 bytes", remedy="Make one with `openssl rand -hex 32`"
        )
    return Digest(hmac.digest(key, data, "sha256"))


def pae(type_: bytes, body: bytes) -> bytes:
    """DSSE v1 pre-authentication encoding: what is signed is the type and the exact bytes."""
    return b"DSSEv1 %d %b %d %b" % (len(type_), type_, len(body), body)


class VerifyingKey:
    """A public signature key; the registry gives it a meaning.

    Attributes:
        spki: SubjectPublicKeyInfo, DER.
    """

    __slots__ = ("_public", "algorithm", "key_id", "spki")

    def __init__(self, public: _PublicKey) -> None:
        self._public = public
        self.algorithm = _algorithm_of(public)
        self.spki = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key_id = KeyId(hashlib.sha256(self.spki).digest())

    @classmethod
    def from_spki(cls, der: bytes) -> VerifyingKey:
        """Read a public key from SubjectPublicKeyInfo.

        Raises:
            MalformedError: Not such a document, or an algorithm that suite 1 does not know.
        """
        try:
            public = serialization.load_der_public_key(der)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise MalformedError("not a public key in SubjectPublicKeyInfo form") from error
        if not isinstance(public, _PublicKey):
            raise MalformedError("a public key of an algorithm outside suite 1")
        key = cls(public)
        if key.spki != der:
            # Another encoding of the same key would have another key id.
            raise MalformedError("a public key that is not in its one DER form")
        return key

    def verify(self, signature: bytes, data: bytes) -> None:
        """Check that this key signed *data*.

        Raises:
            UntrustedError: It did not.
        """
        try:
            if isinstance(self._public, ec.EllipticCurvePublicKey):
                self._public.verify(_der_signature(signature), data, ec.ECDSA(hashes.SHA256()))
            else:
                self._public.verify(signature, data)
        except (InvalidSignature, ValueError) as error:
            raise UntrustedError("a signature does not verify", reason="signature") from error

    def raw(self) -> bytes:
        """The raw public key bytes (Ed25519 and ML-DSA), as signed notes carry them.

        Raises:
            MalformedError: An elliptic-curve key has no such form here.
        """
        if isinstance(self._public, ec.EllipticCurvePublicKey):
            raise MalformedError("an ES256 key has no raw form")
        return self._public.public_bytes_raw()

    def __repr__(self) -> str:
        return f"VerifyingKey({self.algorithm.name}, {self.key_id})"


class SealingKey:
    """A public X-Wing key of a recipient: content keys are wrapped to it.

    Attributes:
        raw: ML-KEM-768 encapsulation key then X25519 key, 1,216 bytes.
    """

    __slots__ = ("_public", "key_id", "raw")

    def __init__(self, raw: bytes) -> None:
        if len(raw) != _SEALING_KEY_SIZE:
            raise MalformedError(f"a sealing key has {_SEALING_KEY_SIZE} bytes")
        try:
            self._public = MLKEM768X25519PublicKey(
                mlkem.MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_SIZE]),
                x25519.X25519PublicKey.from_public_bytes(raw[_MLKEM_SIZE:]),
            )
        except ValueError as error:
            raise MalformedError("not an X-Wing public key") from error
        self.raw = raw
        self.key_id = KeyId(hashlib.sha256(raw).digest())

    def wrap(self, info: bytes, secret: bytes) -> bytes:
        """Wrap *secret* so that only the owner of this key, given the same *info*, gets it back."""
        return _HPKE.encrypt(secret, self._public, info)

    def __repr__(self) -> str:
        return f"SealingKey({self.key_id})"


class SoftwareSigner:
    """A `Signer` whose private key is in this process; shows its key id only."""

    __slots__ = ("_private", "verifying_key")

    def __init__(self, private: _SignatureKey) -> None:
        self._private = private
        self.verifying_key = VerifyingKey(private.public_key())

    @classmethod
    def generate(cls, algorithm: Algorithm) -> SoftwareSigner:
        """Make a new key pair."""
        if algorithm is Algorithm.ES256:
            return cls(ec.generate_private_key(ec.SECP256R1()))
        if algorithm is Algorithm.ED25519:
            return cls(ed25519.Ed25519PrivateKey.generate())
        return cls(mldsa.MLDSA44PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes) -> SoftwareSigner:
        """Read an unencrypted PKCS#8 PEM document.

        Raises:
            ConfigurationError: Not such a key.
        """
        private = _load_private(pem)
        if not isinstance(private, _SignatureKey):
            raise ConfigurationError(
                "a signing key file holds a key that cannot sign in suite 1",
                remedy="Make keys with `schakel keys new`",
            )
        return cls(private)

    def to_pem(self) -> bytes:
        """The private key as PKCS#8 PEM, for a file of mode 0600."""
        return _pem(self._private)

    @property
    def key_id(self) -> KeyId:
        """SHA-256 of the public key's SubjectPublicKeyInfo."""
        return self.verifying_key.key_id

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of this key."""
        return self.verifying_key.algorithm

    def sign(self, data: bytes) -> bytes:
        """A signature over *data*."""
        if isinstance(self._private, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self._private.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return self._private.sign(data)

    def __repr__(self) -> str:
        return f"SoftwareSigner({self.algorithm.name}, {self.key_id})"


class SoftwareUnwrapper:
    """An `Unwrapper` whose private X-Wing key is in this process; shows its key id only."""

    __slots__ = ("_halves", "_private", "sealing_key")

    def __init__(self, mlkem_half: mlkem.MLKEM768PrivateKey, x25519_half: x25519.X25519PrivateKey) -> None:
        self._halves = (mlkem_half, x25519_half)
        self._private = MLKEM768X25519PrivateKey(mlkem_half, x25519_half)
        self.sealing_key = SealingKey(
            mlkem_half.public_key().public_bytes_raw() + x25519_half.public_key().public_bytes_raw()
        )

    @classmethod
    def generate(cls) -> SoftwareUnwrapper:
        """Make a new key pair."""
        return cls(mlkem.MLKEM768PrivateKey.generate(), x25519.X25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> SoftwareUnwrapper:
        """Expand a 32-byte X-Wing seed (SHAKE-256 to 96 bytes), as test vectors give it."""
        expanded = hashlib.shake_256(seed).digest(96)
        return cls(
            mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
            x25519.X25519PrivateKey.from_private_bytes(expanded[64:]),
        )

    @classmethod
    def from_pem(cls, pem: bytes) -> SoftwareUnwrapper:
        """Read two PKCS#8 PEM blocks in one document: ML-KEM-768, then X25519.

        Raises:
            ConfigurationError: Not such a pair.
        """
        marker = b"-----BEGIN PRIVATE KEY-----"
        blocks = [_load_private(marker + part) for part in pem.split(marker)[1:]]
        match blocks:
            case [mlkem.MLKEM768PrivateKey() as first, x25519.X25519PrivateKey() as second]:
                return cls(first, second)
        raise ConfigurationError(
            "a sealing key file must hold an ML-KEM-768 key and an X25519 key",
            remedy="Make one with `schakel keys rotate`",
        )

    def to_pem(self) -> bytes:
        """Both halves as PKCS#8 PEM, for a file of mode 0600."""
        return _pem(self._halves[0]) + _pem(self._halves[1])

    @property
    def key_id(self) -> KeyId:
        """SHA-256 of the raw public key bytes."""
        return self.sealing_key.key_id

    def unwrap(self, info: bytes, wrapped: bytes) -> bytes:
        """The secret that was wrapped with this *info*."""
        try:
            return _HPKE.decrypt(wrapped, self._private, info)
        except (InvalidTag, ValueError) as error:
            raise UntrustedError("the wrapped keys do not open here", reason="unwrap") from error

    def __repr__(self) -> str:
        return f"SoftwareUnwrapper({self.key_id})"


def seal_section(content_key: bytes, context: bytes, plain: bytes) -> bytes:
    """Encrypt one section with a key-committing cipher; *context* must be given again to open it."""
    encryptor = Cobblestone256Encryptor(content_key, context)
    return encryptor.update(plain) + encryptor.finalize()


def open_section(content_key: bytes, context: bytes, sealed: bytes) -> bytes:
    """Decrypt one section.

    Raises:
        UntrustedError: Another key, another context, or altered bytes.
    """
    if len(sealed) < _SECTION_OVERHEAD:
        raise UntrustedError("a section is too short to be one", reason="open")
    try:
        decryptor = Cobblestone256Decryptor(content_key, context)
        return decryptor.update(sealed) + decryptor.finalize()
    except (InvalidTag, ValueError) as error:
        raise UntrustedError("a section does not open", reason="open") from error


def _algorithm_of(public: _PublicKey) -> Algorithm:
    match public:
        case ec.EllipticCurvePublicKey():
            if not isinstance(public.curve, ec.SECP256R1):
                raise MalformedError("an elliptic-curve key outside P-256")
            return Algorithm.ES256
        case ed25519.Ed25519PublicKey():
            return Algorithm.ED25519
        case _:
            return Algorithm.ML_DSA_44


def _der_signature(signature: bytes) -> bytes:
    # r||s of another length, or with a leading zero moved across, would be a second encoding of the
    # same signature: Wycheproof's P1363 cases are refused by this one check.
    if len(signature) != _ES256_SIZE:
        raise ValueError("an ES256 signature has exactly 64 bytes")
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def _load_private(pem: bytes) -> object:
    try:
        return serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(
            "a private key file is not unencrypted PKCS#8 PEM", remedy="Make it with `schakel keys new`"
        ) from error


def _pem(private: _SignatureKey | mlkem.MLKEM768PrivateKey | x25519.X25519PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
