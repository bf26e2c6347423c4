"""Bytes of anybody's choice into everything that opens, verifies or decodes: an error of ours, and soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.crypto import SoftwareSigner, SoftwareUnwrapper, open_section
from broker.errors import MalformedError, UntrustedError
from broker.names import Algorithm, GroupName
from broker.records.model import GroupValue
from broker.records.schema import MessageSchema
from schemas.reading import packaged

SIZES = (0, 1, 31, 32, 64, 71, 72, 73, 1119, 1120, 1121, 1136, 1169, 2420, 4096)
"""Lengths at and beside those of signatures, wrapped keys and sections."""
NOISE = st.sampled_from(SIZES).flatmap(
    lambda size: st.one_of(
        st.just(bytes(size)), st.just(b"\xff" * size), st.binary(min_size=size, max_size=size)
    )
)
BOMBS = (b"\xff" * 65536, b"\xfe" * 65536, b"\x02" * 65536, bytes(65536), b"\x80" * 65535 + b"\x01")
BITS = (
    b"\xff" * 20,
    b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x01",
    b"\x80\x80\x80\x80\x80\x40",
)
GROUPS = tuple(
    pytest.param(code, name, id=f"{code}-{name}")
    for code in ("E01", "E02", "E03", "E04", "E05", "E28")
    for name in MessageSchema.parse(packaged()[f"messages/{code}/1.avsc"]).groups
)
LOW = (
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("ec" + 30 * "ff" + "7f"),
)
"""Shares of X25519 in a small subgroup: what they agree on does not depend on the key."""


@cache
def unwrapper() -> SoftwareUnwrapper:
    """Some sealing key."""
    return SoftwareUnwrapper.generate()


@cache
def verify_with(algorithm: Algorithm) -> Callable[[bytes, bytes], None]:
    """The verification of some signing key."""
    return SoftwareSigner.generate(algorithm).verifying_key.verify


@cache
def schema(code: str) -> MessageSchema:
    """A published schema."""
    return MessageSchema.parse(packaged()[f"messages/{code}/1.avsc"])


@settings(deadline=500, max_examples=300)
@given(NOISE)
def test_wrapped_keys_of_anybody_s_choice_do_not_open(data: bytes) -> None:
    """Noise in place of wrapped content keys is refused as such."""
    with pytest.raises(UntrustedError):
        unwrapper().unwrap(b"info", data)


@pytest.mark.parametrize("share", LOW, ids=["zero", "one", "minus-one"])
def test_a_share_of_low_order_opens_nothing(share: bytes) -> None:
    """A wrapped key whose X25519 share makes the agreed secret known is refused."""
    good = unwrapper().sealing_key.wrap(b"info", bytes(33))

    with pytest.raises(UntrustedError):
        unwrapper().unwrap(b"info", good[:1088] + share + good[1120:])


@settings(deadline=500, max_examples=300)
@given(NOISE)
def test_a_section_of_anybody_s_choice_does_not_open(data: bytes) -> None:
    """Noise in place of a section is refused as such."""
    with pytest.raises(UntrustedError):
        open_section(bytes(32), bytes(32), data)


@pytest.mark.parametrize("algorithm", list(Algorithm), ids=lambda a: a.name)
@settings(deadline=500, max_examples=200)
@given(signature=NOISE)
def test_a_signature_of_anybody_s_choice_does_not_verify(algorithm: Algorithm, signature: bytes) -> None:
    """Noise in place of a signature is refused as such, whatever the algorithm."""
    with pytest.raises(UntrustedError):
        verify_with(algorithm)(signature, b"what was signed")


@pytest.mark.parametrize(("code", "name"), GROUPS)
@settings(deadline=500, max_examples=40)
@given(data=st.data())
def test_a_spoilt_group_is_malformed_or_what_it_says(code: str, name: str, data: st.DataObject) -> None:
    """A good group with bytes altered, put in or left out: refused, or the one encoding of its value."""
    group = schema(code).schemas[GroupName(name)]
    spoilt = bytearray(group.encode(cast("GroupValue", group.shape.sample)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(spoilt)))
        spoilt[place : place + data.draw(st.integers(0, 5))] = data.draw(
            st.sampled_from(BITS) | st.binary(max_size=2)
        )
    try:
        value = group.decode(bytes(spoilt))
    except MalformedError:
        return
    assert group.encode(value) == bytes(spoilt)


@pytest.mark.parametrize(("code", "name"), GROUPS)
def test_a_large_group_of_rubbish_ends_soon(code: str, name: str) -> None:
    """The largest group there may be, of bytes that mean long lists and long texts: refused in 2 seconds."""
    for bomb in BOMBS:
        began = time.monotonic()
        with pytest.raises(MalformedError):
            schema(code).decode_group(GroupName(name), bomb)
        assert time.monotonic() - began < 2
