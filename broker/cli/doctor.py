"""`schakel doctor`: find out why something does not work, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import typer

from broker.cli.arguments import AsJson
from broker.cli.ledgers import ledger_profile
from broker.cli.printing import print_json, print_table
from broker.cli.profiles import ProfileFile, SandboxDirectory, operator_profile
from broker.errors import ConfigurationError, ExitCode, SchakelError
from broker.operations.doctor import Finding, check_machine, check_profile, overdue_findings
from broker.operations.overdue import told_to_operator
from broker.sandbox.checkup import check_local_kafka

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def doctor(directory: SandboxDirectory = None, profile: ProfileFile = None, as_json: AsJson = False) -> None:
    """Check this machine, and with a profile everything that it relies on; exit 9 when something is wrong."""
    findings = [*check_machine(), *check_local_kafka()]
    if directory is not None or profile is not None:
        findings += check_profile(operator_profile(directory, profile))
        findings += _ledger(directory, profile)
    wrong = [finding for finding in findings if finding.state == "wrong"]
    if as_json:
        print_json({"wrong": len(wrong), "checks": findings})
    else:
        rows = [(finding.check, finding.state, finding.said, finding.remedy) for finding in findings]
        print_table(("check", "state", "found", "what to do"), rows)
    if wrong:
        raise typer.Exit(ExitCode.FOUND)


def _ledger(directory: Path | None, profile: Path | None) -> list[Finding]:
    """What is overdue of the duties of which the operator hears; of whoever has a ledger to look at."""
    try:
        settings = ledger_profile(profile, directory)
    except SchakelError:
        # An agency or a gate; what is wrong with the profile itself is said already.
        return []
    # Imported here: only who has a ledger loads a database.
    from broker.assembly_ledger import audit_parts

    try:
        parts = audit_parts(settings)
        view = parts.keeper.current()
        told = told_to_operator(parts.obligations, view, parts.clock.now())
    except ConfigurationError as error:
        return [Finding("duties", "note", error.what, error.remedy)]
    except SchakelError as error:
        return [Finding("duties", "wrong", str(error), error.remedy)]
    names = {agency.oin: name for name, agency in view.by_name.items()}
    return list(overdue_findings(told, names))
