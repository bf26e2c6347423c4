"""A zip file with one form for its content: stored, without dates, names in a fixed order.

Anything can open it; only the exact bytes that `write_zip` makes are accepted back, so nothing can hide
between, before or behind the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack, unpack_from
from zlib import crc32

from broker.errors import MalformedError

__all__ = ["read_zip", "write_zip"]

_LOCAL = b"PK\x03\x04"
_CENTRAL = b"PK\x01\x02"
_END = b"PK\x05\x06"
_LOCAL_SIZE = 30
_MIDNIGHT_1980 = (0, 0x21)
_NEEDS = 20
_UNIX_FILE = 0o100644 << 16
_MOST = 64


def write_zip(files: Sequence[tuple[str, bytes]]) -> bytes:
    """A zip file of these names (ASCII) and contents."""
    local, central = bytearray(), bytearray()
    for name, content in files:
        shared = pack("<4HIIIHH", 0, 0, *_MIDNIGHT_1980, crc32(content), *[len(content)] * 2, len(name), 0)
        entry = pack("<HHHII", 0, 0, 0, _UNIX_FILE, len(local))
        central += _CENTRAL + pack("<HH", 3 << 8 | _NEEDS, _NEEDS) + shared + entry + name.encode("ascii")
        local += _LOCAL + pack("<H", _NEEDS) + shared + name.encode("ascii") + content
    count = len(files)
    end = _END + pack("<4HIIH", 0, 0, count, count, len(central), len(local), 0)
    return bytes(local + central + end)


def read_zip(data: bytes) -> list[tuple[str, bytes]]:
    """Names and contents of a file that `write_zip` made.

    Raises:
        MalformedError: It did not make this one; nothing else is ever raised.
    """
    files: list[tuple[str, bytes]] = []
    position = 0
    while data[position : position + 4] == _LOCAL and len(files) < _MOST:
        if position + _LOCAL_SIZE > len(data):
            raise MalformedError("a zip file ends inside a header")
        size, length = unpack_from("<IH", data, position + 22)
        start = position + _LOCAL_SIZE
        position = start + length + size
        name = data[start : start + length]
        if not name.isascii():
            raise MalformedError("a zip file holds a name that is not ASCII")
        files.append((name.decode("ascii"), data[start + length : position]))
    if write_zip(files) != data:
        raise MalformedError("not a zip file of the one form that is accepted")
    return files
