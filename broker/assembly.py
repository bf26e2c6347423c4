"""The composition root: a profile becomes the parts of a process, and nothing else wires anything."""

from __future__ import annotations

import os
from pathlib import Path

from broker.adapters.crash import crash_probe
from broker.adapters.document_files import FolderDocuments
from broker.adapters.inbox import SqliteInbox
from broker.adapters.kafka_admin import KafkaAdmin
from broker.adapters.kafka_connection import KafkaAccess, diagnose
from broker.adapters.kafka_sink import KafkaSink
from broker.adapters.kafka_source import KafkaSource, SourceTuning
from broker.adapters.keyfiles import KeyRing, load_key_ring
from broker.adapters.system import SandboxClock, SystemClock, system_entropy
from broker.adapters.tuf_repository import RegistryReader
from broker.envelope.model import Sender
from broker.errors import ConfigurationError, UsageError
from broker.names import TopicName
from broker.parts import AnswerParts, GateParts, PublisherParts, SubscriberParts
from broker.pipelines.deliver import Reader
from broker.pipelines.gate import GateIdentity
from broker.ports import Clock, DocumentStore, Probe
from broker.self_test import run_self_test
from broker.settings import AgencyProfile, GateProfile, Profile
from broker.signing import VerificationCache
from broker.topics import DECISIONS, EXCHANGE_TOPICS, decisions_topic
from broker.trust.keeper import TrustKeeper
from broker.trust.view import GATE

__all__ = [
    "LEDGER_TUNING",
    "answer_parts",
    "clock",
    "documents",
    "exchange_parts",
    "gate_parts",
    "kafka_access",
    "kafka_admin",
    "kafka_weaknesses",
    "keeper",
    "probe",
    "publisher_parts",
    "require_kafka",
    "sender",
    "subscriber_parts",
    "system_entropy",
]

LEDGER_TUNING = SourceTuning(gather=0.1, fetch_most=1_048_576)
"""A batch costs the ledger two commits and a row of files, whatever its size, and nobody waits for it; its
memory is mostly SQLAlchemy's, so it reads ahead less than others."""


def publisher_parts(profile: AgencyProfile, role: str | None = None) -> PublisherParts:
    """What the publisher of an agency, in one of its roles (its first by default) needs.

    Raises:
        ConfigurationError: A key, certificate or file of the profile is unusable.
    """
    run_self_test()
    ring = _keys(profile.keys, profile)
    return PublisherParts(
        sink=KafkaSink(kafka_access(profile), profile.name),
        keeper=keeper(profile),
        sender=sender(profile, role),
        signers=ring.signers,
        clock=clock(profile),
        entropy=system_entropy,
    )


def subscriber_parts(
    profile: AgencyProfile, role: str | None = None, group: str = "inbox"
) -> SubscriberParts:
    """What the subscriber of an agency needs: its decisions topic, its inbox, its sealing keys.

    Args:
        group: Last part of the consumer group; subscribers of one group share the work.

    Raises:
        ConfigurationError: As for `publisher_parts`.
    """
    run_self_test()
    ring = _keys(profile.keys, profile)
    access = kafka_access(profile)
    return SubscriberParts(
        source=KafkaSource(
            access, [decisions_topic(profile.oin)], f"{profile.name}.{group}", profile.instance
        ),
        sink=KafkaSink(access, f"{profile.name}-receipts"),
        inbox=SqliteInbox(profile.inbox),
        keeper=keeper(profile),
        reader=_reader(profile, ring),
        sender=sender(profile, role),
        signers=ring.signers,
        clock=clock(profile),
        entropy=system_entropy,
        probe=probe(profile),
    )


def answer_parts(profile: AgencyProfile) -> AnswerParts:
    """What is needed to watch for answers from this moment on, beside the agency's subscriber.

    Raises:
        ConfigurationError: As for `publisher_parts`.
        UnavailableError: Kafka does not answer.
    """
    access = kafka_access(profile)
    topic = decisions_topic(profile.oin)
    with KafkaAdmin(access) as admin:
        ends = admin.end_offsets([topic])
    start = {(TopicName(name), partition): offset for (name, partition), offset in ends.items()}
    return AnswerParts(
        source=KafkaSource.assigned(access, [topic], start),
        keeper=keeper(profile),
        reader=_reader(profile, _keys(profile.keys, profile)),
        clock=clock(profile),
    )


def gate_parts(profile: GateProfile) -> GateParts:
    """What a gate of the exchange needs; several share the work by partition.

    Raises:
        ConfigurationError: As for `publisher_parts`.
    """
    run_self_test()
    access, told = kafka_access(profile), probe(profile)
    return GateParts(
        source=KafkaSource(access, EXCHANGE_TOPICS, "gate", profile.instance),
        sink=KafkaSink(access, profile.name, sent=lambda: told("G3")),
        keeper=keeper(profile),
        clock=clock(profile),
        identity=GateIdentity(profile.oin, profile.name),
        signers=_keys(profile.keys, profile).signers,
        probe=told,
    )


def exchange_parts(profile: GateProfile) -> PublisherParts:
    """What the exchange needs to say something itself: it sends in the role of its gate.

    Raises:
        ConfigurationError: As for `publisher_parts`.
    """
    run_self_test()
    return PublisherParts(
        sink=KafkaSink(kafka_access(profile), f"{profile.name}-reminders"),
        keeper=keeper(profile),
        sender=Sender(profile.oin, GATE, profile.name),
        signers=_keys(profile.keys, profile).signers,
        clock=clock(profile),
        entropy=system_entropy,
    )


def require_kafka(profile: Profile) -> None:
    """See at once whether Kafka answers, rather than after all the patience of a client.

    Raises:
        UnavailableError: No node does; the cause is named.
        ConfigurationError: A file or a certificate does not fit.
    """
    if (cause := diagnose(kafka_access(profile))) is not None:
        raise cause


def keeper(profile: Profile) -> TrustKeeper:
    """The registry as this party sees it, refreshed every two seconds.

    Raises:
        ConfigurationError: The trusted root document cannot be read.
    """
    registry = profile.registry
    try:
        root = registry.root.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"the trusted root of the registry, {registry.root}, cannot be read",
            why=error.strerror or "",
            remedy="Get it from the exchange by a safe way, and name it in `registry.root`",
        ) from error
    return TrustKeeper(RegistryReader(registry.source, registry.cache, root), clock(profile))


def clock(profile: Profile) -> Clock:
    """The machine's clock; that of its sandbox for a party of one."""
    return SystemClock() if profile.clock is None else SandboxClock(profile.clock)


def documents(folder: Path) -> DocumentStore:
    """The documents in *folder*, as files."""
    return FolderDocuments(folder)


def kafka_access(profile: Profile) -> KafkaAccess:
    """How this party reaches Kafka."""
    kafka = profile.kafka
    return KafkaAccess(kafka.bootstrap, kafka.ca, kafka.certificate)


def kafka_admin(profile: Profile) -> KafkaAdmin:
    """What an operator does to Kafka, with the rights of this party."""
    return KafkaAdmin(kafka_access(profile))


def kafka_weaknesses(profile: Profile) -> tuple[str, ...]:
    """Where Kafka promises less than the exchange relies on (delivery.md 1.1); tolerated in development.

    Raises:
        ConfigurationError: There is something, and this is production.
        UnavailableError: Kafka does not answer.
    """
    with kafka_admin(profile) as admin:
        # Promise 1 stands on the decisions topics: what is acknowledged there is the audit record.
        decisions = [topic for topic in admin.topics() if DECISIONS.fullmatch(topic)]
        return admin.check_settings([*EXCHANGE_TOPICS, *decisions], development=profile.development)


def sender(profile: AgencyProfile, role: str | None = None) -> Sender:
    """This agency as the sender of messages.

    Raises:
        UsageError: The profile does not have that role.
    """
    if role is None:
        return Sender(profile.oin, profile.roles[0], profile.system)
    for own in profile.roles:
        if own == role:
            return Sender(profile.oin, own, profile.system)
    raise UsageError(
        f"{profile.name} does not act as {role!r}", remedy=f"Choose one of {', '.join(profile.roles)}"
    )


def _keys(folder: Path, profile: Profile) -> KeyRing:
    return load_key_ring(folder, profile.oin, development=profile.development)


def _reader(profile: AgencyProfile, ring: KeyRing) -> Reader:
    return Reader(profile.oin, ring.unwrappers, VerificationCache())


def probe(profile: Profile) -> Probe:
    """What kills this process at a point, when a fault test says so in development mode.

    Raises:
        ConfigurationError: A crash point is set outside development mode.
    """
    return crash_probe(os.environ.get("SCHAKEL_CRASH_POINT", ""), development=profile.development)
