"""The keyed pseudonym of a parent, for a question about earlier facts (sources.md A16).

Whoever asks whether a parent is known elsewhere says nothing about the parent: the question holds this
value, and whoever answers computes it over the parents in its own files and looks for it.

1. HMAC-SHA-256 under a key that the parties of one agreement have agreed outside the exchange.  The id
   of the agreement is part of it: pseudonyms of two agreements cannot be joined.
2. Over the BSN where there is a ground to use it, else over the no-BSN set: surname, first names, date of
   birth, postcode and house number (sources.md 9.3), spelled in one way.  The two never match each other,
   so a question may carry either, and a file is looked up under both.
3. Whoever holds the key can try every BSN: the value is still a personal datum, goes sealed, and the key
   stays with the parties.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from broker.catalogue.checks import is_bsn
from broker.crypto import keyed_digest
from broker.errors import UsageError
from broker.names import AgreementId, Digest

__all__ = ["Person", "pseudonym_of_bsn", "pseudonym_of_person", "read_key"]

_DOMAIN = "schakel/v1/parent"


@dataclass(frozen=True, slots=True)
class Person:
    """The no-BSN set; held for one computation, never sent, stored or logged.

    Attributes:
        house_number: With its addition, as in ``12a``.
    """

    surname: str
    first_names: str
    birth_date: date
    postcode: str
    house_number: str

    def __repr__(self) -> str:
        return "Person(...)"


def read_key(text: str) -> bytes:
    """The shared key that was written as 64 to 128 hexadecimal digits.

    Raises:
        UsageError: It is not such a key; the text is not repeated.
    """
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if not 32 <= len(key) <= 64:
        raise UsageError(
            "not a shared key",
            why="it has 64 to 128 hexadecimal digits",
            remedy="Make one with `openssl rand -hex 32`, and give it to the other parties in person",
        )
    return key


def pseudonym_of_bsn(key: bytes, agreement: AgreementId, bsn: str) -> Digest:
    """The pseudonym of the parent with this BSN, 32 bytes.

    Raises:
        UsageError: It is not a BSN: a slip of the pen would read as "not known".
        ConfigurationError: The key is too short or too long.
    """
    if not (len(bsn) == 9 and bsn.isascii() and bsn.isdigit() and is_bsn(bsn)):
        raise UsageError(
            "not a BSN", why="it has nine digits and passes the eleven test", remedy="Check the number"
        )
    return _pseudonym(key, "bsn", (agreement, bsn))


def pseudonym_of_person(key: bytes, agreement: AgreementId, person: Person) -> Digest:
    """The pseudonym of this parent where no BSN is known or allowed, 32 bytes.

    Accents, capitals, spaces and punctuation make no difference; another spelling or an old address does.

    Raises:
        UsageError: A part of the set is empty.
        ConfigurationError: The key is too short or too long.
    """
    written = (person.surname, person.first_names, person.postcode, person.house_number)
    parts = [_plain(part) for part in written]
    if not all(parts):
        raise UsageError(
            "the no-BSN set is not complete",
            why="surname, first names, date of birth, postcode and house number are all needed",
            remedy="Fill in what is missing, or do not ask",
        )
    return _pseudonym(key, "no-bsn", (agreement, person.birth_date.isoformat(), *parts))


def _plain(text: str) -> str:
    """Letters and digits alone, without accents or capitals."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(character for character in apart if character.isalnum()).casefold()


def _pseudonym(key: bytes, kind: str, parts: Iterable[str]) -> Digest:
    # Each part after its length: no two lists of parts are the same bytes.
    encoded = [part.encode() for part in (_DOMAIN, kind, *parts)]
    return keyed_digest(key, b"".join(b"%d:%b" % (len(part), part) for part in encoded))
