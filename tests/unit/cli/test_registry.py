"""`schakel registry`, `keys` and `agreement`: from nothing to a co-signed agreement, and its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.cli.main import main
from schemas.reading import packaged

SHG, AMK = "00000099000000001000", "00000099000000002000"
Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty directory; what it printed, as JSON if it is."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, expect: int = 0) -> Any:
        code = main(arguments)
        out, err = capsys.readouterr()
        assert code == expect, err
        return json.loads(out) if "--json" in arguments and not code % 9 else out + err

    return command


def members(run: Run) -> None:
    """A registry with two agencies that hold their keys."""
    run("registry", "init", "--dir", "d")
    for oin, name, role in ((SHG, "shg", "SHG"), (AMK, "amk", "AMK")):
        run("keys", "new", "--oin", oin, "--keys", f"{name}/keys", "--proof", f"{name}.json")
        run(
            *("registry", "add-agency", "--dir", "d", "--name", name, "--title", name.upper()),
            *("--role", role, "--proof", f"{name}.json"),
        )


def agree(run: Run, version: int = 1, output: str = "a.yaml") -> None:
    """Write an agreement, let both parties sign it, and publish it."""
    places = {
        "id": "amk-shg",
        "version": str(version),
        "oin:SHG": SHG,
        "oin:AMK": AMK,
        "from": "2020-01-01",
        "until": "2099-01-01",
        "contact": "post@voorbeeld.example",
    }
    given = [part for name, value in places.items() for part in ("--set", f"{name}={value}")]
    run("agreement", "new", "amk-shg-statutory", "-o", output, *given)
    for oin, name in ((SHG, "shg"), (AMK, "amk")):
        run("agreement", "sign", output, "--oin", oin, "--keys", f"{name}/keys", "-o", f"{name}.sig")
    run(
        *("registry", "publish", "--dir", "d", "--agreement", output),
        *("--signature", "shg.sig", "--signature", "amk.sig"),
    )


def test_from_nothing_to_an_agreement_in_force(run: Run) -> None:
    """The commands that an operator and two agencies run, in order; nothing is left to find."""
    members(run)
    agree(run)
    shown = run("registry", "show", "--dir", "d", "--json")

    assert [agency["short_name"] for agency in shown["agencies"]] == ["shg", "amk"]
    assert [agreement["cosigned"] for agreement in shown["agreements"]] == [True]
    assert run("agreement", "check", "--dir", "d", "--json")["findings"] == []
    assert run("registry", "verify", "--dir", "d", "--json")["verified"]


def test_check_finds_what_is_missing(run: Run) -> None:
    """Without an agreement the mandatory exchanges are named, and the exit code says so."""
    members(run)
    found = run("agreement", "check", "--dir", "d", "--json", expect=9)["findings"]

    assert {code for finding in found if finding["serious"] for code in finding["codes"]} == {
        "E01",
        "E02",
        "E04",
        "E05",
    }


def test_a_revocation_is_published(run: Run) -> None:
    """One party ends the agreement; the registry shows it, and the check finds the gap."""
    members(run)
    agree(run)
    run(
        *("agreement", "revoke", "a.yaml", "--oin", AMK, "--keys", "amk/keys"),
        *("-o", "r.json", "--reason", "breach", "--publish", "d"),
    )
    (agreement,) = run("registry", "show", "--dir", "d", "--json")["agreements"]

    assert agreement["revoked_at"] is not None
    run("agreement", "check", "--dir", "d", "--json", expect=9)


def test_a_published_version_is_immutable(run: Run) -> None:
    """Other bytes under the same version are refused."""
    members(run)
    agree(run)
    Path("b.yaml").write_bytes(Path("a.yaml").read_bytes() + b"\n")

    assert "new version" in run("registry", "publish", "--dir", "d", "--agreement", "b.yaml", expect=2)


def test_an_agreement_wider_than_the_catalogue_is_not_published(run: Run) -> None:
    """The registry does not hold a promise that `decide` will not keep."""
    members(run)
    agree(run)
    text = Path("a.yaml").read_text(encoding="utf-8").replace("version: 1", "version: 2")
    Path("b.yaml").write_text(text.replace("types: [E01]", "types: [E01, E02]"), encoding="utf-8")

    assert "E02" in run("registry", "publish", "--dir", "d", "--agreement", "b.yaml", expect=2)


def test_diff_says_what_changes_for_whom(run: Run) -> None:
    """A group fewer in the new version is one line per type and pair."""
    members(run)
    agree(run)
    text = (
        Path("a.yaml")
        .read_text(encoding="utf-8")
        .replace("types: [E04]", "types: [E04]\n    groups: [REF, DE, WK]")
    )
    Path("b.yaml").write_text(text, encoding="utf-8")
    (change,) = run("agreement", "diff", "a.yaml", "b.yaml", "--dir", "d", "--json")["changes"]

    assert (change["code"], change["removed"], change["sender"]["oin"]) == ("E04", ["FB"], AMK)


def test_a_key_is_rotated_and_revoked(run: Run) -> None:
    """A new sealing key joins the others; a revoked signing key takes its signatures with it."""
    members(run)
    agree(run)
    Path("amk/keys").rename("amk/old")
    run("keys", "new", "--oin", AMK, "--keys", "amk/keys", "--proof", "new.json")
    run("registry", "rotate-key", "--dir", "d", "--proof", "new.json")
    old = run("keys", "show", "--keys", "amk/old", "--json")["keys"][0]["key_id"]
    run("registry", "revoke-key", old, "--dir", "d")
    shown = run("registry", "show", "--dir", "d", "--json")

    assert [len(agency["sealing_keys"]) for agency in shown["agencies"]] == [1, 2]
    assert [agreement["cosigned"] for agreement in shown["agreements"]] == [False]
    run("registry", "verify", "--dir", "d", expect=7)


def test_keys_are_tried_out(run: Run) -> None:
    """`check` passes in development and refuses a test organisation in production."""
    run("keys", "new", "--oin", SHG, "--keys", "k", "--proof", "p.json", "--post-quantum")

    assert len(run("keys", "check", "--oin", SHG, "--keys", "k", "--json")["keys"]) == 3
    run("keys", "check", "--oin", SHG, "--keys", "k", "--production", expect=3)


def test_a_tampered_registry_does_not_verify(run: Run) -> None:
    """Evidence that is wrong has its own exit code."""
    run("registry", "init", "--dir", "d")
    (path,) = Path("d/registry/public/targets").glob("*agencies.json")
    path.write_bytes(path.read_bytes().swapcase())

    assert "does not verify" in run("registry", "verify", "--dir", "d", expect=7)


def test_a_registry_elsewhere_is_verified_from_its_root(run: Run) -> None:
    """Whoever has the first root document can verify a copy of the public part."""
    run("registry", "init", "--dir", "d")
    Path("d/registry/public").rename("copy")
    found = run(
        *("registry", "verify", "--source", "copy", "--root", "d/registry/root.json"),
        *("--cache", "c", "--json"),
    )

    assert found["version"] == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("registry", "show", "--dir", "nowhere"), 3, id="no-registry"),
        pytest.param(("registry", "verify", "--source", "x"), 2, id="source-without-root"),
        pytest.param(("registry", "init", "--threshold", "root=many"), 2, id="threshold"),
        pytest.param(("agreement", "new", "no-such-model", "-o", "x"), 2, id="no-model"),
        pytest.param(("agreement", "new", "no.yaml", "-o", "x"), 2, id="no-model-file"),
        pytest.param(("agreement", "new", "amk-shg-statutory", "-o", "x"), 2, id="nothing-filled-in"),
        pytest.param(("agreement", "show", "absent.yaml"), 2, id="no-document"),
        pytest.param(("keys", "check", "--oin", SHG, "--keys", "absent"), 3, id="no-keys"),
    ],
)
def test_a_misuse_has_its_exit_code(run: Run, arguments: tuple[str, ...], code: int) -> None:
    """What is wrong with the call is said, and nothing is written."""
    run(*arguments, expect=code)

    assert not Path("x").exists()


def test_a_new_catalogue_is_published_as_data(run: Run, tmp_path: Path) -> None:
    """A folder of schemas goes into a registry that is there, and its agencies stay."""
    members(run)
    before = run("registry", "show", "--dir", "d", "--json")
    for path, content in packaged().items():
        file = tmp_path / "schemas" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    published = run("registry", "publish", "--dir", "d", "--schemas", "schemas", "--json")
    after = run("registry", "show", "--dir", "d", "--json")
    assert published["version"] == before["version"] + 1
    assert after["agencies"] == before["agencies"]


def test_a_catalogue_with_a_wrong_digest_is_not_published(run: Run, tmp_path: Path) -> None:
    """What was changed after `catalogue build` does not get into the registry."""
    members(run)
    for path, content in packaged().items():
        file = tmp_path / "schemas" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content + b"\n" if path == "groups/CH.avsc" else content)

    said = run("registry", "publish", "--dir", "d", "--schemas", "schemas", expect=3)
    assert "catalogue build" in said
