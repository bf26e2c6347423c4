"""What a certificate file says: until when it counts, and for which OIN."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from broker.errors import ConfigurationError
from broker.moments import SECOND
from broker.names import Micros

__all__ = ["CertificateFacts", "read_certificate"]


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """The first certificate of a file.

    Attributes:
        oin: Serial number of the subject, or empty: a part of the exchange itself.
        name: Common name: who Kafka takes its owner for.
        fingerprint: SHA-256 of it, in hexadecimal.
    """

    oin: str
    name: str
    valid_from: Micros
    valid_until: Micros
    fingerprint: str


def read_certificate(path: Path) -> CertificateFacts:
    """The facts of the certificate in the PEM file *path*.

    Raises:
        ConfigurationError: There is no certificate in it.
    """
    try:
        certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"there is no certificate in {path}", why=str(error)[:100], remedy="Ask the exchange for one"
        ) from error
    return CertificateFacts(
        oin=_subject(certificate, NameOID.SERIAL_NUMBER),
        name=_subject(certificate, NameOID.COMMON_NAME),
        valid_from=Micros(calendar.timegm(certificate.not_valid_before_utc.utctimetuple()) * SECOND),
        valid_until=Micros(calendar.timegm(certificate.not_valid_after_utc.utctimetuple()) * SECOND),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def _subject(certificate: x509.Certificate, name: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(name)
    return str(found[0].value) if found else ""
