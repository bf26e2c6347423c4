"""What `schakel doctor` looks at for a Kafka on this machine: Java and the jars."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from broker.errors import SchakelError
from broker.operations.doctor import Finding, tried
from broker.sandbox import jars
from broker.sandbox.java import find_java
from broker.sandbox.kafka import default_cache

__all__ = ["check_local_kafka"]


def check_local_kafka() -> Iterator[Finding]:
    """What only `schakel kafka`, `schakel dev` and the demonstration need: missing, it is worth a note."""
    yield tried("java", lambda: str(find_java()), wrong="note")
    yield tried("kafka jars", _jars, wrong="note")


def _jars() -> str:
    cache = Path(os.environ.get("SCHAKEL_CACHE") or default_cache())
    held = sorted(cache.glob("kafka-*"))
    if not held:
        raise SchakelError(
            "none in the cache", remedy="`make setup` or `schakel kafka up` fetches them, once"
        )
    jars.verify(held[-1], jars.listed_digests(jars.deployment_files()))
    return "complete, with the digests that this release lists"
