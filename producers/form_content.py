"""What a person wrote as a form, read: only the shape comes through that the rules rely on."""

from __future__ import annotations

import json
from typing import Any

from broker.records.document import MAX_DOCUMENT_BYTES
from producers.forms import NotSent

__all__ = ["read_form"]

_DEEPEST = 12


def read_form(written: bytes) -> dict[str, Any]:
    """The content of a form: an object, in which each field group is a record or a list of records.

    Raises:
        NotSent: It is something else; names the part.
    """
    if len(written) > MAX_DOCUMENT_BYTES:
        raise NotSent("too-large")
    try:
        content = json.loads(written)
        # A text that is no Unicode could be read, and never written or sent.
        json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise NotSent("not-a-form") from None
    if not isinstance(content, dict) or _deeper(content, _DEEPEST):
        raise NotSent("not-a-form")
    for name in ("to", "facts", "record"):
        if not isinstance(content.get(name, {}), dict):
            raise NotSent("not-a-form", name)
    for value in content.get("record", {}).values():
        records = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in records):
            raise NotSent("not-a-form", "record")
    return content


def _deeper(value: object, than: int) -> bool:
    """Whether lists and objects stand in each other more than so many times."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return than == 0 or any(_deeper(one, than - 1) for one in inner)
