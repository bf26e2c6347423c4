"""The forms beside a tray: each form is taken once, and what follows from it is put in the tray.

1. ``forms/*.json`` goes to ``taken/``, or to ``not-sent/`` with a ``.reason.json``: code and names.  One
   that cannot be read at this moment stays, and holds up no other.
2. Of its record a message carries the groups and fields that its type knows, and no others.
3. The same form again changes nothing; a corrected one is a new message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from broker.crypto import sha256
from broker.errors import UnavailableError, UsageError
from broker.names import GroupName, Micros, Oin
from broker.pipelines.documents import find_agency
from broker.ports import DocumentStore
from broker.records.schema import MessageSchema
from broker.trust.view import TrustView
from producers.form_content import read_form
from producers.forms import Form, NotSent, Rule, Wanted
from producers.tray import Outcome, Tray, set_aside

__all__ = ["Forms"]

_STEM_BYTES = 100


class Forms:
    """The places ``forms``, ``taken`` and ``not-sent`` beside those of a tray, and the rule of a role."""

    def __init__(self, documents: DocumentStore, rule: Rule) -> None:
        documents.make("forms", "taken", "not-sent")
        self._documents, self._rule = documents, rule

    def take(self, tray: Tray, view: TrustView, now: Micros) -> Iterator[Outcome]:
        """Put the messages that follow from ``forms/*.json`` into *tray*; says why none follow."""
        for name in self._documents.names("forms"):
            try:
                yield self._take(name, tray, view, now)
            except NotSent as answer:
                set_aside(self._documents, name, ("forms", "not-sent"), answer.reason, answer.names)
                yield Outcome(name, "not-sent", str(answer))
            except UnavailableError as error:
                yield Outcome(name, "waiting", error.code)

    def _take(self, name: str, tray: Tray, view: TrustView, now: Micros) -> Outcome:
        written = self._documents.read("forms", name)
        form = Form(read_form(written), now, view.catalogue)
        wanted = [
            (message, _addressee(message, view), _document(message, form, view))
            for message in self._rule(form)
        ]
        mark = sha256(written).hex()[:12]
        stem = name.removesuffix(".json").encode(errors="ignore")[:_STEM_BYTES].decode(errors="ignore")
        for message, oin, document in wanted:
            tray.put(f"{stem}.{message.code}.{oin}.{mark}.json", document)
        self._documents.move(name, "forms", "taken")
        remarks = [message.remark for message, _, _ in wanted if message.remark]
        return Outcome(name, "taken", " ".join(remarks))


def _addressee(message: Wanted, view: TrustView) -> Oin:
    """Who gets it, as the registry has them: what stands in a form names no file."""
    try:
        return find_agency(message.to, view).oin
    except UsageError as error:
        raise NotSent(error.code, *error.offending) from None


def _document(message: Wanted, form: Form, view: TrustView) -> dict[str, object]:
    entry = form.entry(message.code)
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
            kept = [{k: v for k, v in one.items() if k in known} for one in records]
            groups[name] = kept if isinstance(value, list) else kept[0]
    return groups
