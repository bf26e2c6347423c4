"""Padding: one padded form for each content, and nothing else is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.envelope.padding import pad, unpad
from broker.errors import MalformedError


@given(st.binary(max_size=2000))
def test_what_is_padded_comes_back(plain: bytes) -> None:
    """In a multiple of 256 bytes, less than 256 more than needed."""
    padded = pad(plain)

    assert unpad(padded) == plain
    assert len(padded) % 256 == 0
    assert 0 <= len(padded) - 4 - len(plain) < 256


@pytest.mark.parametrize(("size", "total"), [(0, 256), (252, 256), (253, 512), (508, 512), (509, 768)])
def test_sizes_fall_into_buckets(size: int, total: int) -> None:
    """The length prefix counts."""
    assert len(pad(bytes(size))) == total


@given(st.binary(max_size=800))
def test_only_padded_content_is_read(noise: bytes) -> None:
    """Whatever is read is exactly what `pad` makes; everything else fails at step 15."""
    failed = None
    try:
        assert pad(unpad(noise)) == noise
    except MalformedError as error:
        failed = (error.step, error.reason)
    assert failed in (None, (15, "padding"))


@pytest.mark.parametrize("at", [14, 100, 255])
def test_padding_is_zero(at: int) -> None:
    """One other byte anywhere in it is refused."""
    padded = bytearray(pad(b"0123456789"))
    padded[at] = 1
    with pytest.raises(MalformedError):
        unpad(bytes(padded))
