"""What other people's tools see: topics, access lists, CloudEvents attributes, and no content at all."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from broker.names import CaseRef
from broker.ports import Message
from broker.sandbox.cast import AGENCIES
from broker.sandbox.jars import resolve
from broker.sandbox.java import find_java
from broker.sandbox.kafka import default_cache
from broker.topics import CHECKPOINTS, EXCHANGE_TOPICS, QUARANTINE, decisions_topic
from tests.exchange import RealExchange, eventually, report

pytestmark = pytest.mark.kafka

_MARK = "ZAAK-TEST-VREEMD"


@dataclass(frozen=True)
class Tools:
    """Kafka's own command-line tools, with the rights of the administrator."""

    bootstrap: str
    properties: Path

    def run(self, tool: str, *words: str) -> str:
        """What a tool prints."""
        classpath = resolve(default_cache())
        java = [str(find_java()), "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", f"{classpath}/*"]
        command = [*java, f"org.apache.kafka.tools.{tool}", "--bootstrap-server", self.bootstrap]
        option = "--consumer.config" if "Console" in tool else "--command-config"
        done = subprocess.run(
            [*command, option, str(self.properties), *words],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-1000:]
        return done.stdout


@pytest.fixture(scope="module")
def tools(exchange: RealExchange, tmp_path_factory: pytest.TempPathFactory) -> Tools:
    """The tools, told how to connect as any Kafka operator would tell them."""
    access = exchange.kafka.admin_access
    properties = tmp_path_factory.mktemp("tools") / "client.properties"
    properties.write_text(
        "security.protocol=SSL\n"
        f"ssl.keystore.type=PEM\nssl.keystore.location={access.certificate}\n"
        f"ssl.truststore.type=PEM\nssl.truststore.location={access.ca}\n",
        encoding="utf-8",
    )
    return Tools(",".join(access.bootstrap), properties)


@pytest.fixture(scope="module")
def published(exchange: RealExchange) -> Message:
    """One report as it stands on the exchange, after the gate released it."""
    exchange.run("gate")
    with exchange.publisher() as publisher:
        done = publisher.publish(report(publisher.view, CaseRef(b"\x99" * 16), _MARK))
    eventually(lambda: not exchange.lag("gate", "exchange.meldingen"), "the gate has decided")
    found = exchange.records("exchange.meldingen")
    return next(message for message in found if message.position == done.position)


def test_kafka_s_own_tool_lists_the_topics(tools: Tools) -> None:
    """The topics are those of the design, one of decisions for each agency, and no other."""
    listed = set(tools.run("TopicCommand", "--list").split())
    expected = {*EXCHANGE_TOPICS, QUARANTINE, CHECKPOINTS, *(decisions_topic(cast.oin) for cast in AGENCIES)}
    assert listed - {"__consumer_offsets"} == expected


def test_kafka_s_own_tool_shows_who_may_read_decisions(tools: Tools) -> None:
    """An agency reads its own decisions, the ledger writer reads them all, and nobody else reads any."""
    readers: dict[str, set[str]] = {}
    for block in tools.run("AclCommand", "--list").split("Current ACLs for resource ")[1:]:
        named = re.search(r"resourceType=TOPIC, name=([^,]+), patternType=(\w+)", block)
        if named is not None:
            resource = f"{named[1]}*" if named[2] == "PREFIXED" else named[1]
            found = re.findall(
                r"principal=User:([^,]+), host=\*, operation=(?:READ|ALL), permissionType=ALLOW", block
            )
            readers[resource] = set(found)
    decisions = {name: who for name, who in readers.items() if name.startswith(("decisions", "*"))}
    expected: dict[str, set[str]] = {decisions_topic(cast.oin): {cast.name} for cast in AGENCIES}
    assert decisions == {**expected, "decisions.*": {"ledger"}}


def test_the_headers_are_cloudevents(published: Message) -> None:
    """By the written rules of the Kafka binding: binary mode, required attributes, of the right form."""
    headers = {name: value.decode("utf-8") for name, value in published.headers}
    assert {"ce_specversion", "ce_id", "ce_source", "ce_type"} <= headers.keys()
    assert headers["ce_specversion"] == "1.0"
    assert re.fullmatch(r"urn:nld:oin:[0-9]{20}:systeem:[a-z0-9-]+", headers["ce_source"])
    assert datetime.fromisoformat(headers["ce_time"]).utcoffset() is not None
    assert not headers["content-type"].startswith("application/cloudevents")


def test_the_cloudevents_package_reads_them(published: Message) -> None:
    """The CloudEvents project's own reader takes the record for an event, and finds nothing else in it."""
    from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
    from cloudevents.core.formats.json import JSONFormat

    # The package takes a key for text; ours is 16 random bytes, which the binding leaves open.
    event = from_binary(KafkaMessage(dict(published.headers), None, published.value or b""), JSONFormat())

    assert event.get_type() == "nl.beschermingszaken.melding-huiselijk-geweld.doorgezonden.v1"
    assert event.get_specversion() == "1.0"
    assert event.get_data() == published.value
    assert set(event.get_attributes()) == {"id", "source", "type", "specversion", "time", "datacontenttype"}


@pytest.mark.parametrize("topic", ["exchange.meldingen", "decisions.00000099000000101000"])
def test_the_console_consumer_shows_no_content(tools: Tools, published: Message, topic: str) -> None:
    """Even with the administrator's rights a record shows addresses and codes, and nothing of its content."""
    count = str(published.position.offset + 1) if topic == "exchange.meldingen" else "1"
    shown = tools.run(
        "consumer.ConsoleConsumer",
        *("--topic", topic, "--from-beginning", "--max-messages", count, "--timeout-ms", "20000"),
        *("--property", "print.headers=true", "--property", "print.key=true"),
    )
    assert "amk-taak" in shown
    told = ("Testkind", "Fenna", "0000AA", "voorbeeld.invalid", "Testgegevens", "2006-05-17", _MARK)
    assert [word for word in told if word in shown] == []
