"""`schakel registry`, `keys` and `agreement`: from nothing to a co-signed agreement, and its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.cli.main import main
from broker.dutch_time import local_text
from broker.errors import UsageError
from broker.moments import from_text
from broker.names import Micros
from broker.operations.registry import RegistryHome
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

    assert {code for finding in found if finding["serious"] for code in finding["codes"]} == {"E01", "E02"}


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


@pytest.mark.parametrize(
    ("name", "title", "role", "said"),
    [
        pytest.param("SHG West", "SHG West", "SHG", "lower-case letters, digits and hyphens", id="name"),
        pytest.param("shg-west", "", "SHG", "a title has 1 to 200 characters", id="title"),
        pytest.param("shg-west", "West", "STEUN", "Choose from AMK, BJZ", id="role"),
        pytest.param("shg-west", "West", "rvdk", "Write RvdK", id="spelling"),
    ],
)
def test_an_agency_that_no_reader_accepts_is_not_published(
    run: Run, name: str, title: str, role: str, said: str
) -> None:
    """The rule is said, and the registry is as readable as it was."""
    run("registry", "init", "--dir", "d")
    run("keys", "new", "--oin", SHG, "--keys", "k", "--proof", "p.json")
    given = ("--name", name, "--title", title, "--role", role)

    assert said in run("registry", "add-agency", "--dir", "d", "--proof", "p.json", *given, expect=2)
    assert run("registry", "verify", "--dir", "d", "--json")["version"] == 2


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"agencies.json": b"{}"}, id="agencies"),
        pytest.param({"agencies.json": None}, id="no-agencies"),
        pytest.param({"catalogue.yaml": b"version: 1\n"}, id="catalogue"),
        pytest.param({"agreements/a/1.yaml": b"title: x\n"}, id="agreement"),
    ],
)
def test_what_a_reader_would_refuse_is_not_signed(run: Run, changes: dict[str, bytes | None]) -> None:
    """Every publication is read back first: a signed mistake would stop every reader."""
    run("registry", "init", "--dir", "d")
    home = RegistryHome(Path("d"))

    with pytest.raises(UsageError, match="not published"):
        home.publish(changes, Micros(time.time_ns() // 1000))
    assert run("registry", "verify", "--dir", "d", "--json")["version"] == 2


def test_keys_of_another_party_do_not_sign(run: Run) -> None:
    """Where the registry is at hand the keys are checked; elsewhere it is said that they were not."""
    members(run)
    agree(run)
    wrong = ("agreement", "sign", "a.yaml", "--oin", SHG, "--keys", "amk/keys", "-o", "x.sig")

    assert f"do not belong to shg ({SHG})" in run(*wrong, "--dir", "d", expect=2)
    assert not Path("x.sig").exists()
    assert "not checked against the registry" in run(*wrong)
    assert "would not count" in run("registry", "publish", "--dir", "d", "--signature", "x.sig", expect=2)


def test_publish_says_who_has_not_signed(run: Run) -> None:
    """An agreement with a signature missing is not in force, and the party is named; then it is."""
    members(run)
    agree(run)
    text = Path("a.yaml").read_text(encoding="utf-8").replace("version: 1", "version: 2")
    Path("b.yaml").write_text(text, encoding="utf-8")
    run("agreement", "sign", "b.yaml", "--oin", SHG, "--keys", "shg/keys", "-o", "s", "--dir", "d")
    run("agreement", "sign", "b.yaml", "--oin", AMK, "--keys", "amk/keys", "-o", "a", "--dir", "d")

    half = run("registry", "publish", "--dir", "d", "--agreement", "b.yaml", "--signature", "s")
    assert "amk-shg/2 is not in force: not signed by amk" in half
    assert f"is not signed by amk ({AMK})" in run("agreement", "check", "--dir", "d", expect=9)
    assert "amk-shg/2 is in force" in run("registry", "publish", "--dir", "d", "--signature", "a")


def test_agreements_are_shown_for_people(run: Run) -> None:
    """Names beside numbers, Dutch time, and a sentence where nothing changes."""
    members(run)
    agree(run)

    shown = run("agreement", "show", "a.yaml", "--dir", "d")
    assert "from 2020-01-01 00:00:00 CET until (not including) 2099-01-01 00:00:00 CET" in shown
    assert f"amk ({AMK}/AMK), signed for by the manager AMK" in shown
    assert "Nothing changes for anybody." in run("agreement", "diff", "a.yaml", "a.yaml", "--dir", "d")


def test_a_second_revocation_changes_nothing(run: Run) -> None:
    """The first moment holds, and is told."""
    members(run)
    agree(run)
    revoke = (
        "agreement",
        "revoke",
        "a.yaml",
        "--oin",
        AMK,
        "--keys",
        "amk/keys",
        "-o",
        "r",
        "--publish",
        "d",
    )
    run(*revoke)
    (before,) = run("registry", "show", "--dir", "d", "--json")["agreements"]

    assert f"was revoked already at {local_text(from_text(before['revoked_at']))}" in run(*revoke)
    assert run("registry", "show", "--dir", "d", "--json")["agreements"] == [before]


def test_a_wrong_oin_is_repeated(run: Run) -> None:
    """The error shows what was written, and no keys are made."""
    said = run("keys", "new", "--oin", "123", "--keys", "k", "--proof", "p.json", expect=2)

    assert "not an OIN: 123" in said
    assert not Path("k").exists()


def succession(run: Run, *signers: str, expect: int = 0) -> Any:
    """Let *signers* sign that the AMK carries on for the SHG, and publish it."""
    about = ("shg", "amk", "--since", "2026-01-01", "--dir", "d")
    for name in signers:
        run(
            "registry",
            "sign-succession",
            *about,
            "--oin",
            name,
            "--keys",
            f"{name}/keys",
            "-o",
            f"{name}.suc",
        )
    given = [part for name in signers for part in ("--signature", f"{name}.suc")]
    return run("registry", "succeed", *about, *given, expect=expect)


def test_an_agency_is_succeeded_when_both_sign(run: Run) -> None:
    """The registry names who carries on, and the old agency takes no part any more."""
    members(run)
    succession(run, "shg", "amk")

    assert run("registry", "show", "--dir", "d", "--json")["successions"] == [
        {"old": SHG, "new": AMK, "since": "2025-12-31T23:00:00.000000Z"}
    ]
    assert run("registry", "verify", "--dir", "d", "--json")["verified"]


def test_an_agency_is_split(run: Run) -> None:
    """Both halves are published at once; each is signed by the old agency and by its heir."""
    members(run)
    heir = "00000099000000003000"
    run("keys", "new", "--oin", heir, "--keys", "raad/keys", "--proof", "raad.json")
    run(
        *("registry", "add-agency", "--dir", "d", "--name", "raad", "--title", "RAAD"),
        *("--role", "RvdK", "--proof", "raad.json"),
    )
    given: list[str] = []
    for new, signer in (("amk", "shg"), ("amk", "amk"), ("raad", "shg"), ("raad", "raad")):
        about = ("shg", new, "--since", "2026-01-01", "--dir", "d", "--oin", signer)
        given += ("--signature", f"{new}-{signer}.suc")
        run("registry", "sign-succession", *about, "--keys", f"{signer}/keys", "-o", given[-1])
    split = ("shg", "amk", "raad", "--since", "2026-01-01", "--dir", "d")
    assert heir in run("registry", "succeed", *split, *given[:4], expect=2)
    run("registry", "succeed", *split, *given)

    shown = run("registry", "show", "--dir", "d", "--json")["successions"]
    assert [(one["old"], one["new"]) for one in shown] == [(SHG, AMK), (SHG, heir)]
    assert run("registry", "verify", "--dir", "d", "--json")["verified"]


def test_an_agency_is_not_succeeded_behind_its_back(run: Run) -> None:
    """Without the signature of the old agency nothing is published."""
    members(run)

    assert SHG in succession(run, "amk", expect=2)
