"""The test authority: what is in its certificates, and what it refuses to sign."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from broker.errors import ConfigurationError, UsageError
from broker.names import Oin
from broker.sandbox import pki

_OIN = Oin("00000099000000001000")


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A directory with an authority."""
    pki.create_authority(tmp_path / "pki")
    return tmp_path / "pki"


def _leaf(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def test_name_and_number_are_in_the_subject(authority: Path) -> None:
    """The subject, as Kafka writes it, begins with the short name; the OIN is its serial number."""
    subject = _leaf(pki.issue(authority, "amk-noord", _OIN, "client")).subject
    number = subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)[0].value
    assert (subject.rfc4514_string().split(",")[0], number) == ("CN=amk-noord", _OIN)


@pytest.mark.parametrize(
    ("kind", "usages"),
    [
        pytest.param("client", {ExtendedKeyUsageOID.CLIENT_AUTH}, id="client"),
        pytest.param(
            "broker", {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}, id="broker"
        ),
    ],
)
def test_a_certificate_is_for_its_use_alone(authority: Path, kind: pki.Kind, usages: set[object]) -> None:
    """A client's certificate cannot pose as a node's."""
    found = _leaf(pki.issue(authority, "x", None, kind)).extensions.get_extension_for_class(
        x509.ExtendedKeyUsage
    )
    assert set(found.value) == usages


def test_it_names_this_machine(authority: Path) -> None:
    """Certificates hold for localhost and for 127.0.0.1."""
    names = _leaf(pki.issue(authority, "x", None, "broker")).extensions
    found = names.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(name.value) for name in found} == {"localhost", "127.0.0.1"}


def test_one_file_is_enough(authority: Path) -> None:
    """Key and chain in one file: the standard library loads it, and the key is PKCS#8 on P-256."""
    path = pki.issue(authority, "x", None, "client")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(path)
    key = _leaf(path).public_key()
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


def test_nobody_else_can_read_a_key(authority: Path) -> None:
    """Every file has mode 0600."""
    pki.issue(authority, "x", None, "client")
    assert {path.stat().st_mode & 0o777 for path in authority.iterdir()} == {0o600}


def test_an_authority_is_made_once(authority: Path) -> None:
    """A second call keeps the first authority: certificates stay valid."""
    before = (authority / "ca.pem").read_bytes()
    pki.create_authority(authority)
    assert (authority / "ca.pem").read_bytes() == before


def test_half_an_authority_is_refused(authority: Path) -> None:
    """Without its key an authority is not silently replaced by another one."""
    (authority / "ca-key.pem").unlink()
    with pytest.raises(ConfigurationError):
        pki.create_authority(authority)


def test_a_period_can_be_given(authority: Path) -> None:
    """For tests of expiry a certificate can lie wholly in the past."""
    begin = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    validity = pki.Validity(begin, begin + dt.timedelta(days=1))
    leaf = _leaf(pki.issue(authority, "x", None, "client", validity))
    assert (leaf.not_valid_before_utc, leaf.not_valid_after_utc) == (validity.begin, validity.end)


def test_a_real_number_is_refused(authority: Path) -> None:
    """Only OINs with the test prefix are signed."""
    with pytest.raises(UsageError):
        pki.issue(authority, "x", Oin("00000001000000001000"), "client")


@pytest.mark.parametrize("name", ["", "A", "a,CN=admin", "a b", "-a", "a-", "ca", "../x", "a" * 64])
def test_only_short_names(authority: Path, name: str) -> None:
    """A name that could mean something else, to Kafka or to the file system, is refused."""
    with pytest.raises(UsageError):
        pki.issue(authority, name, None, "client")


def test_without_an_authority_nothing_is_signed(tmp_path: Path) -> None:
    """A missing authority is an error that names the remedy."""
    with pytest.raises(ConfigurationError, match="create_authority"):
        pki.issue(tmp_path, "x", None, "client")
