"""The witnesses of a sandbox: the inspectorate and one peer agency cosign the ledger's checkpoints.

The inspectorate has an ML-DSA-44 key and the peer an Ed25519 key, so that both forms are used; the policy
asks for both witnesses.  Each has a folder of its own, and keeps its address.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from broker.adapters.keyfiles import read_signer
from broker.assembly_witness import make_witness, witness_keys
from broker.audit.checkpoint import VerifierKey
from broker.audit.cosignature import CosignerKey
from broker.sandbox.kafka import free_ports
from broker.sandbox.layout import Layout
from broker.sandbox.members import LOG_SECOND_KEY
from broker.sandbox.toml_files import write_toml
from broker.settings import WitnessProfile, load_profile

__all__ = ["WITNESSES", "enrol_witnesses", "has_second_key"]

WITNESSES: Final = {"inspectie-jeugdzorg": "witness-ml-dsa-44.pem", "raad-noord": "witness-ed25519.pem"}
"""Short name of each, and its key file."""


def enrol_witnesses(layout: Layout, origin: str) -> None:
    """Make the witnesses that are not there yet, and the policy that names them.

    Args:
        origin: Of the log that they watch.
    """
    logs, ports = _log_keys(layout, origin), free_ports(len(WITNESSES))
    for (name, key), port in zip(WITNESSES.items(), ports, strict=True):
        path = layout.witness_profile(name)
        if path.exists():
            continue
        write_toml(
            path,
            {
                "name": f"{name}.zandbak.invalid/witness",
                "listen": f"127.0.0.1:{port}",
                "keys": [key],
                "store": "witness.sqlite",
                "logs": logs,
                "development": True,
                "clock": "../../run/clock",
            },
        )
    for name, key in WITNESSES.items():
        if not (layout.witness(name) / key).exists():
            # Its store without its key was never used: whoever made it was killed in between.
            (layout.witness(name) / "witness.sqlite").unlink(missing_ok=True)
            make_witness(_profile(layout, name))
    _write_policy(layout, logs)


def has_second_key(layout: Layout) -> bool:
    """Whether the log signs with ML-DSA-44 as well: a sandbox of an earlier version has no such key."""
    return _second_key(layout).exists()


def _write_policy(layout: Layout, logs: list[str]) -> None:
    lines = [f"log {key}" for key in logs]
    for name in WITNESSES:
        profile = _profile(layout, name)
        (key,) = witness_keys(profile)
        lines.append(f"witness {name} {key} http://{profile.listen}")
    lines += [f"group witnesses all {' '.join(WITNESSES)}", "quorum witnesses"]
    layout.policy.write_text("\n".join(lines) + "\n", encoding="ascii")


def _log_keys(layout: Layout, origin: str) -> list[str]:
    first = read_signer(layout.exchange / "keys" / "sign-ed25519.pem")
    keys = [str(VerifierKey(origin, first.verifying_key))]
    if has_second_key(layout):
        keys.append(str(CosignerKey(origin, read_signer(_second_key(layout)).verifying_key)))
    return keys


def _second_key(layout: Layout) -> Path:
    return layout.exchange / "keys" / LOG_SECOND_KEY


def _profile(layout: Layout, name: str) -> WitnessProfile:
    return load_profile(layout.witness_profile(name), WitnessProfile)
