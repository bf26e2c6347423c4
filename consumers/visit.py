"""One pass over what is waiting, inside one inbox transaction: what took effect, and what to answer."""

from __future__ import annotations

from broker.envelope.model import EnvelopeHeader
from broker.names import Micros, Oin
from broker.pipelines.deliver import Disclosure, Notice, Withheld
from broker.pipelines.publish import new_message_id
from broker.pipelines.receipts import receipt_record, refusal_record
from broker.ports import Entropy, InboxEntry, InboxStatus, InboxTransaction, Message
from broker.records.model import Record
from broker.trust.keeper import TrustKeeper
from broker.trust.view import TrustView

__all__ = ["Visit"]


class Visit:
    """Remembers in the inbox what happens, and gathers the answers that are owed for it.

    Attributes:
        answers: Receipts and refusals to send after the transaction has committed.
    """

    def __init__(self, tx: InboxTransaction, view: TrustView, now: Micros, us: Oin, entropy: Entropy) -> None:
        self.tx = tx
        self.view = view
        self.now = now
        self.answers: list[Record] = []
        self._us = us
        self._entropy = entropy

    def recheck(self, keeper: TrustKeeper) -> bool:
        """Ask the registry again; whether it had something newer."""
        before, self.view = self.view, keeper.recheck()
        return self.view is not before

    def already(self, disclosure: Disclosure) -> bool:
        """Whether this message took effect before; if so its receipt is sent again, the same one."""
        entry = self.tx.find(_id(disclosure.header))
        if entry is None:
            return False
        self._answer(disclosure, entry)
        return True

    def settle(self, disclosure: Disclosure, status: InboxStatus, detail: str = "") -> None:
        """Record what became of a disclosed message, and owe its sender a receipt."""
        header = disclosure.header
        entry = self._entry(header, bytes(disclosure.receipt.decision_id), status, detail)
        self.tx.record(entry)
        self._answer(disclosure, entry)

    def withhold(self, withheld: Withheld) -> None:
        """Record that a message was not handed over, and owe its sender a refusal."""
        header = withheld.header
        entry = self.tx.find(_id(header))
        if entry is None:
            entry = self._entry(
                header, bytes(withheld.receipt.decision_id), InboxStatus.WITHHELD, withheld.reason
            )
            self.tx.record(entry)
        if not self._answered(header):
            return
        if entry.status is InboxStatus.WITHHELD:
            self.answers.append(refusal_record(withheld, self._us, entry, self.view))
        else:
            # It took effect before it expired or was revoked: its sender must hear that, not nothing.
            self.answers.append(receipt_record(header, self._us, entry, self.view))

    def noticed(self, notice: Notice) -> bool:
        """Whether this refusal of a message of ours was seen before."""
        return self.tx.find(notice.event.decision_id) is not None

    def settle_notice(self, notice: Notice) -> None:
        """Record that a refusal of a message of ours was seen."""
        id_ = bytes(notice.event.decision_id)
        self.tx.record(InboxEntry(id_, id_, InboxStatus.NOTICED, notice.event.reason, b"", self.now))

    def quarantine(self, message: Message, step: int, reason: str) -> None:
        """Keep a record that cannot be handed over, with its original position."""
        # What no gate vouches for may be anything, as often as anybody likes: its place is enough.
        self.tx.quarantine(message.position, step, reason, message.value if step == 0 else None)

    def _entry(
        self, header: EnvelopeHeader, decision_id: bytes, status: InboxStatus, detail: str
    ) -> InboxEntry:
        receipt_id = bytes(new_message_id(self.now, self._entropy))
        return InboxEntry(_id(header), decision_id, status, detail, receipt_id, self.now)

    def _answer(self, disclosure: Disclosure, entry: InboxEntry) -> None:
        if disclosure.entry.answered:
            self.answers.append(receipt_record(disclosure.header, self._us, entry, self.view))

    def _answered(self, header: EnvelopeHeader) -> bool:
        return self.view.catalogue.by_type[header.message_type].answered


def _id(header: EnvelopeHeader) -> bytes:
    """A message is its sender's: an id that somebody else gives to another message is another message."""
    return header.sender.oin.encode("ascii") + header.message_id
