"""`broker.trust.documents`: a list of agencies in which every key has one owner and one purpose."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from broker.crypto import SoftwareSigner, VerifyingKey
from broker.errors import MalformedError
from broker.names import Algorithm
from broker.trust.documents import build_agencies, parse_agencies, write_agencies
from tests.registry_world import RegistryWorld

WORLD = RegistryWorld()
DOCUMENT = write_agencies([WORLD.shg.agency, WORLD.amk.agency])
ED25519 = base64.b64encode(SoftwareSigner.generate(Algorithm.ED25519).verifying_key.spki).decode()


def edited(change: Callable[[Any], object]) -> bytes:
    """The document after *change* of its JSON value."""
    content = json.loads(DOCUMENT)
    change(content)
    return json.dumps(content).encode()


def low_order_key() -> str:
    """An Ed25519 key that is the point of order one."""
    identity = (1).to_bytes(32, "little")
    return base64.b64encode(VerifyingKey(ed25519.Ed25519PublicKey.from_public_bytes(identity)).spki).decode()


def zero_x25519(raw: str) -> str:
    """The sealing key with a second half of small order."""
    return base64.b64encode(base64.b64decode(raw)[:-32] + bytes(32)).decode()


def borrow(agency: Any, other: Any) -> None:
    """Give *agency* the classical half of the other's sealing key."""
    mine, theirs = (base64.b64decode(a["sealing_keys"][0]["raw"]) for a in (agency, other))
    agency["sealing_keys"][0]["raw"] = base64.b64encode(mine[:-32] + theirs[-32:]).decode()


def exchange(agency: Any, spki: str) -> None:
    """Make *agency* the exchange, with this ledger key."""
    life = {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"}
    agency.update(short_name="exchange", log_keys=[{"spki": spki, **life}])


def test_reads_back_what_it_wrote() -> None:
    """Writing and reading loses nothing."""
    agencies = build_agencies(parse_agencies(DOCUMENT), {})

    assert write_agencies(agencies.values()) == DOCUMENT
    assert agencies[WORLD.shg.oin].short_name == "shg-noord"


def test_known_keys_are_not_parsed_again() -> None:
    """A refresh reuses the key it has."""
    known: dict[bytes, Any] = {}
    first = build_agencies(parse_agencies(DOCUMENT), known)
    second = build_agencies(parse_agencies(DOCUMENT), known)

    assert first[WORLD.shg.oin].signing_keys[0].key is second[WORLD.shg.oin].signing_keys[0].key


def test_the_exchange_has_a_ledger_key() -> None:
    """The exchange's Ed25519 key stands apart from its signing keys."""
    document = edited(lambda d: exchange(d["agencies"][0], ED25519))
    agency = build_agencies(parse_agencies(document), {})[WORLD.shg.oin]

    assert agency.log_keys[0].key.algorithm is Algorithm.ED25519


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda d: d["agencies"].append(d["agencies"][0]), id="oin-twice"),
        pytest.param(lambda d: d["agencies"][0].update(short_name="amk-noord"), id="name-twice"),
        pytest.param(lambda d: d["agencies"][0].update(colour="red"), id="unknown-field"),
        pytest.param(lambda d: d["agencies"][0].update(oin="123"), id="not-an-oin"),
        pytest.param(
            lambda d: d["agencies"][0].update(succeeded_by=["00000099999999999000"]), id="successor-unknown"
        ),
        pytest.param(lambda d: d["agencies"][0].update(required_algorithms=[]), id="nothing-required"),
        pytest.param(
            lambda d: d["agencies"][0].update(required_algorithms=["ED25519"]), id="foreign-algorithm"
        ),
        pytest.param(
            lambda d: d["agencies"][0].update(signing_keys=d["agencies"][1]["signing_keys"]), id="key-of-two"
        ),
        pytest.param(
            lambda d: d["agencies"][0]["signing_keys"].append(d["agencies"][0]["signing_keys"][0]),
            id="key-twice",
        ),
        pytest.param(lambda d: borrow(d["agencies"][0], d["agencies"][1]), id="half-a-key-of-two"),
        pytest.param(
            lambda d: d["agencies"][0]["signing_keys"][0].update(spki=ED25519), id="wrong-algorithm"
        ),
        pytest.param(
            lambda d: d["agencies"][0].update(log_keys=d["agencies"][0]["signing_keys"]),
            id="log-keys-of-agency",
        ),
        pytest.param(lambda d: exchange(d["agencies"][0], low_order_key()), id="low-order-ed25519"),
        pytest.param(
            lambda d: d["agencies"][0]["sealing_keys"][0].update(
                raw=zero_x25519(d["agencies"][0]["sealing_keys"][0]["raw"])
            ),
            id="low-order-x25519",
        ),
        pytest.param(
            lambda d: d["agencies"][0]["sealing_keys"][0].update(raw="AAAAAAAAAAAAAAAAAAAA"), id="short-seal"
        ),
        pytest.param(lambda d: d["agencies"][0]["signing_keys"][0].update(spki="*" * 40), id="not-base64"),
        pytest.param(
            lambda d: d["agencies"][0]["signing_keys"][0].update(valid_until="2000-01-01T00:00:00Z"),
            id="never-valid",
        ),
    ],
)
def test_refuses(change: Callable[[Any], object]) -> None:
    """A list that is wrong anywhere is wrong as a whole."""
    with pytest.raises(MalformedError):
        build_agencies(parse_agencies(edited(change)), {})


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_malformed(noise: bytes) -> None:
    """Whatever the bytes, the only error is `MalformedError`."""
    with pytest.raises(MalformedError):
        parse_agencies(noise)
