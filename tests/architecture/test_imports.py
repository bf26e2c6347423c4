"""The dependency rules of docs/architecture.md.

To change the architecture, change a line here and say why in an ADR.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, calls, imports, modules, named, starts_with

# From the bottom up: each may import those before it.
BASE = (
    "errors",
    "names",
    "topics",
    "moments",
    "dutch_time",
    "document_faults",
    "strict_json",
    "avro_binary",
    "merkle",
    "crypto",
    "signing",
    "dsse",
    "ports",
    "receipts",
)
SIBLINGS = ("catalogue", "envelope", "records", "agreements", "audit", "obligations")
CORE = (*BASE, *SIBLINGS, "trust", "pipelines")

_BASE = tuple(f"broker.{name}" for name in BASE)
_SIBLINGS = tuple(f"broker.{name}" for name in SIBLINGS)
_CORE = tuple(f"broker.{name}" for name in CORE)
_WIRING = (
    "broker.assembly",
    "broker.assembly_ledger",
    "broker.assembly_witness",
    "broker.parts",
    "broker.settings",
    "broker.logs",
    "broker.memory",
    "broker.program",
    "broker.self_test",
)

# Who -> what of ours it may import, besides itself.  The first line that fits counts.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    **{f"broker/{name}.py": _BASE[:position] for position, name in enumerate(BASE)},
    **{f"broker/{name}/": _BASE for name in SIBLINGS},
    "broker/trust/": (*_BASE, "broker.catalogue", "broker.agreements", "broker.records"),
    "broker/pipelines/": (*_BASE, *_SIBLINGS, "broker.trust"),
    "broker/logs.py": _BASE,
    "broker/memory.py": (),
    "broker/settings.py": (*_BASE, "broker.adapters.profiles"),
    "broker/adapters/": (*_BASE, *_SIBLINGS, "broker.trust", "broker.settings", "broker.logs", "schemas"),
    "broker/assembly.py": (*_CORE, "broker.adapters", *_WIRING),
    "broker/assembly_ledger.py": (*_CORE, "broker.adapters", *_WIRING),
    "broker/assembly_witness.py": (*_CORE, "broker.adapters", *_WIRING),
    "broker/parts.py": _CORE,
    "broker/known_answers.py": _BASE,
    "broker/program.py": (*_BASE, "broker.settings", "broker.logs"),
    "broker/self_test.py": (*_CORE, "broker.known_answers"),
    "broker/operations/": (*_CORE, "broker.adapters", *_WIRING, *PACKAGES[1:]),
    "broker/sandbox/": (*_CORE, "broker.adapters", "broker.operations", *_WIRING, *PACKAGES[1:]),
    "broker/cli/": (*_CORE, "broker.operations", "broker.sandbox", *_WIRING, *PACKAGES[1:]),
    "producers/": (*_CORE, *_WIRING),
    "consumers/": (*_CORE, *_WIRING),
    "broker/__init__.py": (),
    "schemas/": (),
}

# What is imported -> the only places that may do so.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "kafka": ("broker/adapters/kafka",),
    "sqlalchemy": ("broker/adapters/",),
    "alembic": ("broker/adapters/",),
    "psycopg": ("broker/adapters/",),
    "sqlite3": ("broker/adapters/",),
    "fastavro": ("broker/records/",),
    "avro": ("broker/records/",),
    "cryptography": (
        *("broker/crypto.py", "broker/sandbox/pki.py"),
        *("broker/adapters/certificates.py", "broker/adapters/keyfiles.py"),
    ),
    # Trees are hashed on plain bytes; the jars are files that another tool fetched.
    "hmac": ("broker/crypto.py",),
    "hashlib": ("broker/crypto.py", "broker/merkle.py", "broker/sandbox/jars.py"),
    "tuf": ("broker/adapters/tuf_",),
    # When the law's days are depends on nothing but this computation of Easter.
    "dateutil": ("broker/obligations/legal_calendar.py",),
    "icalendar": ("broker/operations/calendar.py",),
    "securesystemslib": ("broker/adapters/tuf_",),
    "typer": ("broker/cli/",),
    "rich": ("broker/cli/",),
    # Documents written by people are read where their model stands.
    "pydantic": (
        *("broker/document_faults.py", "broker/strict_json.py", "broker/dsse.py"),
        *("broker/settings.py", "broker/adapters/", "broker/cli/", "broker/sandbox/"),
        *("broker/agreements/", "broker/catalogue/", "broker/records/", "broker/trust/"),
        "producers/rules.py",
    ),
}

# The core asks for time, randomness and files through its arguments.
NOT_IN_CORE = (
    "asyncio",
    "importlib.resources",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "signal",
    "socket",
    "ssl",
    "stamina",
    "structlog",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "tomllib",
    "uuid.uuid1",
    "uuid.uuid4",
    "uuid.uuid7",
)
NOT_CALLED_IN_CORE = frozenset(
    {
        *("open", "input", "print", "eval", "exec", "datetime.now", "datetime.utcnow", "datetime.today"),
        *("dt.datetime.now", "date.today", "dt.date.today", "datetime.datetime.now", "datetime.date.today"),
    }
)

SOURCES = modules()
CORE_PLACES = tuple(f"broker/{name}{end}" for name in CORE for end in ("/", ".py"))
CORE_SOURCES = [path for path in SOURCES if named(path).startswith(CORE_PLACES)]


def _own_package(path: Path) -> str:
    parts = named(path).removesuffix(".py").split("/")
    return ".".join(parts[:2]) if parts[0] == "broker" else parts[0]


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_imports_of_ours_follow_the_layers(path: Path) -> None:
    """A file imports from the layers below it, and from its own package, only."""
    allowed = next((rule for place, rule in MAY_IMPORT.items() if named(path).startswith(place)), None)
    assert allowed is not None, "this file has no place in the layers"
    ours = [name for name in imports(path) if starts_with(name, *PACKAGES)]

    assert [name for name in ours if not starts_with(name, *allowed, _own_package(path))] == []


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_library_is_imported_in_its_place_only(path: Path) -> None:
    """What touches the world, or parses hostile bytes, has one place."""
    assert [
        name
        for name in imports(path)
        for library, places in ONLY_IN.items()
        if starts_with(name, library) and not named(path).startswith(places)
    ] == []


@pytest.mark.parametrize("path", modules(*PACKAGES, "tests"), ids=named)
def test_imports_are_absolute(path: Path) -> None:
    """A name means the same wherever it is read."""
    assert [name for name in imports(path) if name.startswith(".")] == []


@pytest.mark.parametrize("path", CORE_SOURCES, ids=named)
def test_the_core_does_not_touch_the_world(path: Path) -> None:
    """Time, randomness, environment and files are arguments."""
    assert [name for name in imports(path) if starts_with(name, *NOT_IN_CORE)] == []
    assert sorted(NOT_CALLED_IN_CORE.intersection(calls(path))) == []


def test_every_place_in_the_rules_has_its_folder() -> None:
    """A rule about a core package that does not exist would hold for nothing."""
    known = {_own_package(path).removeprefix("broker.") for path in SOURCES}

    assert sorted(set(CORE) - known) == []


@pytest.mark.parametrize("path", modules("tests"), ids=named)
def test_nothing_imports_mocks(path: Path) -> None:
    """Tests use the real thing, or a twin that implements the port."""
    assert [name for name in imports(path) if starts_with(name, "unittest.mock", "mock", "pytest_mock")] == []
