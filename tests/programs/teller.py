"""An agency's program that sends documents, one a line, with all debug output asked for.

    python -m tests.programs.teller schakel.toml documents.jsonl [careless]

With ``careless`` it skips its own checks.
"""

from __future__ import annotations

import sys
from pathlib import Path

from broker import logs
from broker.adapters.system import system_entropy
from broker.assembly import publisher_parts
from broker.pipelines.documents import to_record
from broker.records.document import Document
from broker.sandbox.careless import CarelessSender
from broker.settings import AgencyProfile, load_profile
from producers.client import Publisher
from tests.programs.desk import ask_kafka_for_everything

__all__ = ["main"]


def main(profile: Path, documents: Path, *, careless: bool) -> None:
    """Send everything; what is refused is said on standard output."""
    settings = load_profile(profile, AgencyProfile)
    logs.configure(settings.name, level="DEBUG")
    parts = publisher_parts(settings)
    publisher = Publisher(parts)
    view = publisher.view
    ask_kafka_for_everything()
    records = [
        to_record(Document.parse(d), view, system_entropy) for d in documents.read_bytes().splitlines()
    ]
    if careless:
        sender = CarelessSender(parts, view)
        sender.send([sender.compose(record) for record in records])
    else:
        sys.stdout.write("".join(f"{outcome}\n" for outcome in publisher.publish_all(records)))
    publisher.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), careless="careless" in sys.argv[3:])
