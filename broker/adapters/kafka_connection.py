"""How we reach Kafka: mutual TLS 1.3 and nothing else, and the cause when it fails.

1. `KafkaAccess` is all a party needs: addresses, the authority it trusts, its own key and certificate.
2. The client library answers every failed connection with the same time-out, so `probe` connects by
   itself, up to a first answer of Kafka, and names the cause: a server that does not accept our certificate
   says so only after its side of a TLS 1.3 handshake is done.
3. Every client gets short, explicit time-outs; nothing waits for the library's own defaults.
4. The library prints records and passwords at DEBUG: its loggers never go below INFO.
"""

from __future__ import annotations

import logging
import select
import socket
import ssl
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from kafka.errors import KafkaError

from broker.adapters.kafka_errors import translate
from broker.errors import ConfigurationError, SchakelError, UnavailableError

__all__ = [
    "Cause",
    "Finding",
    "KafkaAccess",
    "client_settings",
    "connect",
    "diagnose",
    "probe",
    "tls_context",
]

_BOOTSTRAP_MS: Final = 5_000
_REQUEST_MS: Final = 10_000
_RECONNECT_MS: Final = 1_000
_REFUSAL_SECONDS: Final = 0.5
_TICKET_SECONDS: Final = 0.05
# ApiVersions, version 0, correlation 1, no client id: the one request a node answers for anybody.
_T = TypeVar("_T")
_HELLO: Final = struct.pack(">ihhih", 10, 18, 0, 1, -1)


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """How one party connects.

    Args:
        bootstrap: Addresses ``host:port``; any one of them that answers will do.
        ca: PEM file with the authority that signs the nodes' certificates.
        certificate: PEM file with this party's key and its certificate chain.
    """

    bootstrap: tuple[str, ...]
    ca: Path
    certificate: Path


class Cause(StrEnum):
    """Why a connection failed."""

    NONE = "connected"
    REFUSED = "nobody listens there"
    UNKNOWN_HOST = "the host name is not known"
    SILENT = "no answer in time"
    NOT_TLS = "the listener does not speak TLS"
    NO_TLS13 = "the listener does not offer TLS 1.3"
    CLOSED = "the connection was closed without a reason"
    SERVER_EXPIRED = "the node's certificate has expired or is not valid yet"
    SERVER_UNKNOWN_CA = "the node's certificate is not signed by the authority we trust"
    SERVER_WRONG_HOST = "the node's certificate is for another host"
    SERVER_OTHER = "the node's certificate is not acceptable"
    CLIENT_EXPIRED = "our certificate has expired"
    CLIENT_UNKNOWN_CA = "our certificate is not signed by an authority that the node trusts"
    CLIENT_REJECTED = "the node does not accept our certificate"

    @property
    def mends_itself(self) -> bool:
        """Whether waiting can help; a wrong certificate stays wrong."""
        return self in {Cause.REFUSED, Cause.UNKNOWN_HOST, Cause.SILENT, Cause.CLOSED}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one address did: `Cause.NONE` when Kafka answered there."""

    address: str
    cause: Cause

    def error(self) -> SchakelError:
        """This finding as an error: unavailable when waiting can help, else wrong configuration."""
        what = f"cannot connect to Kafka at {self.address}"
        code = f"kafka-{self.cause.name.lower().replace('_', '-')}"
        if self.cause.mends_itself:
            remedy = (
                "Check that Kafka runs and that this machine may reach it; of a sandbox: `schakel dev status`"
            )
            return UnavailableError(what, why=self.cause, remedy=remedy, code=code)
        remedy = "Compare certificates, authority and address with those of the operator"
        return ConfigurationError(what, why=self.cause, remedy=remedy, code=code)


_VERIFY_CAUSES: Final = {
    9: Cause.SERVER_EXPIRED,
    10: Cause.SERVER_EXPIRED,
    18: Cause.SERVER_UNKNOWN_CA,
    19: Cause.SERVER_UNKNOWN_CA,
    20: Cause.SERVER_UNKNOWN_CA,
    21: Cause.SERVER_UNKNOWN_CA,
    62: Cause.SERVER_WRONG_HOST,
    64: Cause.SERVER_WRONG_HOST,
}
_REASON_CAUSES: Final = {
    "WRONG_VERSION_NUMBER": Cause.NOT_TLS,
    "HTTP_REQUEST": Cause.NOT_TLS,
    "RECORD_LAYER_FAILURE": Cause.NOT_TLS,
    "UNSUPPORTED_PROTOCOL": Cause.NO_TLS13,
    "TLSV1_ALERT_PROTOCOL_VERSION": Cause.NO_TLS13,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": Cause.NO_TLS13,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": Cause.CLIENT_EXPIRED,
    # A Java server that finds no path from our certificate to its authorities says "certificate unknown".
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": Cause.CLIENT_UNKNOWN_CA,
    "TLSV1_ALERT_UNKNOWN_CA": Cause.CLIENT_UNKNOWN_CA,
}


def tls_context(access: KafkaAccess) -> ssl.SSLContext:
    """TLS 1.3 with host name check and our certificate.

    Raises:
        ConfigurationError: A file is missing, is not PEM, is encrypted, or key and certificate differ.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    for path, load in ((access.ca, _load_authority), (access.certificate, _load_certificate)):
        try:
            load(context, path)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"cannot use {path} for TLS",
                why=str(getattr(error, "reason", None) or getattr(error, "strerror", None) or "not PEM"),
                remedy="Name a readable PEM file; key and certificate belong together, the key unencrypted",
                code="tls-file",
            ) from error
    return context


def client_settings(access: KafkaAccess) -> dict[str, Any]:
    """What every client of the library is given.

    Raises:
        ConfigurationError: As `tls_context`.
    """
    logger = logging.getLogger("kafka")
    logger.setLevel(max(logger.level, logging.INFO))
    return {
        "bootstrap_servers": list(access.bootstrap),
        "security_protocol": "SSL",
        "ssl_context": tls_context(access),
        "bootstrap_timeout_ms": _BOOTSTRAP_MS,
        "request_timeout_ms": _REQUEST_MS,
        "reconnect_backoff_max_ms": _RECONNECT_MS,
    }


def probe(
    bootstrap: Sequence[str], tls: ssl.SSLContext, timeout: float = 3.0, own: Path | None = None
) -> tuple[Finding, ...]:
    """Connect to each address, as far as a first answer of Kafka, and say what came of it.

    Args:
        bootstrap: Addresses ``host:port``.
        tls: From `tls_context`.
        timeout: Seconds for each address.
        own: Our certificate's file, to tell whether one that is not accepted has expired: a node says
            only that it does not know it.
    """
    findings = [Finding(address, _cause(address, tls, timeout)) for address in bootstrap]
    refused = any(finding.cause is Cause.CLIENT_UNKNOWN_CA for finding in findings)
    if refused and own is not None and _out_of_date(own):
        return tuple(
            Finding(f.address, Cause.CLIENT_EXPIRED) if f.cause is Cause.CLIENT_UNKNOWN_CA else f
            for f in findings
        )
    return tuple(findings)


def diagnose(access: KafkaAccess, timeout: float = 3.0) -> SchakelError | None:
    """Why none of the addresses answers, or None when one does.

    Raises:
        ConfigurationError: As `tls_context`.
    """
    tls = tls_context(access)
    failures = []
    for address in access.bootstrap:
        (finding,) = probe([address], tls, timeout, access.certificate)
        if finding.cause is Cause.NONE:
            return None
        failures.append(finding)
    # A wrong certificate tells more than a node that is away.
    failures.sort(key=lambda finding: finding.cause.mends_itself)
    return (
        failures[0].error()
        if failures
        else ConfigurationError("no address of Kafka is configured", remedy="Give `bootstrap` in the profile")
    )


def connect(access: KafkaAccess, make: Callable[..., _T], **settings: Any) -> _T:
    """A client of the library, made by *make* with the common settings and *settings*.

    Raises:
        UnavailableError: No node answers; the cause is named.
        ConfigurationError: A file or a certificate does not fit.
    """
    if (cause := diagnose(access)) is not None:
        raise cause
    try:
        return make(**client_settings(access) | settings)
    except KafkaError as error:
        raise diagnose(access) or translate(error, "connect to Kafka") from error


def _load_authority(context: ssl.SSLContext, path: Path) -> None:
    context.load_verify_locations(cafile=path)


def _load_certificate(context: ssl.SSLContext, path: Path) -> None:
    # Without a password OpenSSL would ask for one on the terminal.
    context.load_cert_chain(certfile=path, password="")


def _cause(address: str, tls: ssl.SSLContext, timeout: float) -> Cause:
    host, _, port = address.rpartition(":")
    try:
        with (
            socket.create_connection((host, int(port)), timeout=timeout) as plain,
            tls.wrap_socket(plain, server_hostname=host) as secured,
        ):
            _hear_refusal(secured, timeout)
            secured.sendall(_HELLO)
            return Cause.NONE if secured.recv(4) else Cause.CLOSED
    except (OSError, ValueError) as error:
        return _cause_of(error)


def _hear_refusal(secured: ssl.SSLSocket, timeout: float) -> None:
    """Let a refusal of our certificate arrive before we send: what is sent to a closed end may drown it.

    After a handshake a node sends either tickets, which are no data, or an alert, which raises.
    """
    select.select([secured], [], [], min(timeout, _REFUSAL_SECONDS))
    secured.settimeout(_TICKET_SECONDS)
    with suppress(TimeoutError):
        secured.recv(1)
    secured.settimeout(timeout)


def _out_of_date(certificate: Path) -> bool:
    """Whether a certificate has expired or is not valid yet: the standard library says so only in handshakes.

    So one is done in memory, between a server and a client that both hold the certificate; its authority
    is not known to either, and its dates are looked at first when it is made its own authority.
    """
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(certificate, password="")
    client.load_cert_chain(certificate, password="")
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    server.load_verify_locations(cafile=certificate)
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    left, right = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(left, right), server.wrap_bio(right, left, server_side=True))
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return error.verify_code in {9, 10}
            except ssl.SSLError:
                return False
    return False


def _cause_of(error: Exception) -> Cause:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY_CAUSES.get(error.verify_code, Cause.SERVER_OTHER)
    if isinstance(error, ssl.SSLEOFError):
        return Cause.CLOSED
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        return _REASON_CAUSES.get(reason, Cause.CLIENT_REJECTED if "CERTIFICATE" in reason else Cause.CLOSED)
    if isinstance(error, TimeoutError):
        return Cause.SILENT
    if isinstance(error, socket.gaierror | ValueError | OverflowError):
        return Cause.UNKNOWN_HOST
    if isinstance(error, ConnectionRefusedError):
        return Cause.REFUSED
    return Cause.CLOSED if isinstance(error, ConnectionError) else Cause.SILENT
