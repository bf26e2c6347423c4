"""A tray of documents to send: what an agency puts in ``out/`` is sent once, whatever breaks in between.

    tray = Tray(Path("tray"))
    with Publisher.from_profile("schakel.toml") as publisher:
        for outcome in tray.send(publisher):
            ...

1. ``out/*.json`` goes in the order of its names.  Before anything is sent, the document in ``out/`` gets
   the message id, case and subjects that it is sent with: after a crash it is that same message again.
2. What Kafka has goes to ``sent/``.  What may not be sent goes to ``refused/``, with a ``.reason.json``
   beside it: reason code and offending names, no values.
3. What was not confirmed stays, and so does all that comes after it, so that order is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from broker.assembly import keep_document, make_folders, move_document, write_document
from broker.errors import RefusedError, RejectedError, UnavailableError, UsageError
from broker.records.document import Document
from producers.client import Publisher

__all__ = ["Outcome", "Tray"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document, or of one form (`producers.forms`).

    Attributes:
        name: Its file name.
        state: ``sent``, ``refused`` or ``waiting``; of a form ``taken`` or ``not-sent``.
        detail: Message id of what was sent, reason code and offending names of what was refused.
    """

    name: str
    state: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.state} {self.name} {self.detail}".rstrip()


class Tray:
    """Folders ``out``, ``sent`` and ``refused``, closed to others; one process at a time sends from them.

    Args:
        folder: Where they are; they are made when they are not there.
    """

    def __init__(self, folder: Path) -> None:
        make_folders(folder, "out", "sent", "refused")
        self._folder = folder

    def put(self, name: str, document: Mapping[str, object]) -> bool:
        """Have *document* sent under the file name *name*.

        Returns:
            False when that name was used before: nothing is done, so that nothing is sent twice.
        """
        used = any((self._folder / place / name).exists() for place in ("out", "sent", "refused"))
        return not used and keep_document(self._folder / "out" / name, document)

    def send(self, publisher: Publisher) -> Iterator[Outcome]:
        """Send what is in ``out/``; ends at the first document that is not confirmed."""
        for path in sorted((self._folder / "out").glob("*.json")):
            outcome = self._send(path, publisher)
            yield outcome
            if outcome.state == "waiting":
                return

    def _send(self, path: Path, publisher: Publisher) -> Outcome:
        try:
            document = Document.parse(path.read_bytes())
        except UsageError as error:
            return self._refuse(path, "not-a-document", error.why.split("; "))
        try:
            published = publisher.publish_document(self._identified(path, document, publisher))
        except (RefusedError, RejectedError) as error:
            return self._refuse(path, error.reason, error.offending)
        except UsageError:
            return self._refuse(path, "unknown-agency", ("to", "forwarded_from"))
        except UnavailableError as error:
            return Outcome(path.name, "waiting", error.code)
        move_document(path, self._folder / "sent")
        return Outcome(path.name, "sent", str(published.message_id))

    def _identified(self, path: Path, document: Document, publisher: Publisher) -> Document:
        """The document with its identity, as it stands in ``out/`` from now on."""
        identity = publisher.identity(document)
        write_document(path, {**json.loads(path.read_bytes()), **identity})
        return Document.parse(path.read_bytes())

    def _refuse(self, path: Path, reason: str, offending: Sequence[str]) -> Outcome:
        moved = move_document(path, self._folder / "refused")
        write_document(moved.with_suffix(".reason.json"), {"reason": reason, "offending": list(offending)})
        return Outcome(path.name, "refused", " ".join((reason, *offending)))
