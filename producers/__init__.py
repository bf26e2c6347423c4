"""What an agency imports to publish."""

from broker.errors import RefusedError, UnavailableError, UnconfirmedError
from broker.records.document import Document
from broker.records.model import Addressee, Record
from producers.client import Published, Publisher

__all__ = [
    "Addressee",
    "Document",
    "Published",
    "Publisher",
    "Record",
    "RefusedError",
    "UnavailableError",
    "UnconfirmedError",
]
