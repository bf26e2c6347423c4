"""A desk of documents: what arrives is stored with the inbox, then laid out as files, with drafts of answers.

    desk = Desk(documents(Path("desk")), parts)
    desk.step()

1. A message is stored in the work table in the transaction that also remembers it, so once.
2. After the commit it is laid out as ``in/<message id>.<code>.json``, and a draft of each answer that it
   asks for as ``drafts/<message id>.<code of the answer>.json``.  Nothing is ever overwritten.  Then the
   work table forgets the content: it has it between the commit and the file, and no longer.
3. A person completes a draft and moves it to ``out/`` of the tray (`producers.tray`).
4. A refusal by the gate of a message of ours is laid out as ``in/<message id>.refused.json``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from broker.errors import UnavailableError
from broker.names import MessageCode, Role
from broker.parts import SubscriberParts
from broker.pipelines.deliver import Disclosure, Notice
from broker.pipelines.documents import notice_document, to_document
from broker.pipelines.publish import new_message_id
from broker.ports import Connection, DocumentStore
from broker.trust.view import TrustView
from consumers.client import Subscriber
from consumers.drafts import Answer, answers, draft

__all__ = ["Desk", "Preparing", "owed"]

Preparing = Callable[[Disclosure, TrustView, Role], Sequence[Answer]]
"""The rule of a role: which answers to prepare.  It may raise `Reject`, as any handler."""

_Row = tuple[str, str, dict[str, object]]

_TABLE = """
CREATE TABLE IF NOT EXISTS desk (
    folder TEXT NOT NULL, name TEXT NOT NULL, sender TEXT NOT NULL, document TEXT NOT NULL,
    laid_out INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (folder, name, sender)
)
"""
_WAITING = "SELECT rowid, folder, name, sender, document FROM desk WHERE laid_out = 0 ORDER BY rowid"
_FORGET = "UPDATE desk SET laid_out = 1, document = '' WHERE rowid = ?"
# What is forgotten is overwritten with zeroes as well: otherwise it would stay in the file.
_OVERWRITE = "PRAGMA secure_delete = ON"
_FORGET_EARLIER = "UPDATE desk SET document = '' WHERE laid_out = 1 AND document <> ''"


def owed(delivery: Disclosure, view: TrustView, role: Role) -> Sequence[Answer]:
    """What every role answers: that which the catalogue says it owes."""
    return answers(delivery, view, role)


class Desk:
    """Receives for one agency in one role; use `step` in a loop, or once.

    Args:
        documents: Where ``in`` and ``drafts`` are; they are made when they are not there.
        parts: What a subscriber needs; the inbox holds the work table too.
        prepare: Which answers the role prepares.
    """

    def __init__(self, documents: DocumentStore, parts: SubscriberParts, prepare: Preparing = owed) -> None:
        documents.make("in", "drafts")
        self._documents, self._parts, self._prepare = documents, parts, prepare
        self.subscriber = Subscriber(parts)
        self.subscriber.on_any(self._take_in)
        self.subscriber.on_refusal(self._hear)
        with parts.inbox.transaction() as tx:
            tx.connection.execute(_TABLE)
            tx.connection.execute(_OVERWRITE)
            tx.connection.execute(_FORGET_EARLIER)

    def step(self, timeout: float = 0.5) -> int:
        """Receive a batch and lay it out; what an earlier process did not lay out comes first.

        Returns:
            The number of records finished.

        Raises:
            UnavailableError: As `Subscriber.step`.
        """
        self._lay_out()
        finished = self.subscriber.step(timeout)
        self._lay_out()
        return finished

    def close(self) -> None:
        """Finish and leave."""
        self.subscriber.close()

    def _take_in(self, delivery: Disclosure, connection: Connection) -> None:
        view = self.subscriber.view
        about, sender = delivery.message_id, str(delivery.sender.oin)
        prepared = self._prepare(delivery, view, self._parts.sender.role)
        rows: list[_Row] = [("in", f"{about}.{delivery.code}.json", to_document(delivery, view))]
        ids: dict[MessageCode, str] = {}
        for answer in prepared:
            # With its id at once: moved twice it is one message, and what comes after it can name it.
            own = str(new_message_id(self._parts.clock.now(), self._parts.entropy))
            ids.setdefault(answer.code, own)
            document = draft(answer, delivery, view) | {"message_id": own}
            if answer.after is not None:
                document["in_reply_to"] = ids[answer.after]
            name = ".".join(part for part in (str(about), answer.code, answer.name) if part)
            rows.append(("drafts", f"{name}.json", document))
        _store(connection, sender, rows)

    def _hear(self, notice: Notice, connection: Connection) -> None:
        document = notice_document(notice, self.subscriber.view)
        name = f"{document['message_id']}.refused.json"
        _store(connection, str(document["to"]), [("in", name, document)])

    def _lay_out(self) -> None:
        with self._parts.inbox.transaction() as tx:
            waiting = tx.connection.execute(_WAITING).fetchall()
        if not waiting:
            return
        # A file is as slow as a disk; nobody waits for the inbox meanwhile.  A crash before it is marked
        # lays the same document out again, which changes nothing.
        places = {row: self._laid_out(*stored) for row, *stored in waiting}
        with self._parts.inbox.transaction() as tx:
            tx.connection.executemany(_FORGET, [(row,) for row, taken in places.items() if not taken])
        if left := [taken for taken in places.values() if taken]:
            raise UnavailableError(
                f"{left[0]} cannot be laid out ({len(left)} in all)",
                why="other documents have both of the names that it may have",
                remedy="Move those documents elsewhere",
            )

    def _laid_out(self, place: str, name: str, sender: str, stored: str) -> str:
        """Lay a document out; empty, or where it would be if its names were not taken."""
        document = json.loads(stored)
        # A message id is its sender's own: another sender may have used the same.
        names = (name, f"{sender}.{name}")
        kept = any(self._documents.keep(place, free, document) for free in names)
        return "" if kept else f"{place}/{name}"


def _store(connection: Connection, sender: str, rows: Sequence[_Row]) -> None:
    connection.executemany(
        "INSERT INTO desk (folder, name, sender, document) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(folder, name, sender, json.dumps(document)) for folder, name, document in rows],
    )
