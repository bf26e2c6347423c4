"""What all tests share: the real Kafka, started once and only when a test asks for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from broker.names import Micros
    from tests.exchange import RealExchange
    from tests.kafka_ladder import RealKafka

_CHOSEN = pytest.StashKey[str]()
_WANTED = pytest.StashKey[bool]()
_FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Let the Kafka client be imported: it reads its own files in a way that Python 3.11 calls old."""
    for name in ("read_text", "open_text"):
        config.addinivalue_line("filterwarnings", f"ignore:{name} is deprecated:DeprecationWarning")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Remember whether tests that need a real Kafka were selected."""
    session.config.stash[_WANTED] = any(item.get_closest_marker("kafka") for item in session.items)


@pytest.fixture(scope="session")
def kafka_cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealKafka]:
    """A real Kafka for the whole session; it is stopped at the end."""
    # Not at the top: the client can be imported only after `pytest_configure`.
    from tests.kafka_ladder import climb

    with climb(tmp_path_factory.mktemp("kafka")) as kafka:
        request.config.stash[_CHOSEN] = kafka.how
        yield kafka


@pytest.fixture(scope="session")
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Have a figure that a test measured printed in the summary."""
    return request.config.stash.setdefault(_FIGURES, []).append


@pytest.fixture(scope="session")
def exchange(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealExchange]:
    """A whole exchange on a real Kafka of its own: topics, access lists, keys; no process runs yet."""
    with _exchange(request.config, tmp_path_factory.mktemp("exchange")) as exchange:
        yield exchange


@pytest.fixture(scope="module")
def spoiled_exchange(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealExchange]:
    """Another one, for a module that leaves rubbish on it."""
    with _exchange(request.config, tmp_path_factory.mktemp("spoiled")) as exchange:
        yield exchange


@pytest.fixture(scope="session")
def exchange_at(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Micros], AbstractContextManager[RealExchange]]:
    """Makes another one, whose time begins at a moment of the past or the future."""
    return lambda start: _exchange(request.config, tmp_path_factory.mktemp("timed"), start)


@pytest.fixture(scope="session")
def own_kafka(request: pytest.FixtureRequest) -> None:
    """For tests whose command starts a Kafka itself."""
    request.config.stash[_CHOSEN] = "Apache Kafka from jars, started by the commands under test"


@contextmanager
def _exchange(config: pytest.Config, directory: Path, start: Micros | None = None) -> Iterator[RealExchange]:
    from tests.exchange import running_exchange
    from tests.kafka_ladder import climb

    with climb(directory) as kafka, running_exchange(kafka, start) as exchange:
        config.stash[_CHOSEN] = kafka.how
        yield exchange


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI, tests that need Kafka and met none are a failure, whatever they say themselves."""
    config = session.config
    missed = config.stash.get(_WANTED, False) and _CHOSEN not in config.stash
    if missed and os.environ.get("CI") == "true" and not config.option.collectonly:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which Kafka the tests ran on."""
    if config.stash.get(_WANTED, False):
        terminalreporter.write_line(f"kafka: {config.stash.get(_CHOSEN, 'none was reached')}")
    for line in config.stash.get(_FIGURES, []):
        terminalreporter.write_line(line)
