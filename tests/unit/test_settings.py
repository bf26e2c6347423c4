"""Profile files: what is accepted, what is refused, and how it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.errors import ConfigurationError
from broker.names import Oin, Role
from broker.settings import AgencyProfile, GateProfile, LedgerProfile, Profile, load_profile

COMMON = """
name = "amk-noord"
oin = "00000099000000001000"
development = true
KEYS
[kafka]
bootstrap = ["localhost:9093"]
ca = "../pki/ca.pem"
certificate = "/etc/schakel/amk.pem"
[registry]
source = "../registry"
root = "root.json"
cache = "cache"
"""
AGENCY = COMMON.replace("KEYS", 'roles = ["AMK"]\nsystem = "amk-sys"\nkeys = "keys"\ninbox = "inbox.sqlite"')
GATE = COMMON.replace("KEYS", 'keys = "keys"')
LEDGER = COMMON.replace(
    "KEYS", 'database = "sqlite:///ledger.sqlite"\ntlog = "tlog"\norigin = "schakel/test"\nkey = "ledger.pem"'
)


def written(folder: Path, text: str) -> Path:
    """A profile file with this text."""
    path = folder / "schakel.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param(AGENCY, AgencyProfile, id="agency"),
        pytest.param(GATE, GateProfile, id="gate"),
        pytest.param(LEDGER, LedgerProfile, id="ledger"),
    ],
)
def test_a_complete_profile_is_read(tmp_path: Path, text: str, kind: type[Profile]) -> None:
    """Each kind of party has its file."""
    assert load_profile(written(tmp_path, text), kind).name == "amk-noord"


def test_values_are_those_of_the_base_layer(tmp_path: Path) -> None:
    """An OIN and a role are validated values, not strings."""
    profile = load_profile(written(tmp_path, AGENCY), AgencyProfile)

    assert (type(profile.oin), profile.roles) == (Oin, (Role("AMK"),))


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    """It does not matter where the process was started."""
    profile = load_profile(written(tmp_path, AGENCY), AgencyProfile)

    assert profile.keys == tmp_path / "keys"
    assert profile.kafka.certificate == Path("/etc/schakel/amk.pem")
    assert profile.registry.source == str(tmp_path / "../registry")


def test_a_sandbox_may_have_a_clock(tmp_path: Path) -> None:
    """In development a profile names the file that moves its time."""
    text = AGENCY.replace("development = true", 'development = true\nclock = "../run/clock"')

    assert load_profile(written(tmp_path, text), AgencyProfile).clock == tmp_path / "../run/clock"


def test_a_sqlite_file_counts_from_the_file(tmp_path: Path) -> None:
    """A relative database file lies beside the profile."""
    profile = load_profile(written(tmp_path, LEDGER), LedgerProfile)

    assert profile.database == f"sqlite:///{tmp_path}/ledger.sqlite"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("tls = true\n" + AGENCY, "tls: is not a known name", id="unknown-name"),
        pytest.param(AGENCY + "verify = false\n", "verify: is not a known name", id="unknown-inside"),
        pytest.param(AGENCY.replace('keys = "keys"', ""), "keys: is missing", id="missing"),
        pytest.param(AGENCY.replace("00000099000000001000", "12"), "oin: has to be an OIN", id="no-oin"),
        pytest.param(AGENCY.replace('["AMK"]', '["a m k"]'), "roles.0: has to be a role code", id="no-role"),
        pytest.param(AGENCY.replace("localhost:9093", "localhost"), "kafka.bootstrap.0: ", id="no-port"),
        pytest.param(AGENCY.replace("../registry", "http://x"), "source: a registry is", id="no-tls"),
        pytest.param(
            AGENCY.replace("development = true", 'clock = "clock"'),
            "clock: only a sandbox has a clock of its own",
            id="clock-in-production",
        ),
        pytest.param("= nonsense", "is not a TOML document", id="not-toml"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, text: str, said: str) -> None:
    """File, field and what is wrong with it stand in the error."""
    path = written(tmp_path, text)

    with pytest.raises(ConfigurationError) as refused:
        load_profile(path, AgencyProfile)

    assert str(path) in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("postgresql://u:geheim@h/db", id="a-password"),
        pytest.param("mysql://h/db", id="another-database"),
    ],
)
def test_a_database_url_is_refused(tmp_path: Path, url: str) -> None:
    """A secret stays out of the profile, and the error does not repeat it."""
    path = written(tmp_path, LEDGER.replace("sqlite:///ledger.sqlite", url))

    with pytest.raises(ConfigurationError, match="database: ") as refused:
        load_profile(path, LedgerProfile)

    assert "geheim" not in str(refused.value)


def test_a_file_that_is_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    """A wrong path is the operator's to correct, and named."""
    with pytest.raises(ConfigurationError, match="cannot read the profile"):
        load_profile(tmp_path / "absent.toml", GateProfile)
