"""`schakel witness`: keys are made once, and a conflict is shown with exit code 7."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broker.adapters.keyfiles import read_signer
from broker.adapters.witness_client import HttpWitnessCall
from broker.adapters.witness_store import SqliteWitnessStore
from broker.assembly_witness import witness_server
from broker.audit.checkpoint import parse_checkpoint
from broker.audit.cosignature import CosignerKey, cosignatures
from broker.audit.witness import EMPTY, Conflict, Finding, Known, write_request
from broker.cli.main import main
from broker.errors import ConfigurationError, ExitCode
from broker.names import Algorithm
from broker.settings import WitnessProfile, load_profile
from tests.audit_world import DECIDED, LOG_KEY, ORIGIN
from tests.witness_world import Leaves


def profile_in(folder: Path, **changes: object) -> Path:
    """A profile of a witness of the test log."""
    settings = {
        "name": "inspectie.invalid/w1",
        "listen": "127.0.0.1:0",
        "keys": ["witness-ml-dsa-44.pem", "witness-ed25519.pem"],
        "store": "witness.sqlite",
        "logs": [str(LOG_KEY.verifier)],
        **changes,
    }
    path = folder / "witness.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_keys_are_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the store; each by its file name, and printed as others need them."""
    path = str(profile_in(tmp_path))

    assert main(["witness", "keys", "--new", "--profile", path]) == ExitCode.DONE
    made = capsys.readouterr().out.splitlines()
    algorithms = [CosignerKey.parse(line).public.algorithm for line in made]
    assert algorithms == [Algorithm.ML_DSA_44, Algorithm.ED25519]
    assert main(["witness", "keys", "--profile", path]) == ExitCode.DONE
    assert capsys.readouterr().out.splitlines() == made
    assert main(["witness", "keys", "--new", "--profile", path]) == ExitCode.CONFIGURATION


def test_a_witness_of_a_profile_cosigns_with_each_of_its_keys(tmp_path: Path) -> None:
    """As `witness run` serves it."""
    path = profile_in(tmp_path)
    main(["witness", "keys", "--new", "--profile", str(path)])
    profile = load_profile(path, WitnessProfile)
    server = witness_server(profile)
    server.start()
    log = Leaves(5)
    status, lines = HttpWitnessCall().add_checkpoint(
        f"http://127.0.0.1:{server.port}", write_request(0, [], log.note)
    )
    server.close()

    keys = [CosignerKey(profile.name, read_signer(key).verifying_key) for key in profile.keys]
    assert status == 200
    assert len(cosignatures(parse_checkpoint(log.note + lines), keys)) == 2


def test_a_witness_that_lost_its_store_does_not_start(tmp_path: Path) -> None:
    """It would cosign a second history."""
    path = profile_in(tmp_path)
    main(["witness", "keys", "--new", "--profile", str(path)])
    (tmp_path / "witness.sqlite").unlink()

    with pytest.raises(ConfigurationError) as caught:
        witness_server(load_profile(path, WitnessProfile))
    assert caught.value.code == "no-witness-store"


def test_what_was_cosigned_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of each log, the last one."""
    path = str(profile_in(tmp_path))
    main(["witness", "keys", "--new", "--profile", path])
    capsys.readouterr()
    store = SqliteWitnessStore(tmp_path / "witness.sqlite")
    store.advance(ORIGIN, EMPTY, Leaves(5).signed, DECIDED)

    assert main(["witness", "show", "--json", "--profile", path]) == ExitCode.DONE
    shown = json.loads(capsys.readouterr().out)
    assert [(log["origin"], log["size"]) for log in shown["logs"]] == [(ORIGIN, 5)]
    assert shown["conflicts"] == []
    store.close()


def test_a_second_history_is_shown_with_exit_code_7(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With both roots."""
    path = str(profile_in(tmp_path))
    main(["witness", "keys", "--new", "--profile", path])
    capsys.readouterr()
    seen, other = Leaves(5), Leaves(5, "other")
    store = SqliteWitnessStore(tmp_path / "witness.sqlite")
    store.advance(ORIGIN, EMPTY, seen.signed, DECIDED)
    known = Known(5, seen.checkpoint.root)
    store.record_conflict(Conflict(Finding.FORK, known, other.checkpoint, other.note), DECIDED)
    store.close()

    assert main(["witness", "show", "--profile", path]) == ExitCode.EVIDENCE
    out, err = capsys.readouterr()
    assert seen.checkpoint.root.hex()[:8] in out
    assert other.checkpoint.root.hex()[:8] in out
    assert "witness-conflict" in err


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"logs": ["nonsense"]}, id="no key of a log"),
        pytest.param({"logs": []}, id="no log"),
        pytest.param({"name": "with space"}, id="a name with a space"),
        pytest.param({"clock": "clock"}, id="a clock outside a sandbox"),
        pytest.param({"keys": ["lost.pem"]}, id="a key that is not there"),
        pytest.param({"stores": "x"}, id="a misspelt name"),
    ],
)
def test_a_profile_that_cannot_be_used_is_said(tmp_path: Path, changes: dict[str, object]) -> None:
    """At the start, and not at the first request."""
    main(["witness", "keys", "--new", "--profile", str(profile_in(tmp_path))])
    path = profile_in(tmp_path, **changes)

    with pytest.raises(ConfigurationError):
        witness_server(load_profile(path, WitnessProfile))
