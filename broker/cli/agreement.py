"""`schakel agreement`: write, sign, revoke, show, check and compare data-sharing agreements."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from broker.agreements.check import Finding, check_book
from broker.agreements.document import parse_agreement, parse_document
from broker.agreements.model import Agreement, AgreementParty
from broker.agreements.signatures import RevocationReason, revoke_agreement, sign_agreement
from broker.agreements.template import fill_in, without
from broker.catalogue.load import load_catalogue
from broker.cli.agreement_reading import diff, explain_
from broker.cli.arguments import AsJson, Output, given_oin
from broker.cli.named_files import named_document
from broker.cli.printing import print_json, print_line, print_table
from broker.dutch_time import local_text
from broker.errors import ExitCode, MalformedError, UsageError
from broker.names import Micros
from broker.operations.agreement_record import record
from broker.operations.keys import load_keys
from broker.operations.models import model as packaged_model
from broker.operations.registry import RegistryHome, open_registry
from broker.operations.standing import named, published, require_own_keys
from broker.sandbox.layout import Layout
from broker.sandbox.timekeeping import sandbox_now
from broker.trust.view import TrustView
from schemas.reading import packaged

__all__ = ["app"]

app = typer.Typer(help="Data-sharing agreements (convenanten).", no_args_is_help=True)

Directory = Annotated[Path, typer.Option("--dir", "--registry", help="Directory that holds registry/.")]
MaybeDirectory = Annotated[
    Path | None,
    typer.Option("--dir", "--registry", help="Directory that holds registry/, if it is at hand."),
]
Source = Annotated[
    str | None, typer.Option("--source", help="Folder or https address of a registry, instead of --dir.")
]
Root = Annotated[
    Path | None, typer.Option("--root", exists=True, help="Trusted root document, with --source.")
]
Cache = Annotated[Path | None, typer.Option("--cache", help="Cache folder, with --source.")]
Keys = Annotated[Path, typer.Option("--keys", help="Directory of the key files of the party.")]
Number = Annotated[str, typer.Option("--oin", help="OIN of the party.")]
Document = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The agreement document.")]

_SANDBOX = Path("sandbox")
_KEYS = Path("keys")


@app.command()
def new(
    model: Annotated[str, typer.Argument(help="Name of a model, such as amk-shg-statutory, or a file.")],
    output: Output,
    values: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE for a place in the model.")
    ] = None,
    absent: Annotated[
        list[str] | None, typer.Option("--without", help="A role of the model that is no party.")
    ] = None,
) -> None:
    """Write an agreement from a model."""
    text = _written(Path(model)) if model.endswith(".yaml") else packaged_model(model)
    filled = dict(map(_pair, values or []))
    try:
        output.write_bytes(fill_in(without(text, set(absent or [])), filled))
    except MalformedError as error:
        raise UsageError(
            f"{model} does not become an agreement", why=error.what, remedy="Correct the model or its values"
        ) from error
    print_line(f"wrote {output}; each party signs it with `schakel agreement sign`")


@app.command()
def sign(
    document: Document,
    oin: Number,
    output: Output,
    keys: Keys = _KEYS,
    directory: MaybeDirectory = None,
    source: Source = None,
    root: Root = None,
    cache: Cache = None,
) -> None:
    """Sign this exact document for one party; with --dir or --source the keys are checked first."""
    agreement, party, now = _agreement(document), given_oin(oin), _now()
    signers, view = load_keys(keys, party), _view(directory, source, root, cache)
    if view is not None:
        require_own_keys(view, party, signers)
    output.write_bytes(sign_agreement(agreement, party, signers, now))
    checked = f"keys {'not checked' if view is None else 'checked'} against the registry"
    print_line(f"signed {agreement.id}/{agreement.version} with digest {agreement.digest}; {checked}")


@app.command()
def revoke(
    document: Document,
    oin: Number,
    output: Output,
    keys: Keys = _KEYS,
    reason: Annotated[RevocationReason, typer.Option(help="Why.")] = RevocationReason.PARTY_REQUEST,
    publish: Annotated[
        Path | None, typer.Option("--publish", help="Publish it in the registry of this directory.")
    ] = None,
) -> None:
    """End this exact document for one party, from now on."""
    agreement, party, now = _agreement(document), given_oin(oin), _now()
    label = f"{agreement.id}/{agreement.version}"
    view = None if publish is None else RegistryHome(publish).view(now)
    held = None if view is None else published(view, agreement.digest)
    if held is not None and held.revoked_at is not None:
        # A second one would only bring a later moment into the registry: the first one holds.
        print_line(f"{label} was revoked already at {local_text(held.revoked_at)}")
        return
    revocation = revoke_agreement(agreement, party, load_keys(keys, party), now, reason)
    if publish is not None:
        RegistryHome(publish).publish_revocation(revocation, now)
    output.write_bytes(revocation)
    print_line(f"revoked {label} from {local_text(now)}")


@app.command()
def show(document: Document, directory: MaybeDirectory = None, as_json: AsJson = False) -> None:
    """Show the whole record that the law asks for; with --dir its parties by name, and who has signed."""
    agreement, content = _agreement(document), document.read_bytes()
    if as_json:
        written = parse_document(content).model_dump(mode="json", exclude_none=True)
        print_json({"digest": str(agreement.digest), **written})
        return
    now = _now() if directory is None else sandbox_now(Layout(directory))
    view = _view(directory, None, None, None)
    catalogue = load_catalogue(packaged()) if view is None else view.catalogue
    for label, text in record(parse_document(content), agreement, catalogue, view, now):
        print_line(f"{label:<18}{text}")


@app.command()
def check(
    directory: Directory = _SANDBOX,
    days: Annotated[
        int,
        typer.Option(
            "--expires-within", "--days", min=0, max=3650, help="Report what ends within so many days."
        ),
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Say what is missing, overlaps, ends soon or is too wide; exit 9 when something serious is found."""
    now = sandbox_now(Layout(directory))
    view = RegistryHome(directory).view(now)
    mandatory = [entry.code for entry in view.catalogue.messages.values() if entry.mandatory]
    found = check_book(view.rules, mandatory, _parties(view, now), now, days)
    findings = sorted(found, key=lambda finding: not finding.serious)
    if as_json:
        print_json({"registry_version": view.version, "findings": findings})
    else:
        _table(view, findings)
    if any(finding.serious for finding in findings):
        raise typer.Exit(ExitCode.FOUND)


app.command()(diff)
app.command("explain")(explain_)


def _agreement(file: Path) -> Agreement:
    return named_document(file, "an agreement", parse_agreement)


def _table(view: TrustView, findings: list[Finding]) -> None:
    if not findings:
        print_line("nothing found")
        return
    print_table(("kind", "serious", "finding"), [(f.kind, f.serious, named(view, f.text)) for f in findings])


def _parties(view: TrustView, now: Micros) -> list[AgreementParty]:
    return [
        AgreementParty(agency.oin, role)
        for agency in view.agencies.values()
        if agency.is_active(now)
        for role in agency.roles
    ]


def _view(
    directory: Path | None, source: str | None, root: Path | None, cache: Path | None
) -> TrustView | None:
    """The registry that is at hand, if one is."""
    if source is not None:
        if root is None or cache is None:
            raise UsageError("a source needs --root and --cache", remedy="Give both, or leave --source out")
        return open_registry(source, cache, root).refresh(_now())
    return None if directory is None else RegistryHome(directory).view(sandbox_now(Layout(directory)))


def _written(path: Path) -> bytes:
    if not path.is_file():
        raise UsageError(f"there is no file {path}", remedy="Check the path")
    return path.read_bytes()


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"not NAME=VALUE: {text}", remedy="Write the place, an equals sign and its value")
    return name, value


def _now() -> Micros:
    return Micros(time.time_ns() // 1000)
