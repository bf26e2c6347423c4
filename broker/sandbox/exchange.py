"""A whole exchange laid out in one directory: registry, keys, certificates, agreements and profiles.

Nothing runs yet when `build` returns; `broker.sandbox.processes` starts it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.adapters.kafka_admin import KafkaAdmin
from broker.adapters.kafka_connection import KafkaAccess
from broker.adapters.system import SandboxClock
from broker.catalogue.load import load_catalogue
from broker.operations import topics
from broker.operations.parties import parties
from broker.operations.topics import GATE, LEDGER
from broker.sandbox.cast import AGENCIES, EXCHANGE, CastMember, member
from broker.sandbox.kafka import ADMIN
from broker.sandbox.layout import Layout
from broker.sandbox.members import LOG_SECOND_KEY, enrol_agencies, enrol_exchange, issue_certificates
from broker.sandbox.registry import create_registry, renew_registry
from broker.sandbox.toml_files import TomlValue, write_toml
from broker.sandbox.witnesses import enrol_witnesses, has_second_key
from schemas.reading import packaged

__all__ = ["LOG_ORIGIN", "PARTITIONS", "Exchange", "build", "make_topics"]

LOG_ORIGIN: Final = "zandbak.invalid/schakel"
"""First line of each checkpoint of the sandbox's ledger."""

PARTITIONS: Final = 2
"""Of each topic in the sandbox: enough to see that order is kept per case and not per topic."""

_VIEWERS: Final = ("inspector", "chief-inspector", "auditor")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A laid-out exchange."""

    layout: Layout

    def profile(self, name: str) -> Path:
        """The profile of one agency by its short name."""
        return self.layout.profile(name)


def build(directory: Path, bootstrap: Sequence[str], database: str | None = None) -> Exchange:
    """Lay out an exchange in *directory*; one that is there already keeps its keys and is brought up to date.

    Args:
        directory: Created when it does not exist.
        bootstrap: The addresses of Kafka.
        database: Of the ledger: a PostgreSQL URL, or None for SQLite in the directory.
    """
    layout = Layout(directory.absolute())
    now = SandboxClock(layout.clock).now()
    if layout.is_built:
        renew_registry(layout, now)
    else:
        layout.run.mkdir(parents=True, exist_ok=True)
        layout.directory.chmod(0o700)
        begun = layout.run / "laying-out"
        if begun.exists():
            # Whoever began was killed before any of this was used; keys are never overwritten: begin again.
            for part in ("exchange", "agencies", "registry", "witnesses"):
                shutil.rmtree(layout.directory / part, ignore_errors=True)
        begun.touch()
        issue_certificates(layout)
        members = {EXCHANGE.name: enrol_exchange(layout), **enrol_agencies(layout, now)}
        _write_roots(layout, create_registry(layout, members, now))
    enrol_witnesses(layout, LOG_ORIGIN)
    _write_profiles(layout, bootstrap, database)
    (layout.run / "laying-out").unlink(missing_ok=True)
    return Exchange(layout)


def make_topics(layout: Layout, bootstrap: Sequence[str]) -> topics.Difference:
    """Make the topics and access lists of the sandbox in its Kafka, with as many copies as it has nodes.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    access = KafkaAccess(tuple(bootstrap), layout.pki / "ca.pem", layout.pki / f"{ADMIN}.pem")
    planned = topics.plan(
        parties({cast.name: (cast.oin, cast.roles) for cast in AGENCIES}, load_catalogue(packaged())),
        PARTITIONS,
        3 if len(bootstrap) >= 3 else 1,
    )
    with KafkaAdmin(access) as admin:
        return topics.apply(planned, admin)


def _write_roots(layout: Layout, root: bytes) -> None:
    """Every party gets the first root document itself: that is why it believes the registry."""
    for folder in (layout.exchange, *(layout.agency(cast.name) for cast in AGENCIES)):
        (folder / "root.json").write_bytes(root)


def _write_profiles(layout: Layout, bootstrap: Sequence[str], database: str | None) -> None:
    for cast in AGENCIES:
        write_toml(layout.profile(cast.name), _agency(cast, bootstrap))
    write_toml(layout.gate_profile, {**_party(GATE, bootstrap, "../pki"), "keys": "keys"})
    ledger: dict[str, TomlValue] = {
        **_party(LEDGER, bootstrap, "../pki"),
        "database": database or _kept_database(layout) or "sqlite:///ledger.sqlite",
        "tlog": "tlog",
        "origin": LOG_ORIGIN,
        "key": "keys/sign-ed25519.pem",
        **({"key_mldsa": f"keys/{LOG_SECOND_KEY}"} if has_second_key(layout) else {}),
        "witnesses": {"policy": layout.policy.name},
    }
    write_toml(layout.ledger_profile, ledger)
    for role in _VIEWERS:
        write_toml(layout.viewer_profile(role), _viewer(role))
    write_toml(layout.operator_profile, _party(ADMIN, bootstrap, "../pki"))


def _viewer(role: str) -> dict[str, TomlValue]:
    inspectorate = member("inspectie-jeugdzorg")
    return {
        "name": inspectorate.name,
        "oin": inspectorate.oin,
        "role": role,
        "certificate": f"../pki/{inspectorate.name}.pem",
        "ledger": "ledger.toml",
    }


def _kept_database(layout: Layout) -> str | None:
    """The database that an existing sandbox uses: starting it again must not change that."""
    if not layout.ledger_profile.exists():
        return None
    lines = layout.ledger_profile.read_text(encoding="utf-8").splitlines()
    line = next((line for line in lines if line.startswith("database = ")), None)
    return None if line is None else str(json.loads(line.removeprefix("database = ")))


def _agency(cast: CastMember, bootstrap: Sequence[str]) -> dict[str, TomlValue]:
    return {
        **_party(cast.name, bootstrap, "../../pki"),
        "clock": "../../run/clock",
        "oin": cast.oin,
        "roles": cast.roles,
        "system": "zandbak",
        "keys": "keys",
        "inbox": "inbox.sqlite",
        "registry": _registry("../../registry/public"),
    }


def _party(name: str, bootstrap: Sequence[str], pki: str) -> dict[str, TomlValue]:
    return {
        "name": name,
        "oin": EXCHANGE.oin,
        "development": True,
        "clock": "../run/clock",
        "kafka": {"bootstrap": bootstrap, "ca": f"{pki}/ca.pem", "certificate": f"{pki}/{name}.pem"},
        "registry": {**_registry("../registry/public"), "cache": f"cache/{name}"},
    }


def _registry(source: str) -> dict[str, TomlValue]:
    return {"source": source, "root": "root.json", "cache": "cache/registry"}
