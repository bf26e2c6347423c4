"""The folder of forms beside a tray: each form is taken once, and what follows from it is put in the tray.

1. ``forms/*.json`` goes to ``taken/``, or to ``not-sent/`` with a ``.reason.json``: code and names.
2. Of its record a message carries the groups and fields that its type knows, and no others.
3. The same form again changes nothing; a corrected one is a new message.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from broker.assembly import make_folders, move_document, write_document
from broker.crypto import sha256
from broker.names import GroupName, MessageCode, Micros
from broker.records.schema import MessageSchema
from broker.trust.view import TrustView
from producers.forms import Form, NotSent, Rule, Wanted
from producers.tray import Outcome, Tray

__all__ = ["Forms"]


class Forms:
    """Folders ``forms``, ``taken`` and ``not-sent`` beside those of a tray, and the rule of a role."""

    def __init__(self, folder: Path, rule: Rule) -> None:
        make_folders(folder, "forms", "taken", "not-sent")
        self._folder, self._rule = folder, rule

    def take(self, tray: Tray, view: TrustView, now: Micros) -> Iterator[Outcome]:
        """Put the messages that follow from ``forms/*.json`` into *tray*; says why none follow."""
        for path in sorted((self._folder / "forms").glob("*.json")):
            try:
                remarks = self._take(path, tray, view, now)
                move_document(path, self._folder / "taken")
                yield Outcome(path.name, "taken", " ".join(remarks))
            except NotSent as answer:
                moved = move_document(path, self._folder / "not-sent")
                reason = {"reason": answer.reason, "offending": list(answer.names)}
                write_document(moved.with_suffix(".reason.json"), reason)
                yield Outcome(path.name, "not-sent", str(answer))

    def _take(self, path: Path, tray: Tray, view: TrustView, now: Micros) -> list[str]:
        written = path.read_bytes()
        form = Form(_content(written), now)
        wanted = [(message, _document(message, form, view)) for message in self._rule(form)]
        mark = sha256(written).hex()[:12]
        for message, document in wanted:
            tray.put(f"{path.stem}.{message.code}.{message.to}.{mark}.json", document)
        return [message.remark for message, _ in wanted if message.remark]


def _content(written: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(written)
    except (ValueError, RecursionError):
        raise NotSent("not-a-form") from None
    if not isinstance(content, dict):
        raise NotSent("not-a-form")
    for name in ("to", "facts", "record"):
        if not isinstance(content.get(name, {}), dict):
            raise NotSent("not-a-form", name)
    return content


def _document(message: Wanted, form: Form, view: TrustView) -> dict[str, object]:
    entry = view.catalogue.messages.get(MessageCode(message.code))
    if entry is None:
        raise NotSent("unknown-type", message.code)
    first = next(iter(entry.legal_bases), None)
    return {
        "type": message.code,
        "to": [message.to],
        "case": form.content.get("case", "new"),
        "purpose": entry.purposes[0],
        "legal_basis": message.legal_basis or form.content.get("legal_basis", first),
        "regime": form.regime,
        "urgency": form.content.get("urgency", "normal"),
        "assertions": dict(message.assertions),
        "groups": _carried(message.record, view.schemas[entry.schema_digest]),
    }


def _carried(record: Mapping[str, Any], schema: MessageSchema) -> dict[str, object]:
    """Of *record* what a message of this type can carry."""
    groups: dict[str, object] = {}
    for name, value in record.items():
        group = schema.schemas.get(GroupName(name))
        if group is not None:
            known = group.record.names
            records = value if isinstance(value, list) else [value]
            kept = [{k: v for k, v in one.items() if k in known} for one in records if isinstance(one, dict)]
            groups[name] = kept if isinstance(value, list) else next(iter(kept), {})
    return groups
