"""A tray of documents to send: what an agency puts in ``out/`` is sent once, whatever breaks in between.

    tray = Tray(documents(Path("tray")))
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
from itertools import count

from broker.errors import RefusedError, RejectedError, UnavailableError, UsageError
from broker.ports import DocumentStore
from broker.records.document import Document
from producers.client import Publisher

__all__ = ["Outcome", "Tray", "set_aside"]

_PLACES = ("out", "sent", "refused")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document, or of one form (`producers.forms`).

    Attributes:
        name: Its file name.
        state: ``sent``, ``refused`` or ``waiting``; of a form ``taken``, ``not-sent`` or ``waiting``.
        detail: Message id of what was sent, reason code and offending names of what was refused.
    """

    name: str
    state: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.state} {self.name} {self.detail}".rstrip()


class Tray:
    """The places ``out``, ``sent`` and ``refused``; one process at a time sends from them."""

    def __init__(self, documents: DocumentStore) -> None:
        documents.make(*_PLACES)
        self._documents = documents

    def put(self, name: str, document: Mapping[str, object]) -> bool:
        """Have *document* sent under the file name *name*.

        Returns:
            False when that name was used before: nothing is done, so that nothing is sent twice.
        """
        used = any(self._documents.holds(place, name) for place in _PLACES)
        return not used and self._documents.keep("out", name, document)

    def send(self, publisher: Publisher) -> Iterator[Outcome]:
        """Send what is in ``out/``; ends at the first document that is not confirmed."""
        for name in self._documents.names("out"):
            outcome = self._send(name, publisher)
            yield outcome
            if outcome.state == "waiting":
                return

    def _send(self, name: str, publisher: Publisher) -> Outcome:
        try:
            document = Document.parse(self._documents.read("out", name))
            published = publisher.publish_document(self._identified(name, document, publisher))
        except (RefusedError, RejectedError, UsageError) as error:
            set_aside(self._documents, name, ("out", "refused"), error.code, error.offending)
            return Outcome(name, "refused", " ".join((error.code, *error.offending)))
        except UnavailableError as error:
            return Outcome(name, "waiting", error.code)
        self._documents.move(name, "out", "sent")
        return Outcome(name, "sent", str(published.message_id))

    def _identified(self, name: str, document: Document, publisher: Publisher) -> Document:
        """The document with its identity, as it stands in ``out/`` from now on."""
        identity = publisher.identity(document)
        self._documents.write("out", name, {**json.loads(self._documents.read("out", name)), **identity})
        return Document.parse(self._documents.read("out", name))


def set_aside(
    documents: DocumentStore, name: str, move: tuple[str, str], reason: str, offending: Sequence[str]
) -> None:
    """Move a document, and lay the reason beside it: a code and names.

    Args:
        move: From which place, to which.
    """
    place, to = move
    stem = documents.move(name, place, to).removesuffix(".json")
    explained = {"reason": reason, "offending": list(offending)}
    # Somebody may have given a document the name of a reason: it is not lost for that.
    names = (f"{stem}.reason{'' if n == 1 else f'.{n}'}.json" for n in count(1))
    next(free for free in names if documents.keep(to, free, explained))
