"""Which ledger, or which gate, a command is about: a profile, or a sandbox; and the ledger opened to read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from broker.errors import UsageError
from broker.sandbox.layout import Layout, require_sandbox
from broker.settings import GateProfile, LedgerProfile, load_profile

if TYPE_CHECKING:
    from broker.parts import AuditParts

__all__ = ["gate_profile", "ledger_profile", "opened_ledger"]

_SANDBOX = Path("sandbox")


def ledger_profile(profile: Path | None, directory: Path | None) -> LedgerProfile:
    """The ledger's profile from what the caller named.

    Args:
        profile: The ledger's profile, or the operator's, beside which it stands.
        directory: A sandbox; wins, for it is never set by the environment.

    Raises:
        UsageError: Neither is named.
        ConfigurationError: It is not there, or not usable.
    """
    if profile is None:
        directory = _sandbox_here(directory)
    if directory is not None:
        return load_profile(require_sandbox(directory).ledger_profile, LedgerProfile)
    if profile is None:
        raise UsageError("no ledger is named", remedy="Give --profile FILE, or --dir of a sandbox")
    if profile.name == Layout(profile).operator_profile.name:
        profile = profile.with_name(Layout(profile).ledger_profile.name)
    return load_profile(profile, LedgerProfile)


def _sandbox_here(directory: Path | None) -> Path | None:
    """*directory*, or the folder `sandbox` where one was made: the default of other commands too."""
    return _SANDBOX if directory is None and Layout(_SANDBOX).ledger_profile.is_file() else directory


def gate_profile(profile: Path | None, directory: Path | None) -> GateProfile:
    """The gate's profile from what the caller named, as for `ledger_profile`.

    Raises:
        UsageError: Neither is named.
        ConfigurationError: It is not there, or not usable.
    """
    if profile is None:
        directory = _sandbox_here(directory)
    if directory is not None:
        return load_profile(require_sandbox(directory).gate_profile, GateProfile)
    if profile is None:
        raise UsageError("no gate is named", remedy="Give --gate FILE, or --dir of a sandbox")
    return load_profile(profile, GateProfile)


def opened_ledger(profile: Path | None, directory: Path | None) -> AuditParts:
    """The ledger that the caller named, to read from.

    Raises:
        UsageError, ConfigurationError: As for `ledger_profile`.
    """
    # Imported here, so that what needs no ledger loads no database.
    from broker.assembly_ledger import audit_parts

    return audit_parts(ledger_profile(profile, directory))
