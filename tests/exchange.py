"""A whole exchange on a real Kafka, for the tests that prove the promises.

1. Its processes are the real ones, each a child of the test: its exit status says how it ended.
2. A process may be told to kill itself at a kill point; `Child.died_at` says whether it did, and where.
3. What stands on Kafka is read with the administrator's rights, from the beginning or from a mark.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from broker.adapters.kafka_admin import KafkaAdmin
from broker.adapters.kafka_sink import KafkaSink
from broker.adapters.kafka_source import KafkaSource
from broker.logs import PROCESS_STARTED
from broker.names import CaseRef, GroupName, MessageCode, Micros, Oin, Regime, TopicName
from broker.ports import Message
from broker.records.model import Addressee, Record
from broker.records.template import template
from broker.sandbox.cast import member
from broker.sandbox.exchange import build, make_topics
from broker.sandbox.layout import Layout
from broker.sandbox.timekeeping import begin_at
from broker.topics import decisions_topic
from broker.trust.view import TrustView
from producers.client import Publisher
from tests.kafka_ladder import RealKafka

__all__ = ["HOME", "Child", "RealExchange", "eventually", "report", "running_exchange"]

HOME = Path(__file__).parents[1]
_PAUSE = 0.02
_START_SECONDS = 60.0


def eventually(holds: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Wait until *holds*.

    Raises:
        AssertionError: It does not within *seconds*.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(_PAUSE)


@dataclass
class Child:
    """One process of the exchange or of an agency."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    begin: int

    @property
    def text(self) -> str:
        """What it wrote since it started."""
        with self.log.open("rb") as file:
            file.seek(self.begin)
            return file.read().decode("utf-8", "replace")

    @property
    def pid(self) -> int:
        """Its pid."""
        return self.process.pid

    def ready(self) -> bool:
        """Whether it said that it has started."""
        assert self.process.poll() is None, f"{self.name} ended: {self.text[-2000:]}"
        return PROCESS_STARTED in self.text

    def died_at(self, point: str) -> bool:
        """Whether it ended, and did so by SIGKILL at *point* and nowhere else."""
        if self.process.poll() is None:
            return False
        said = f"killed at {point}" in self.text
        assert (self.process.returncode, said) == (-signal.SIGKILL, True), (
            f"{self.name} ended with {self.process.returncode}, not at {point}: {self.text[-2000:]}"
        )
        return True

    def end(self) -> int:
        """Its exit status, after it was asked to end."""
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(5)

    def memory(self) -> int:
        """Bytes of its resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024


@dataclass
class RealExchange:
    """A laid-out exchange with its topics; its processes run when a test starts them.

    Attributes:
        kafka: The Kafka it runs on.
        layout: Where it lies.
    """

    kafka: RealKafka
    layout: Layout
    children: dict[str, Child] = field(default_factory=dict)

    def start(self, name: str, *, point: str = "", environment: Mapping[str, str] | None = None) -> Child:
        """Start ``gate`` or ``ledger``, or the desk of an agency by its short name.

        Args:
            point: Where it is to kill itself: ``POINT:N``.
        """
        profile = {"gate": self.layout.gate_profile, "ledger": self.layout.ledger_profile}.get(name)
        if profile is not None:
            words = ["broker.cli.main", name, "run", "--profile", str(profile)]
        else:
            words = ["tests.programs.desk", str(self.layout.profile(name))]
        return self._spawn(name, words, {"SCHAKEL_CRASH_POINT": point, **(environment or {})})

    def run(self, *names: str) -> list[Child]:
        """Have these run, and wait until all of them are ready."""
        for name in names:
            if name not in self.children or self.children[name].process.poll() is not None:
                self.start(name)
        children = [self.children[name] for name in names]
        for child in children:
            eventually(child.ready, f"{child.name} is ready", _START_SECONDS)
        return children

    def stop(self, *names: str) -> dict[str, int]:
        """Stop these, all if none is named, and return their exit statuses."""
        chosen = names or tuple(self.children)
        for name in chosen:
            if self.children[name].process.poll() is None:
                self.children[name].process.terminate()
        return {name: self.children.pop(name).end() for name in chosen}

    def schakel(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Call the command, as a person would."""
        command = [sys.executable, "-m", "broker.cli.main", *words]
        return subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=120, check=False)

    def oin(self, name: str) -> Oin:
        """The OIN of an agency."""
        return member(name).oin

    def decisions(self, name: str) -> TopicName:
        """The decisions topic of an agency."""
        return decisions_topic(self.oin(name))

    @contextmanager
    def publisher(self, name: str = "shg-noord") -> Iterator[Publisher]:
        """The real publisher of an agency."""
        publisher = Publisher.from_profile(self.layout.profile(name))
        try:
            yield publisher
        finally:
            publisher.close()

    @contextmanager
    def sink(self, name: str) -> Iterator[KafkaSink]:
        """Raw writing to Kafka, with the rights of a party."""
        sink = KafkaSink(self.kafka.access(name), f"{name}-test")
        try:
            yield sink
        finally:
            sink.close()

    def marks(self, *topics: str) -> dict[tuple[TopicName, int], int]:
        """Where the topics end now."""
        with KafkaAdmin(self.kafka.admin_access) as admin:
            ends = admin.end_offsets(topics or admin.topics())
        return {(TopicName(topic), partition): offset for (topic, partition), offset in ends.items()}

    def records(
        self, *topics: str, since: Mapping[tuple[TopicName, int], int] | None = None
    ) -> list[Message]:
        """Everything on *topics* up to now, in the order of each partition."""
        ends = {place: end for place, end in self.marks(*topics).items() if end > (since or {}).get(place, 0)}
        source = KafkaSource.assigned(self.kafka.admin_access, topics, dict(since or {}))
        found: list[Message] = []
        try:
            eventually(lambda: self._read(source, found, ends), "everything is read")
        finally:
            source.close()
        return found

    def lag(self, group: str, *topics: str) -> int:
        """How many records a group has not finished."""
        with KafkaAdmin(self.kafka.admin_access) as admin:
            return sum(one.messages for one in admin.lag(group, topics))

    def _read(
        self, source: KafkaSource, found: list[Message], ends: dict[tuple[TopicName, int], int]
    ) -> bool:
        for message in source.poll(0.2, 5000) if ends else ():
            place, offset = (message.position.topic, message.position.partition), message.position.offset
            found.append(message)
            if offset + 1 >= ends.get(place, offset + 2):
                ends.pop(place, None)
        return not ends

    def _spawn(self, name: str, words: Sequence[str], environment: Mapping[str, str]) -> Child:
        self.layout.run.mkdir(exist_ok=True)
        log = self.layout.run / f"{name}.log"
        begin = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=HOME,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.children[name] = Child(name, process, log, begin)
        return self.children[name]


@contextmanager
def running_exchange(kafka: RealKafka, start: Micros | None = None) -> Iterator[RealExchange]:
    """An exchange on *kafka*, beside its test authority; every process that was started is stopped.

    Args:
        start: When its time begins; now, by default.
    """
    layout = Layout(kafka.pki.parent)
    if start is not None:
        begin_at(layout, start)
    build(layout.directory, kafka.bootstrap)
    _name_instances(layout)
    make_topics(layout, kafka.bootstrap)
    exchange = RealExchange(kafka, layout)
    try:
        yield exchange
    finally:
        exchange.stop()


def _name_instances(layout: Layout) -> None:
    """A process that was killed takes its place again at once, not after its session has run out."""
    profiles = {"gate": layout.gate_profile, **{n: layout.profile(n) for n in ("amk-noord", "shg-noord")}}
    for name, profile in profiles.items():
        text = profile.read_text(encoding="utf-8")
        profile.write_text(f"instance = {json.dumps(name)}\n{text}", encoding="utf-8")


def report(view: TrustView, case: CaseRef, mark: str, to: str = "amk-noord") -> Record:
    """A report (E01) that is allowed, with *mark* as the sender's own case number in its content."""
    entry = view.catalogue.messages[MessageCode("E01")]
    groups = template(view.schemas[entry.schema_digest])
    groups[GroupName("REF")] = {**groups[GroupName("REF")], "case_ref_sender": mark}  # type: ignore[dict-item]
    addressee = member(to)
    return Record(
        code=entry.code,
        to=(Addressee(addressee.oin, addressee.roles[0]),),
        case_ref=case,
        purpose=entry.purposes[0],
        legal_basis=entry.legal_bases[0],
        regime=Regime.R1,
        groups=groups,
        assertions={a.name: a.values[0] for a in entry.assertions if a.values},
    )
