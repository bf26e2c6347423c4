"""A real Kafka: who gets in, and who may do what."""

from __future__ import annotations

import datetime as dt
import gc
import itertools
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broker.adapters.kafka_admin import KafkaAdmin, Promise, Topic
from broker.adapters.kafka_connection import Cause, KafkaAccess, probe, tls_context
from broker.adapters.kafka_sink import KafkaSink, SinkLimits
from broker.adapters.kafka_source import KafkaSource, SourceTuning
from broker.errors import ConfigurationError, SchakelError, UnauthorisedError, UnavailableError
from broker.names import Oin, TopicName
from broker.operations.topics import Party, Plan, apply, compare, plan
from broker.ports import Message, Outgoing
from broker.sandbox import pki
from broker.topics import decisions_topic
from tests.kafka_ladder import RealKafka

pytestmark = [
    pytest.mark.kafka,
    # The client library leaves sockets of failed connections to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

_AMK = Party("amk-noord", Oin("00000099000000001000"), ("exchange.informatie",))
_SHG = Party("shg-noord", Oin("00000099000000002000"), ("exchange.meldingen",))
_HELLO = struct.pack(">ihhih", 10, 18, 0, 1, -1)
_SECONDS = 60.0
_numbers = itertools.count()


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Collect such sockets here, where that is known, and not in the next module."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def admin(kafka_cluster: RealKafka) -> Iterator[KafkaAdmin]:
    """The administrator."""
    with KafkaAdmin(kafka_cluster.admin_access) as connected:
        yield connected


@pytest.fixture(scope="module")
def planned(admin: KafkaAdmin) -> Plan:
    """The topics and access lists of two agencies, applied."""
    planned = plan([_AMK, _SHG], partitions=2, replication=1)
    apply(planned, admin)
    return planned


@pytest.fixture
def topic(admin: KafkaAdmin) -> TopicName:
    """A new topic of six partitions that only the administrator may use."""
    name = f"test.t{next(_numbers)}.{time.time_ns()}"
    admin.create([Topic(name, 6, 1)])
    return TopicName(name)


def _write(access: KafkaAccess, topic: str, *values: bytes, deadline: float = 30.0) -> None:
    sink = KafkaSink(access, "test", SinkLimits(deadline=deadline))
    try:
        sink.write([Outgoing(TopicName(topic), b"k%d" % n, value) for n, value in enumerate(values)])
    finally:
        sink.close()


def _read(access: KafkaAccess, topic: str, group: str, count: int) -> list[Message]:
    source = KafkaSource(access, [topic], group)
    seen: list[Message] = []
    deadline = time.monotonic() + _SECONDS
    try:
        while len(seen) < count and time.monotonic() < deadline:
            seen.extend(source.poll(0.5, 100))
    finally:
        source.close()
    return seen


def _connect(access: KafkaAccess, context: ssl.SSLContext | None) -> bytes:
    """What a node answers to a client with this context, or in the clear."""
    host, _, port = access.bootstrap[0].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        if context is None:
            plain.sendall(_HELLO)
            return plain.recv(4)
        with context.wrap_socket(plain, server_hostname=host) as secured:
            secured.sendall(_HELLO)
            return secured.recv(4)


class TestWhoGetsIn:
    """Mutual TLS 1.3 or nothing."""

    def test_a_party_of_the_authority(self, kafka_cluster: RealKafka) -> None:
        """A certificate of the authority is answered, at every address."""
        access = kafka_cluster.access("amk-noord", _AMK.oin)
        assert {finding.cause for finding in probe(access.bootstrap, tls_context(access))} == {Cause.NONE}

    def test_not_in_the_clear(self, kafka_cluster: RealKafka) -> None:
        """A client without TLS gets no answer of Kafka: a TLS alert, or the end of the connection."""
        try:
            answer = _connect(kafka_cluster.admin_access, None)
        except ConnectionError:
            answer = b""
        assert answer[:1] in {b"", b"\x15"}

    def test_not_with_tls_1_2(self, kafka_cluster: RealKafka) -> None:
        """A client that offers TLS 1.2 alone is refused, though its certificate is right."""
        access = kafka_cluster.admin_access
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(access.ca)
        context.load_cert_chain(access.certificate)
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            _connect(access, context)

    def test_not_without_a_certificate(self, kafka_cluster: RealKafka) -> None:
        """A client without a certificate is refused."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(kafka_cluster.admin_access.ca)
        with pytest.raises(OSError, match=r"ALERT|reset"):
            assert _connect(kafka_cluster.admin_access, context)

    def test_not_with_a_foreign_certificate(self, kafka_cluster: RealKafka, tmp_path: Path) -> None:
        """A certificate of another authority is refused, whatever name it holds; the cause is named."""
        pki.create_authority(tmp_path)
        certificate = pki.issue(tmp_path, "admin", None, "client")
        access = KafkaAccess(kafka_cluster.bootstrap, kafka_cluster.admin_access.ca, certificate)
        (finding, *_) = probe(access.bootstrap, tls_context(access))
        assert finding.cause is Cause.CLIENT_UNKNOWN_CA

    def test_not_with_an_expired_certificate(self, kafka_cluster: RealKafka) -> None:
        """An expired certificate is refused; the cause is named."""
        past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
        validity = pki.Validity(past, past + dt.timedelta(days=1))
        certificate = pki.issue(kafka_cluster.pki, "expired", None, "client", validity)
        access = KafkaAccess(kafka_cluster.bootstrap, kafka_cluster.admin_access.ca, certificate)
        (finding, *_) = probe(access.bootstrap, tls_context(access), own=certificate)
        assert finding.cause is Cause.CLIENT_EXPIRED

    @pytest.mark.parametrize("kind", ["admin", "sink", "source"])
    def test_every_client_names_the_cause(self, kafka_cluster: RealKafka, tmp_path: Path, kind: str) -> None:
        """A client with a foreign certificate fails with the cause, not with a time-out."""
        pki.create_authority(tmp_path)
        certificate = pki.issue(tmp_path, "x", None, "client")
        access = KafkaAccess(kafka_cluster.bootstrap, kafka_cluster.admin_access.ca, certificate)
        calls: dict[str, Callable[[], object]] = {
            "admin": lambda: KafkaAdmin(access).topics(),
            "sink": lambda: KafkaSink(access, "x").write([Outgoing(TopicName("any"), b"k", b"v")]),
            "source": lambda: KafkaSource(access, ["any"], "g").poll(1, 1),
        }
        with pytest.raises(ConfigurationError, match="not signed by an authority that the node trusts"):
            calls[kind]()


class TestWhoMayDoWhat:
    """Nothing is allowed unless the plan grants it."""

    def test_an_agency_writes_what_is_granted(self, kafka_cluster: RealKafka, planned: Plan) -> None:
        """It writes its exchange topic, and the gate reads it."""
        _write(kafka_cluster.access("shg-noord", _SHG.oin), "exchange.meldingen", b"sealed")
        seen = _read(kafka_cluster.access("gate"), "exchange.meldingen", "gate", 1)
        assert seen[0].value == b"sealed"

    def test_an_agency_reads_its_own_decisions(self, kafka_cluster: RealKafka, planned: Plan) -> None:
        """The gate writes them, the agency reads them in a group of its own name."""
        topic = decisions_topic(_AMK.oin)
        _write(kafka_cluster.access("gate"), topic, b"decision")
        seen = _read(kafka_cluster.access("amk-noord", _AMK.oin), topic, "amk-noord.subscriber", 1)
        assert seen[0].value == b"decision"

    def test_not_another_s_decisions(self, kafka_cluster: RealKafka, planned: Plan) -> None:
        """It cannot read the decisions of another agency."""
        with pytest.raises(UnauthorisedError):
            _read(kafka_cluster.access("amk-noord"), decisions_topic(_SHG.oin), "amk-noord.spy", 1)

    def test_not_what_is_sent(self, kafka_cluster: RealKafka, planned: Plan) -> None:
        """It cannot read the exchange topic that it writes."""
        with pytest.raises(UnauthorisedError):
            _read(kafka_cluster.access("shg-noord"), "exchange.meldingen", "shg-noord.spy", 1)

    def test_not_in_another_s_group(self, kafka_cluster: RealKafka, planned: Plan) -> None:
        """It cannot take part in a group of another agency and so take its partitions."""
        with pytest.raises(UnauthorisedError):
            _read(kafka_cluster.access("amk-noord"), decisions_topic(_AMK.oin), "shg-noord.subscriber", 1)

    @pytest.mark.parametrize(
        ("name", "topic"),
        [
            pytest.param("amk-noord", "exchange.meldingen", id="a topic of others"),
            pytest.param("amk-noord", "decisions.00000099000000001000", id="its own decisions"),
            pytest.param("amk-noord", "decisions.00000099000000002000", id="another's decisions"),
            pytest.param("amk-noord", "ledger.checkpoints", id="checkpoints"),
            pytest.param("gate", "exchange.meldingen", id="gate into exchange"),
            pytest.param("ledger", "decisions.00000099000000001000", id="ledger into decisions"),
            pytest.param("stranger", "exchange.meldingen", id="a party nobody named"),
        ],
    )
    def test_not_written_by(self, kafka_cluster: RealKafka, planned: Plan, name: str, topic: str) -> None:
        """A write that the plan does not grant is refused."""
        with pytest.raises(UnauthorisedError):
            _write(kafka_cluster.access(name), topic, b"forged")

    def test_the_ledger_finds_every_decisions_topic(self, kafka_cluster: RealKafka, planned: Plan) -> None:
        """Its rights let it see all decisions topics and none of the exchange."""
        with KafkaAdmin(kafka_cluster.access("ledger")) as connected:
            seen = set(connected.topics())
        assert seen == {t.name for t in planned.topics if t.name.startswith(("decisions.", "ledger."))}

    def test_a_plan_is_applied_once(self, admin: KafkaAdmin, planned: Plan) -> None:
        """After applying nothing is missing, different or too much."""
        assert compare(planned, admin).empty

    def test_a_difference_is_mended(self, admin: KafkaAdmin, planned: Plan) -> None:
        """A changed setting, a missing and a surplus grant are found and put right."""
        admin.configure("exchange.toezicht", {"retention.ms": "1"})
        admin.revoke(planned.grants[:1])
        surplus = plan([Party("left", Oin("00000099000000009000"))], 1, 1).grants[-1:]
        admin.grant(grant for grant in surplus if grant not in planned.grants)
        apply(planned, admin, prune=True)
        assert compare(planned, admin).empty


class TestGuard:
    """A process refuses a Kafka that promises less than it relies on."""

    def test_one_copy_is_refused(self, kafka_cluster: RealKafka, planned: Plan) -> None:
        """The gate may read the settings, and refuses a single copy."""
        with (
            KafkaAdmin(kafka_cluster.access("gate")) as gate,
            pytest.raises(ConfigurationError, match="1 copies"),
        ):
            gate.check_settings(["exchange.meldingen"])

    def test_in_development_it_is_said(self, kafka_cluster: RealKafka, planned: Plan) -> None:
        """In development mode the same is returned instead."""
        with KafkaAdmin(kafka_cluster.access("gate")) as gate:
            assert len(gate.check_settings(["exchange.meldingen"], development=True)) == 2

    def test_what_is_kept_passes(self, kafka_cluster: RealKafka, planned: Plan) -> None:
        """A promise that Kafka keeps is not refused; node settings are among what is compared."""
        with KafkaAdmin(kafka_cluster.access("gate")) as gate:
            assert gate.check_settings(["exchange.meldingen"], Promise(1, 1)) == ()

    def test_who_may_not_look_is_told_so(self, kafka_cluster: RealKafka, planned: Plan) -> None:
        """A party that may not read the settings is not told that they are fine, nor that they are weak."""
        access = kafka_cluster.access("shg-noord", _SHG.oin)
        with KafkaAdmin(access) as agency, pytest.raises(UnauthorisedError):
            agency.check_settings(["exchange.meldingen"], Promise(1, 1))

    def test_a_missing_topic_is_refused(self, kafka_cluster: RealKafka, planned: Plan) -> None:
        """A topic that is not there is named."""
        with (
            KafkaAdmin(kafka_cluster.access("gate")) as gate,
            pytest.raises(ConfigurationError, match="is missing"),
        ):
            gate.check_settings(["exchange.absent"], Promise(1, 1))


def test_reading_makes_no_topic(kafka_cluster: RealKafka, admin: KafkaAdmin) -> None:
    """Subscribing to a topic that does not exist does not make it, not even for the administrator."""
    name = f"test.absent.{time.time_ns()}"
    source = KafkaSource(kafka_cluster.admin_access, [name], f"{name}.g")
    source.poll(2.0, 1)
    source.close()
    assert name not in admin.topics()


def test_lag_is_what_is_not_finished(kafka_cluster: RealKafka, admin: KafkaAdmin, topic: TopicName) -> None:
    """Lag counts the records after the commit, and all of them where nothing was committed."""
    _write(kafka_cluster.admin_access, topic, *[b"%d" % n for n in range(10)])
    source = KafkaSource(kafka_cluster.admin_access, [topic], f"{topic}.g")
    while not (seen := source.poll(1.0, 1)):
        continue
    position = seen[0].position
    source.commit({(topic, position.partition): position.offset + 1})
    source.close()
    assert sum(one.messages for one in admin.lag(f"{topic}.g", [topic])) == 9


def test_every_one_of_twenty_members_gets_its_part(kafka_cluster: RealKafka, admin: KafkaAdmin) -> None:
    """Twenty consumers that poll briefly all get partitions, also when the client loses a join."""
    topic = TopicName(f"test.twenty.{time.time_ns()}")
    admin.create([Topic(topic, 20, 1)])
    sources = [
        KafkaSource(kafka_cluster.admin_access, [topic], f"{topic}.g", f"m{n}", SourceTuning(join=5.0))
        for n in range(20)
    ]
    done = threading.Event()
    failures: list[SchakelError] = []

    def run(source: KafkaSource) -> None:
        while not done.is_set():
            try:
                source.poll(0.1, 10)
            except UnavailableError as error:
                failures.append(error)
        source.close()

    threads = [threading.Thread(target=run, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and not all(len(source.assignment()) == 1 for source in sources):
        done.wait(0.2)
    held = [len(source.assignment()) for source in sources]
    done.set()
    for thread in threads:
        thread.join(30)
    assert (held, failures) == ([1] * 20, [])


def test_a_member_that_does_not_join_is_replaced(
    kafka_cluster: RealKafka, topic: TopicName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member whose join is lost (here: said to be) is replaced, and its successor is handed everything."""
    _write(kafka_cluster.admin_access, topic, b"one")
    source = KafkaSource(kafka_cluster.admin_access, [topic], f"{topic}.g", "m", SourceTuning(join=0.2))
    with monkeypatch.context() as patch:
        patch.setattr(source._reading, "joined", lambda consumer: False)
        deadline = time.monotonic() + _SECONDS
        while not source.replacements and time.monotonic() < deadline:
            source.poll(0.05, 1)
    replaced = source.replacements
    seen: list[Message] = []
    while not seen and time.monotonic() < deadline:
        seen.extend(source.poll(0.2, 1))
    source.close()
    assert (replaced, [message.value for message in seen]) == (1, [b"one"])


class _RawName(str):
    """A header name that is sent as octets that are not UTF-8."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"\xff\xfe"


def test_a_header_name_cannot_stop_a_consumer(kafka_cluster: RealKafka, topic: TopicName) -> None:
    """A record with a header name that is not UTF-8 is read, and so is the one after it."""
    sink = KafkaSink(kafka_cluster.admin_access, "test")
    sink.write([Outgoing(topic, b"k", b"bad", ((_RawName("xx"), b"h"),)), Outgoing(topic, b"k", b"next")])
    sink.close()
    seen = _read(kafka_cluster.admin_access, topic, f"{topic}.g", 2)
    assert [(message.value, len(message.headers)) for message in seen] == [(b"bad", 1), (b"next", 0)]
