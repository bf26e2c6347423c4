"""The last scene: what the ledger holds, and a proof that anybody can check without network or database."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from broker.audit.checkpoint import VerifierKey, parse_checkpoint, verify_checkpoint
from broker.errors import DeadlineError, EvidenceError
from broker.names import Algorithm, Digest
from broker.sandbox.cast import EXCHANGE
from broker.sandbox.demo.model import Ledger, Proof
from broker.sandbox.layout import Layout
from broker.trust.view import TrustView

__all__ = ["await_ledger", "prove"]

_HOME = Path(__file__).resolve().parents[3]
_COMMAND_SECONDS = 60
_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class _Done:
    code: int
    output: str
    errors: str


def await_ledger(layout: Layout, view: TrustView, entries: int, seconds: float = 30.0) -> Ledger:
    """Wait until the ledger's signed checkpoint covers that many entries, and verify it.

    Args:
        view: Says which key signs checkpoints.

    Raises:
        DeadlineError: It did not, in time.
        EvidenceError: The checkpoint is not signed with the key that the registry names.
    """
    file = layout.exchange / "tlog" / "checkpoint"
    keys = [entry.key for entry in view.by_name[EXCHANGE.name].log_keys]
    (log_key,) = (key for key in keys if key.algorithm is Algorithm.ED25519)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if file.exists():
            signed = parse_checkpoint(file.read_bytes())
            if signed.checkpoint.size >= entries:
                key = VerifierKey(signed.checkpoint.origin, log_key)
                sure = verify_checkpoint(signed, key)
                return Ledger(sure.size, str(sure.root), signed.note.decode(), str(key))
        time.sleep(_PAUSE)
    raise DeadlineError(f"the ledger did not hold {entries} entries within {seconds:.0f} s")


def prove(layout: Layout, ledger: Ledger, decision: Digest, file: Path) -> Proof:
    """Write the evidence of one decision to *file*, and verify it in a process that has no network.

    The verifier gets the file and the log's public key, and nothing else.

    Raises:
        EvidenceError: It could not be written.
    """
    profile = str(layout.viewer_profile("inspector"))
    why = ("--purpose", "toezicht", "--reference", "demonstratie")
    made = _schakel("audit", "prove", str(decision), "-o", str(file), "--profile", profile, *why)
    if made.code != 0:
        raise EvidenceError("the evidence could not be written", why=made.errors.strip()[-300:])
    isolation = _isolation()
    verified = _schakel("audit", "verify", str(file), "--log-key", ledger.verifier_key, prefix=isolation)
    return Proof(verified.code == 0, file, bool(isolation))


def _isolation() -> list[str]:
    """The words that take the network away from a command, where this machine can do that."""
    if shutil.which("unshare") is None:
        return []
    for words in (["unshare", "-n"], ["unshare", "-r", "-n"]):
        if subprocess.run([*words, "true"], capture_output=True, timeout=10, check=False).returncode == 0:
            return words
    return []


def _schakel(*words: str, prefix: list[str] | None = None) -> _Done:
    command = [*(prefix or []), sys.executable, "-m", "broker.cli.main", *words]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_COMMAND_SECONDS, cwd=_HOME, check=False
    )
    return _Done(done.returncode, done.stdout, done.stderr)
