"""A certificate authority for tests: one certificate a party, in the form that Kafka and Python both read.

1. Keys are EC P-256 (Kafka's PEM loader knows no Ed25519), PKCS#8, unencrypted, files of mode 0600.
2. One file `<name>.pem` holds key, certificate and the authority's certificate, in that order.
3. The subject is the OIN (serialNumber) and then the short name (CN).  The order matters: Kafka
   writes a subject backwards, so its principal rule finds the CN first.
4. Only test OINs (prefix 00000099): a certificate of this authority must not pass for a real one.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from broker.errors import ConfigurationError, UsageError
from broker.names import Oin

__all__ = ["Authority", "Kind", "Validity", "create_authority", "issue"]

Kind = Literal["broker", "client"]

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LIFETIME: Final = dt.timedelta(days=365)
_SKEW: Final = dt.timedelta(minutes=5)
_LOOPBACK: Final = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")))
_USAGES: Final = {
    # A broker is a client of the other brokers as well.
    "broker": (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
    "client": (ExtendedKeyUsageOID.CLIENT_AUTH,),
}


@dataclass(frozen=True, slots=True)
class Authority:
    """Where an authority keeps its two files."""

    directory: Path

    @property
    def ca(self) -> Path:
        """The certificate that everybody trusts."""
        return self.directory / "ca.pem"

    @property
    def key(self) -> Path:
        """The key that signs; nobody but `issue` reads it."""
        return self.directory / "ca-key.pem"


@dataclass(frozen=True, slots=True)
class Validity:
    """The period in which a certificate counts."""

    begin: dt.datetime
    end: dt.datetime

    @classmethod
    def from_now(cls) -> Validity:
        """A year from now, and five minutes back for clocks that are behind."""
        now = dt.datetime.now(dt.UTC)
        return cls(now - _SKEW, now + _LIFETIME)


def create_authority(directory: Path) -> Authority:
    """The authority of *directory*, made if there is none yet.

    Raises:
        ConfigurationError: Only one of its two files is there.
    """
    authority = Authority(directory)
    present = [path.exists() for path in (authority.ca, authority.key)]
    if all(present):
        return authority
    if any(present):
        raise ConfigurationError(
            f"the certificate authority in {directory} is incomplete",
            why="one of ca.pem and ca-key.pem is missing",
            remedy="Remove the directory and start again",
        )
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "schakel test authority")])
    builder = _unsigned(name, name, key.public_key(), Validity.from_now())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
    builder = _identified(builder, key.public_key(), key.public_key())
    _write(authority.key, _pem(key))
    _write(authority.ca, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return authority


def issue(directory: Path, name: str, oin: Oin | None, kind: Kind, validity: Validity | None = None) -> Path:
    """A certificate for *name*, signed by the authority of *directory*; an earlier one is replaced.

    Args:
        directory: Where `create_authority` put its files, and where `<name>.pem` goes.
        name: Short name of the party: its Kafka principal is ``User:<name>``.
        oin: The party's test OIN, or None for a part of the exchange itself.
        kind: ``broker`` also serves, ``client`` only connects.
        validity: The period; a year from now by default.

    Returns:
        The file with key and chain.

    Raises:
        UsageError: The name is not a short name, or the OIN is not a test number.
        ConfigurationError: There is no authority in *directory*.
    """
    _check_party(name, oin)
    authority = Authority(directory)
    ca, ca_key = _load(authority)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _unsigned(_subject(name, oin), ca.subject, key.public_key(), validity or Validity.from_now())
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(_USAGES[kind]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(_LOOPBACK), critical=False)
    builder = _identified(builder, key.public_key(), ca_key.public_key())
    certificate = builder.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    path = directory / f"{name}.pem"
    _write(path, _pem(key) + certificate + authority.ca.read_bytes())
    return path


def _check_party(name: str, oin: Oin | None) -> None:
    if not _NAME.fullmatch(name) or name in {"ca", "ca-key"}:
        raise UsageError(
            f"not a short name for a party: {name!r}", remedy="Use lower-case letters, digits and hyphens"
        )
    if oin is not None and not oin.is_test:
        raise UsageError(
            "the test authority signs test numbers only", remedy="Use an OIN that begins with 00000099"
        )


def _subject(name: str, oin: Oin | None) -> x509.Name:
    number = [x509.NameAttribute(NameOID.SERIAL_NUMBER, oin)] if oin is not None else []
    return x509.Name([*number, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _load(authority: Authority) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate(authority.ca.read_bytes())
        key = serialization.load_pem_private_key(authority.key.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"no usable certificate authority in {authority.directory}",
            why=str(error),
            remedy="Make one with create_authority, or remove the directory and start again",
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigurationError(
            f"the key in {authority.key} is not an EC key", remedy="Remove the directory and start again"
        )
    return certificate, key


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, validity: Validity
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity.begin)
        .not_valid_after(validity.end)
    )


def _identified(
    builder: x509.CertificateBuilder, own: ec.EllipticCurvePublicKey, issuer: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(own), critical=False)
    return builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    """Replace *path* in one step; it is never readable by others, not even for a moment."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)
