"""What `schakel doctor` says of a profile that is not what the registry has."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from broker.names import Micros, Oin, Role
from broker.operations.doctor import Finding, check_profile
from broker.operations.keys import make_keys, proof_of
from broker.operations.registry import RegistryHome
from broker.trust.edit import NewAgency
from broker.trust.possession import check_possession

AMK, OTHER = Oin("00000099000000001000"), Oin("00000099000000002000")
PROFILE = """
name = "amk-noord"
oin = "{oin}"
development = true
roles = [{roles}]
system = "amk-sys"
keys = "keys"
inbox = "inbox.sqlite"
[kafka]
bootstrap = ["localhost:1"]
ca = "ca.pem"
certificate = "absent.pem"
[registry]
source = "registry/public"
root = "registry/root.json"
cache = "cache"
"""


def found(folder: Path, oin: Oin, roles: str) -> dict[str, Finding]:
    """The findings by check, where the registry lists one AMK and Kafka is not there."""
    now = Micros(time.time_ns() // 1000)
    make_keys(folder / "keys", "2026-01-01")
    home = RegistryHome(folder)
    home.init(now)
    keys = check_possession(proof_of(folder / "keys", AMK, now))
    home.add_agency(NewAgency("amk-noord", "AMK Noord", frozenset({Role("AMK")})), keys, now)
    path = folder / "schakel.toml"
    path.write_text(PROFILE.format(oin=oin, roles=roles), encoding="utf-8")
    return {finding.check: finding for finding in check_profile(path)}


@pytest.mark.parametrize(
    ("oin", "roles", "check", "state", "said"),
    [
        pytest.param(AMK, '"AMK"', "roles", "ok", "AMK", id="same"),
        pytest.param(
            AMK, '"SHG"', "roles", "wrong", "the profile has SHG, the registry lists AMK", id="roles"
        ),
        pytest.param(OTHER, '"AMK"', "agency", "wrong", f"lists amk-noord with {AMK}", id="oin"),
    ],
)
def test_profile_and_registry_are_compared(
    tmp_path: Path, oin: Oin, roles: str, check: str, state: str, said: str
) -> None:
    """OIN and roles of the profile are those of the registry, or a finding says which are not."""
    finding = found(tmp_path, oin, roles)[check]

    assert (finding.state, said in finding.said) == (state, True)


def test_what_to_do_is_never_empty(tmp_path: Path) -> None:
    """Whatever is wrong, there is something to do about it."""
    findings = found(tmp_path, OTHER, '"AMK"').values()

    assert all(finding.remedy for finding in findings if finding.state != "ok")
    assert Finding("anything", "wrong", "it is").remedy
