"""Which side a command acts for: a profile, or the operator of a sandbox directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from broker.errors import UsageError
from broker.sandbox.layout import require_sandbox

__all__ = ["ProfileFile", "SandboxDirectory", "operator_profile"]

SandboxDirectory = Annotated[
    Path | None, typer.Option("--dir", help="A sandbox directory: act as its operator.")
]
ProfileFile = Annotated[
    Path | None, typer.Option("--profile", envvar="SCHAKEL_PROFILE", help="Profile of who acts.")
]


def operator_profile(directory: Path | None, profile: Path | None) -> Path:
    """The profile to act with; a sandbox named on the command line goes before one from the environment.

    Raises:
        ConfigurationError: There is no sandbox in *directory*.
        UsageError: Neither is given.
    """
    if directory is not None:
        return require_sandbox(directory).operator_profile
    if profile is None:
        raise UsageError("it is not said who acts", remedy="Give --dir SANDBOX or --profile FILE")
    return profile
