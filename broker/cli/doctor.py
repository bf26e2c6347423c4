"""`schakel doctor`: find out why something does not work, and what to do about it."""

from __future__ import annotations

import typer

from broker.cli.arguments import AsJson
from broker.cli.printing import print_json, print_table
from broker.cli.profiles import ProfileFile, SandboxDirectory, operator_profile
from broker.errors import ExitCode
from broker.operations.doctor import check_machine, check_profile
from broker.sandbox.checkup import check_local_kafka

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def doctor(directory: SandboxDirectory = None, profile: ProfileFile = None, as_json: AsJson = False) -> None:
    """Check this machine, and with a profile everything that it relies on; exit 9 when something is wrong."""
    findings = [*check_machine(), *check_local_kafka()]
    if directory is not None or profile is not None:
        findings += check_profile(operator_profile(directory, profile))
    wrong = [finding for finding in findings if finding.state == "wrong"]
    if as_json:
        print_json({"wrong": len(wrong), "checks": findings})
    else:
        rows = [(finding.check, finding.state, finding.said, finding.remedy) for finding in findings]
        print_table(("check", "state", "found", "what to do"), rows)
    if wrong:
        raise typer.Exit(ExitCode.FOUND)
