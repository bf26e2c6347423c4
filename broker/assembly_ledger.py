"""The composition root of the ledger: apart, so that gates and agencies do not load a database.

Same rule as `broker.assembly`: a profile becomes the parts of a process, and nothing else wires anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from broker.adapters.access_log import SqlAccessLog
from broker.adapters.access_rules import installed_rules
from broker.adapters.certificates import read_certificate
from broker.adapters.database import migrate_apart, no_ledger, open_engine
from broker.adapters.kafka_sink import KafkaSink
from broker.adapters.kafka_source import KafkaSource
from broker.adapters.keyfiles import read_signer
from broker.adapters.ledger_obligations import SqlObligationReader
from broker.adapters.ledger_reader import SqlLedgerReader
from broker.adapters.ledger_store import SqlLedgerStore
from broker.adapters.tiles import TileDirectory
from broker.adapters.witness_client import HttpWitnessCall, require_witness_url
from broker.assembly import LEDGER_TUNING, clock, kafka_access, keeper, probe, system_entropy
from broker.audit.access_store import access_origin
from broker.audit.checkpoint import LogKey, SecondKey, VerifierKey
from broker.audit.policy import Policy, parse_policy
from broker.audit.store import TileStore
from broker.errors import ConfigurationError, MalformedError
from broker.names import Algorithm, Oin
from broker.parts import AccessPublishing, AuditParts, LedgerParts, Witnesses
from broker.pipelines.obligation_book import ObligationBook
from broker.self_test import run_self_test
from broker.settings import LedgerProfile
from broker.topics import DECISIONS

__all__ = [
    "access_publishing",
    "audit_parts",
    "certificate_person",
    "ledger_parts",
    "published_log",
    "read_policy",
    "rebuild_obligations",
]

_LEDGER_GROUP = "ledger"
"""Nobody joins it: the ledger's offsets are in its database, and shown here for others to see."""


def ledger_parts(profile: LedgerProfile) -> LedgerParts:
    """What the ledger writer needs; from this moment no other process may write to this log.

    Raises:
        ConfigurationError: The key, the folder or the database is unusable, or another writer runs.
        UnavailableError: The database did not answer.
    """
    run_self_test()
    access, told = kafka_access(profile), probe(profile)
    signer = read_signer(profile.key)
    migrate_apart(profile.database)
    engine = open_engine(profile.database)
    store = SqlLedgerStore(engine, profile.origin, told)
    return LedgerParts(
        source=KafkaSource.assigned(access, DECISIONS, store.next_offsets(), LEDGER_TUNING, _LEDGER_GROUP),
        store=store,
        tiles=TileDirectory(profile.tlog).acquire(),
        key=LogKey(signer, VerifierKey(profile.origin, signer.verifying_key), _second_key(profile)),
        keeper=keeper(profile),
        clock=clock(profile),
        checkpoints=KafkaSink(access, profile.name),
        probe=told,
        witnesses=_witnesses(profile),
    )


def published_log(folder: Path) -> TileStore:
    """A published log in *folder*, to be read: the ledger's own, or a copy that somebody took.

    Raises:
        ConfigurationError: There is no log.
    """
    if not (folder / "checkpoint").is_file():
        raise ConfigurationError(
            f"there is no published log in {folder}", remedy="Name the folder that holds the file checkpoint"
        )
    return TileDirectory(folder)


def audit_parts(profile: LedgerProfile) -> AuditParts:
    """What reading the audit trail needs; the key of the log is not touched.

    Raises:
        ConfigurationError: There is no ledger yet, or its address or the registry's root is unusable.
    """
    _require_file(profile)
    engine = open_engine(profile.database)
    reader = SqlLedgerReader(engine)
    tiles = TileDirectory(profile.tlog)
    return AuditParts(
        reader=reader,
        accesses=SqlAccessLog(engine),
        tiles=tiles,
        directory=str(profile.tlog),
        keeper=keeper(profile),
        clock=clock(profile),
        obligations=SqlObligationReader(engine),
        access_tiles=TileDirectory(profile.access_folder),
        rules=installed_rules(),
        entropy=system_entropy,
    )


def access_publishing(profile: LedgerProfile) -> AccessPublishing:
    """What publishing the access log needs; from this moment no other process may publish it.

    Raises:
        ConfigurationError: The key or the folder is unusable, or another process publishes it.
    """
    signer, name = read_signer(profile.key), access_origin(profile.origin)
    # It holds who looked: nobody but the exchange and whoever it is shown to reads it.
    profile.access_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return AccessPublishing(
        store=SqlAccessLog(open_engine(profile.database)),
        tiles=TileDirectory(profile.access_folder).acquire(),
        key=LogKey(signer, VerifierKey(name, signer.verifying_key), _second_key(profile)),
        clock=clock(profile),
    )


def certificate_person(path: Path, oin: Oin) -> str:
    """How the access log names the owner of the client certificate in *path*.

    Raises:
        ConfigurationError: There is none in it, or it is of another agency than *oin*.
    """
    facts = read_certificate(path)
    if facts.oin and facts.oin != oin:
        raise ConfigurationError(
            f"the certificate in {path} is of another agency",
            why=f"it is of {facts.oin}, and the profile of {oin}",
            remedy="Name the certificate that was issued for you",
        )
    return f"certificate:{facts.name[:100]}:{facts.fingerprint}"


def rebuild_obligations(profile: LedgerProfile) -> int:
    """Work every obligation out again from the ledger's entries; returns how many there are.

    Raises:
        ConfigurationError: There is no ledger yet, the database is another log's, the registry's root is
            unusable; or, on SQLite, a ledger writer runs (code ``writer-runs``).
        UnavailableError: The database or the registry did not answer.
    """
    _require_file(profile)
    engine = open_engine(profile.database)
    try:
        with _no_writer(profile) if engine.dialect.name == "sqlite" else nullcontext():
            # First, and with older tables too: where there is no ledger, none is made.
            SqlLedgerReader(engine).state()
            migrate_apart(profile.database)
            book = ObligationBook(keeper(profile).current())
            return SqlLedgerStore(engine, profile.origin).rebuild(book.rebuild)
    finally:
        engine.dispose()


def _second_key(profile: LedgerProfile) -> SecondKey | None:
    if profile.key_mldsa is None:
        return None
    signer = read_signer(profile.key_mldsa)
    if signer.algorithm is not Algorithm.ML_DSA_44:
        raise ConfigurationError(
            "key_mldsa names a key of another algorithm",
            why=signer.algorithm.name,
            remedy="Name an ML-DSA-44 key, or leave it out",
        )
    return SecondKey(signer, signer.verifying_key)


def _witnesses(profile: LedgerProfile) -> Witnesses | None:
    if profile.witnesses is None:
        return None
    policy = read_policy(profile.witnesses.policy)
    for witness in policy.witnesses:
        if witness.url is not None:
            require_witness_url(witness.url)
    return Witnesses(policy, HttpWitnessCall(), profile.witnesses.every_seconds)


def read_policy(path: Path) -> Policy:
    """The policy of a log, from a file.

    Raises:
        ConfigurationError: It cannot be read, or is no policy.
    """
    try:
        return parse_policy(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"the policy cannot be read: {path}", why=error.strerror or "", remedy="Correct the path"
        ) from error
    except MalformedError as error:
        raise ConfigurationError(
            f"not a policy: {path}", why=error.what, remedy="See docs/how-to/run-a-witness.md"
        ) from error


def _require_file(profile: LedgerProfile) -> None:
    """A file that is not there is not made by whoever looks for a ledger in it."""
    file = profile.database.removeprefix("sqlite:///")
    if file != profile.database and not Path(file).exists():
        raise no_ledger(file)


@contextmanager
def _no_writer(profile: LedgerProfile) -> Iterator[None]:
    """Keep the ledger writer from starting: SQLite has one writer, and a long transaction would stop it."""
    tiles = TileDirectory(profile.tlog)
    try:
        tiles.acquire()
    except ConfigurationError as error:
        if error.code != "locked":
            raise
        raise ConfigurationError(
            "obligations cannot be made again while the ledger writer runs",
            why="SQLite has one writer at a time",
            remedy="Stop the ledger writer, call this again, and start it; on PostgreSQL it may go on",
            code="writer-runs",
        ) from error
    try:
        yield
    finally:
        tiles.close()
