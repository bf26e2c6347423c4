"""What an operator does to Kafka: topics, access lists, lag, and the check that promises are kept.

1. Creating and granting are idempotent: what is there already is left alone and not reported as made.
2. Every call has a time-out; the library's errors become ours.
3. `check_settings` is the start-up guard: a process refuses a Kafka that promises less than it relies on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, OffsetSpec
from kafka.errors import KafkaError, TopicAuthorizationFailedError, for_code

from broker.adapters.kafka_connection import KafkaAccess, connect
from broker.adapters.kafka_errors import meaning, translate, translated
from broker.adapters.kafka_grants import Grant, acl_of, any_acl, every_acl, grant_of
from broker.errors import ConfigurationError, DeadlineError, UnauthorisedError

__all__ = ["KafkaAdmin", "Lag", "Promise", "Topic"]

_T = TypeVar("_T")
_READY_SECONDS: Final = 15.0
_PAUSE: Final = 0.02
_OFFSETS_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should be or is.

    Args:
        name: Its name.
        partitions: How many partitions.
        replication: How many copies of each.
        settings: Topic settings that differ from the cluster's, sorted by name.
    """

    name: str
    partitions: int
    replication: int
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a group is behind in one partition."""

    topic: str
    partition: int
    committed: int | None
    """Next offset to read, or None when the group never committed there."""
    end: int

    @property
    def messages(self) -> int:
        """How many records are not finished yet."""
        return self.end - (self.committed or 0)


@dataclass(frozen=True, slots=True)
class Promise:
    """What a process relies on (delivery.md 1.1)."""

    replication: int = 3
    min_insync: int = 2
    brokers: Mapping[str, str] = field(
        default_factory=lambda: {
            "unclean.leader.election.enable": "false",
            "auto.create.topics.enable": "false",
        }
    )


class KafkaAdmin:
    """An operator's connection, made at the first call; threads may share it."""

    def __init__(self, access: KafkaAccess) -> None:
        self._access = access
        self._client: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def topics(self) -> tuple[str, ...]:
        """The names of all topics that we may see, Kafka's own left out."""
        return tuple(sorted(state["name"] for state in self._metadata(None)))

    def partitions(self) -> tuple[tuple[str, int], ...]:
        """Topic and partition of all that we may see."""
        found = self._metadata(None)
        return tuple(sorted((t["name"], p["partition_index"]) for t in found for p in t["partitions"]))

    def describe(self, names: Sequence[str]) -> Mapping[str, Topic]:
        """Those of *names* that exist, with the settings that differ from the cluster's.

        Raises:
            UnauthorisedError: We may not see one of them, or its settings.
        """
        if not names:
            return {}
        found = {state["name"]: state["partitions"] for state in self._metadata(list(names))}
        settings = self._configs("TOPIC", list(found), "modified") if found else {}
        return {
            name: Topic(
                name, len(parts), len(parts[0]["replica_nodes"]), tuple(sorted(settings[name].items()))
            )
            for name, parts in found.items()
        }

    def create(self, topics: Iterable[Topic]) -> tuple[str, ...]:
        """Create those that do not exist, wait until they can be used, and return their names.

        Raises:
            ConfigurationError: Kafka cannot make one as asked (for instance too few nodes).
            DeadlineError: One has no leader in time.
        """
        wanted = {topic.name: topic for topic in topics}
        new = {name: _creation(wanted[name]) for name in sorted(wanted.keys() - set(self.topics()))}
        if not new:
            return ()
        answer = self._ask("create topics", lambda client: client.create_topics(new, raise_errors=False))
        made = []
        for state in answer["topics"]:
            if state["error_code"] == 0:
                made.append(state["name"])
            elif (kind := for_code(state["error_code"])).__name__ != "TopicAlreadyExistsError":
                raise translate(kind(), f"create topic {state['name']}")
        self._await_topics(list(new))
        return tuple(made)

    def delete(self, names: Sequence[str]) -> None:
        """Delete topics and all that is in them."""
        self._ask("delete topics", lambda client: client.delete_topics(list(names)))

    def configure(self, name: str, settings: Mapping[str, str]) -> None:
        """Change settings of one topic and leave its others alone."""
        change = [ConfigResource("TOPIC", name, dict(settings))]
        self._ask(f"configure topic {name}", lambda client: client.alter_configs(change, incremental=True))

    def grants(self) -> frozenset[Grant]:
        """Every line of every access list of a kind that `Grant` can say."""
        acls, _ = self._ask("read the access lists", lambda client: client.describe_acls(any_acl()))
        return frozenset(grant for acl in acls if (grant := grant_of(acl)) is not None)

    def grant(self, grants: Iterable[Grant]) -> tuple[Grant, ...]:
        """Add lines and return those that were not there."""
        new = sorted(set(grants) - self.grants())
        if new:
            lines = [acl_of(grant) for grant in new]
            answer = self._ask("write the access lists", lambda client: client.create_acls(lines))
            for kind in answer["failed"]:
                raise translate(kind(), "write the access lists")
            self._await_grants(new)
        return tuple(new)

    def revoke(self, grants: Iterable[Grant]) -> tuple[Grant, ...]:
        """Remove lines and return those that were there."""
        old = sorted(set(grants) & self.grants())
        if old:
            lines = [acl_of(grant) for grant in old]
            for _, _, kind in self._ask("write the access lists", lambda client: client.delete_acls(lines)):
                if kind.errno:
                    raise translate(kind(), "write the access lists")
        return tuple(old)

    def end_offsets(self, topics: Sequence[str]) -> Mapping[tuple[str, int], int]:
        """The offset after the last record of each partition of *topics*; unknown topics are left out."""
        if not topics:
            return {}
        found = self._metadata(list(topics))
        asked = {
            TopicPartition(t["name"], p["partition_index"]): OffsetSpec.LATEST
            for t in found
            for p in t["partitions"]
        }
        if not asked:
            return {}
        answer = self._ask(
            "read end offsets", lambda client: client.list_partition_offsets(asked, timeout_ms=_OFFSETS_MS)
        )
        return {(tp.topic, tp.partition): found.offset for tp, found in answer.items()}

    def committed(self, group: str) -> Mapping[tuple[str, int], int]:
        """What *group* committed: topic and partition to next offset."""
        answer = self._ask("read committed offsets", lambda client: client.list_group_offsets({group: None}))
        offsets = answer.get(group, {})
        return {(tp.topic, tp.partition): known.offset for tp, known in offsets.items() if known.offset >= 0}

    def lag(self, group: str, topics: Sequence[str]) -> tuple[Lag, ...]:
        """How far *group* is behind in every partition of *topics*."""
        # Committed before end: a lag is then never negative, at worst a little too large.
        committed = self.committed(group)
        ends = self.end_offsets(topics)
        return tuple(Lag(t, p, committed.get((t, p)), end) for (t, p), end in sorted(ends.items()))

    def check_settings(
        self, topics: Sequence[str], promise: Promise | None = None, *, development: bool = False
    ) -> tuple[str, ...]:
        """Compare Kafka with what we rely on (delivery.md 1.1).

        Args:
            topics: Topics that we depend on.
            promise: The least that will do.
            development: Return what is weaker instead of refusing it.

        Returns:
            What is weaker, one sentence each; empty unless *development*.

        Raises:
            ConfigurationError: Something is weaker, or a topic is missing.
            UnauthorisedError: We may not read what is to be checked.
        """
        promise = promise or Promise()
        weaker = (*self._weaker_topics(topics, promise), *self._weaker_brokers(promise))
        if weaker and not development:
            raise ConfigurationError(
                "Kafka promises less than this process relies on",
                why="; ".join(weaker),
                remedy="Let the operator mend it (schakel topics plan), or run in development mode",
                code="kafka-weaker-settings",
            )
        return weaker

    def _weaker_topics(self, topics: Sequence[str], promise: Promise) -> list[str]:
        found = self.describe(topics)
        settings = self._configs("TOPIC", list(found), "all") if found else {}
        weaker = [f"topic {name} is missing" for name in topics if name not in found]
        for name, topic in found.items():
            if topic.replication < promise.replication:
                weaker.append(f"topic {name} has {topic.replication} copies, not {promise.replication}")
            if int(settings[name].get("min.insync.replicas", "0")) < promise.min_insync:
                weaker.append(f"topic {name} acknowledges with fewer than {promise.min_insync} copies")
            if settings[name].get("unclean.leader.election.enable") != "false":
                weaker.append(f"topic {name} may lose acknowledged records (unclean leader election)")
        return weaker

    def _weaker_brokers(self, promise: Promise) -> list[str]:
        nodes = [str(node) for node in self._nodes()]
        settings = self._configs("BROKER", nodes, "all")
        return [
            f"node {node} has {name}={settings[node].get(name)}, not {value}"
            for node in nodes
            for name, value in promise.brokers.items()
            if settings[node].get(name) != value
        ]

    def _connected(self) -> Any:
        if self._client is None:
            self._client = connect(self._access, KafkaAdminClient)
        return self._client

    def _ask(self, doing: str, question: Callable[[Any], _T]) -> _T:
        """Put a question, and once more to a new client if the first one's nodes went away since."""
        try:
            return question(self._connected())
        except KafkaError as error:
            if not meaning(type(error)).retriable:
                raise translate(error, doing) from error
            self.close()
        with translated(doing):
            return question(self._connected())

    def _metadata(self, names: list[str] | None) -> list[dict[str, Any]]:
        states: list[dict[str, Any]] = self._ask("read topics", lambda client: client.describe_topics(names))
        for state in states:
            if names is not None and for_code(state["error_code"]) is TopicAuthorizationFailedError:
                raise translate(TopicAuthorizationFailedError(), f"read topic {state['name']}")
        return [state for state in states if state["error_code"] == 0 and not state["is_internal"]]

    def _configs(self, kind: str, names: Sequence[str], which: str) -> dict[str, dict[str, str]]:
        asked = [ConfigResource(kind, name) for name in names]
        answer = self._ask(
            "read settings", lambda client: client.describe_configs(asked, config_filter=which)
        )
        found = answer.get(kind.lower(), {})
        if which == "all" and (hidden := [name for name in names if not found.get(name)]):
            # The library hides the refusal in an empty answer.
            raise UnauthorisedError(
                f"could not read the settings of {kind.lower()} {hidden[0]}",
                remedy="The access lists must grant describe_configs: schakel topics plan",
            )
        return {name: {key: c["value"] for key, c in found.get(name, {}).items()} for name in names}

    def _await_grants(self, new: Sequence[Grant]) -> None:
        """Until every node enforces them: the controller answers before the nodes know."""
        deadline = time.monotonic() + _READY_SECONDS
        for node in self._nodes():
            while not set(new) <= self._grants_at(node):
                if time.monotonic() > deadline:
                    raise DeadlineError("new access list lines do not hold yet", remedy="Try again")
                time.sleep(_PAUSE)

    def _nodes(self) -> list[int]:
        cluster = self._ask("read the nodes", lambda client: client.describe_cluster())
        return [node["broker_id"] for node in cluster["brokers"]]

    def _grants_at(self, node: int) -> frozenset[Grant]:
        """What one node enforces; the library's own question goes to any node."""

        def question(client: Any) -> Any:
            answer = client._manager.run(lambda: client._manager.send(every_acl(), node_id=node))
            return client._convert_describe_acls_response_to_acls(answer)

        acls, _ = self._ask("read the access lists", question)
        return frozenset(grant for acl in acls if (grant := grant_of(acl)) is not None)

    def _await_topics(self, names: list[str]) -> None:
        try:
            self._connected().wait_for_topics(names, timeout_ms=int(_READY_SECONDS * 1000))
        except KafkaError as error:
            raise DeadlineError("new topics have no leader yet", remedy="Try again") from error


def _creation(topic: Topic) -> dict[str, Any]:
    return {
        "num_partitions": topic.partitions,
        "replication_factor": topic.replication,
        "configs": dict(topic.settings),
    }
