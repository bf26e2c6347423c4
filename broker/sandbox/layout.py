"""Where everything of a sandbox lies (docs/how-to, "Sandbox"): one directory, nothing outside it.

```
DIR/kafka/               node properties, data, logs
DIR/pki/                 test authority, one certificate per party
DIR/registry/public/     TUF repository: what everybody may read
DIR/registry/keys/       the test keys that sign it (`broker.operations.registry`)
DIR/exchange/            gate.toml ledger.toml operator.toml witnesses.policy, keys, ledger database, tlog/
                         tlog-access/ inspector.toml chief-inspector.toml auditor.toml: who looks
DIR/witnesses/<name>/    witness.toml, keys, witness.sqlite: what it cosigned
DIR/agencies/<name>/     schakel.toml, keys/, inbox.sqlite
DIR/run/                 pids, logs (JSON lines), history files, clock (by how much time is moved)
```
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from broker.errors import ConfigurationError

__all__ = ["Layout", "require_sandbox"]


@dataclass(frozen=True, slots=True)
class Layout:
    """The places in one sandbox directory, which is absolute."""

    directory: Path

    @property
    def pki(self) -> Path:
        """The test authority and the certificates."""
        return self.directory / "pki"

    @property
    def exchange(self) -> Path:
        """What the exchange itself needs."""
        return self.directory / "exchange"

    @property
    def gate_profile(self) -> Path:
        """Profile of the gate."""
        return self.exchange / "gate.toml"

    @property
    def ledger_profile(self) -> Path:
        """Profile of the ledger writer."""
        return self.exchange / "ledger.toml"

    @property
    def operator_profile(self) -> Path:
        """Profile of the operator."""
        return self.exchange / "operator.toml"

    def viewer_profile(self, role: str) -> Path:
        """Profile of who looks into the audit trail in this role."""
        return self.exchange / f"{role}.toml"

    @property
    def policy(self) -> Path:
        """Who cosigns the ledger, and how many of them it takes."""
        return self.exchange / "witnesses.policy"

    def witness(self, name: str) -> Path:
        """The folder of one witness."""
        return self.directory / "witnesses" / name

    def witness_profile(self, name: str) -> Path:
        """The profile of one witness."""
        return self.witness(name) / "witness.toml"

    @property
    def run(self) -> Path:
        """Pids and logs of the processes."""
        return self.directory / "run"

    @property
    def clock(self) -> Path:
        """By how many seconds the time of this sandbox is moved; no file while it is not."""
        return self.run / "clock"

    def agency(self, name: str) -> Path:
        """The folder of one agency."""
        return self.directory / "agencies" / name

    def profile(self, name: str) -> Path:
        """The profile of one agency."""
        return self.agency(name) / "schakel.toml"

    @property
    def is_built(self) -> bool:
        """Whether an exchange has been laid out here; its operator profile is written last."""
        return self.operator_profile.exists()


def require_sandbox(directory: Path) -> Layout:
    """The layout of a sandbox that exists.

    Raises:
        ConfigurationError: There is none in *directory*.
    """
    layout = Layout(directory.absolute())
    if not layout.is_built:
        raise ConfigurationError(
            f"there is no sandbox in {directory}", remedy=f"Start one: schakel dev up --dir {directory}"
        )
    return layout
