"""Obligations that nobody can fulfil, or nobody may give up (sources.md 4.7, A51).

1. no-closer        an obligation that no type closes; what a refusal opens, any new message does
2. unfulfillable    an obligation whose debtor may send nothing that closes it, for some sender and recipient
3. circle           obligations that wait for each other
4. exchange-opens   a type of the exchange itself that opens, closes or prolongs one
5. not-waivable     a waiver of what does not exist, or is not the creditor's to give up
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from broker.catalogue.document import CatalogueDocument, ClosingDocument, EffectDocument, MessageDocument
from broker.catalogue.finding import Finding
from broker.names import Regime, Role

__all__ = ["find_duties"]

_WAIVED = "waived_obligation"
_OF_THE_PERSON = frozenset(
    {"OB-DECIDE", "OB-JUDGE", "OB-INTAKE", "OB-RESULT", "OB-FORWARD", "OB-START", "OB-PLAN"}
    | {"OB-INFORM", "OB-CONFIRM", "OB-JUSTIFY", "OB-ACK"}
)
"""What the law owes to the child or the person concerned, and what the exchange itself needs (A51)."""


def find_duties(document: CatalogueDocument) -> Iterator[Finding]:
    """Everything of these five rules."""
    yield from _without_closer(document)
    for code, message in document.messages.items():
        effects = (*message.opens, *message.closes, *message.prolongs)
        if message.from_exchange and effects:
            yield Finding("exchange-opens", f"messages.{code}", ", ".join(e.obligation for e in effects))
        yield from _unfulfillable(document, f"messages.{code}.opens", message)
    yield from _circles(document)
    yield from _waivable(document)


def _without_closer(document: CatalogueDocument) -> Iterator[Finding]:
    closed = {effect.obligation for message in document.messages.values() for effect in message.closes}
    for code, rule in document.obligations.items():
        if code not in closed and rule.opened_by != "refusal":
            yield Finding("no-closer", f"obligations.{code}", "no type closes it")


def _unfulfillable(document: CatalogueDocument, where: str, message: MessageDocument) -> Iterator[Finding]:
    recipients = [role for listed in message.recipients for role in listed.roles]
    for opened in message.opens:
        for sender in message.senders.roles if message.senders else ():
            for recipient in recipients:
                if not _may_go(message, opened, sender, recipient):
                    continue
                pair = (recipient, sender) if opened.owed_by == "recipient" else (sender, recipient)
                for code in _following(document, opened.obligation):
                    if late := [r for r in message.regimes if not _can_close(document, code, pair, r)]:
                        what = f"{code} from {sender} to {recipient}: {pair[0]} closes it in no message"
                        yield Finding("unfulfillable", where, f"{what} of {', '.join(late)}")


def _following(document: CatalogueDocument, code: str) -> list[str]:
    """An obligation and those that its closing opens; those that a refusal opens anything fulfils."""
    found = [code]
    for one in found:
        found += [other for other, rule in document.obligations.items() if rule.after == one]
        if len(found) > len(document.obligations):
            break
    return [one for one in dict.fromkeys(found) if document.obligations[one].opened_by != "refusal"]


def _can_close(document: CatalogueDocument, code: str, pair: tuple[Role, Role], regime: Regime) -> bool:
    return any(
        _closes(message, effect, pair)
        for message in document.messages.values()
        if regime in message.regimes
        for effect in message.closes
        if effect.obligation == code
    )


def _closes(message: MessageDocument, effect: ClosingDocument, pair: tuple[Role, Role]) -> bool:
    debtor, creditor = pair
    if message.any_role:
        return True
    recipients = [role for listed in message.recipients for role in listed.roles]
    if message.senders is None or debtor not in message.senders.roles:
        return False
    reached = recipients if effect.toward == "anyone" else [role for role in recipients if role == creditor]
    return any(_may_go(message, effect, debtor, role) for role in reached)


def _may_go(message: MessageDocument, effect: EffectDocument, sender: Role, recipient: Role) -> bool:
    """Whether a message with this effect may go from the one role to the other."""
    said = {asked.name: asked.value for asked in message.assertions if asked.value} | effect.when
    parties = {"sent-by": sender, "addressed": recipient}
    for check in message.checks:
        meanings, party = check.arguments.get("meanings"), parties.get(check.check)
        allowed = (
            meanings.get(said.get(str(check.arguments.get("assertion"))))
            if party and isinstance(meanings, Mapping)
            else None
        )
        if allowed is not None and party not in allowed:
            return False
    return True


def _circles(document: CatalogueDocument) -> Iterator[Finding]:
    for code in document.obligations:
        seen, following = [code], document.obligations[code].after
        while following and following not in seen:
            seen.append(following)
            following = document.obligations[following].after
        if following == code:
            yield Finding("circle", f"obligations.{code}.after", " after ".join([*seen, code]))


def _waivable(document: CatalogueDocument) -> Iterator[Finding]:
    waived = document.assertions.get(_WAIVED)
    for value in waived.values if waived else ():
        code = value.upper()
        if code not in document.obligations or code in _OF_THE_PERSON:
            yield Finding("not-waivable", f"assertions.{_WAIVED}.values", value)
