"""Reading records that the client library cannot: a header name that is not UTF-8 stops its `poll` for ever.

A node stores header names as they come; kafka-python decodes them strictly in the middle of a fetch, and
after the exception its next `poll` never returns.  So one record of one sender would stop a consumer of
everybody's.  The batch class that the library reads with is therefore replaced by one that, when a name
does not decode, reads the rest of that batch with the bad octets written out.  Headers decide nothing here,
so nothing is lost.
"""

from __future__ import annotations

import codecs
from typing import Any, Final

from kafka.record import default_records, memory_records

__all__ = ["accept_any_header_name"]

_TOLERANT: Final = "backslashreplace"


def accept_any_header_name() -> None:
    """Let every consumer of this process read any header name; harmless to repeat."""
    memory_records.DefaultRecordBatch = _TolerantBatch


class _Part(bytes):
    """A slice of a batch: asked for its text, it answers for any octets."""

    __slots__ = ()

    def decode(self, encoding: str = "utf-8", errors: str = _TOLERANT) -> str:
        return codecs.decode(bytes(self), encoding, errors)


class _Octets(bytes):
    """A batch whose slices are `_Part`s; the library copies keys and values out as plain bytes."""

    __slots__ = ()

    def __getitem__(self, index: Any) -> Any:
        part = bytes.__getitem__(self, index)
        return _Part(part) if isinstance(index, slice) else part


class _TolerantBatch(default_records.DefaultRecordBatch):  # type: ignore[misc]
    """The library's batch; slower from its first bad header name on, and never stopped by one."""

    __slots__ = ()

    _buffer: Any

    def _read_msg(self, *_: Any) -> Any:
        try:
            return super()._read_msg()
        except UnicodeDecodeError:
            # The position moves only after a record was read whole, so the same record is read again.
            self._buffer = _Octets(self._buffer)
            return super()._read_msg()
