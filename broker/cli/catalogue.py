"""`schakel catalogue`: build, check and show message types, groups and schemas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from broker.catalogue.build import CATALOGUE
from broker.catalogue.build import build as build_files
from broker.catalogue.document import parse_document
from broker.catalogue.facets import Facet, type_facets
from broker.catalogue.lint import SchemaRules
from broker.catalogue.lint import lint as lint_files
from broker.catalogue.load import load_catalogue, stale_files
from broker.catalogue.model import MessageEntry
from broker.cli.arguments import AsJson
from broker.cli.comparing import diff
from broker.cli.coverage import coverage
from broker.cli.duties import duty_documents, find_duty, print_duties, print_duty
from broker.cli.printing import print_json, print_line, print_table
from broker.cli.schemas import Folder, find_entry, find_extension, print_extension, said, schema_files
from broker.errors import ConfigurationError, ExitCode
from broker.records.compatibility import incompatibilities
from broker.records.schema import MessageSchema

__all__ = ["app"]

app = typer.Typer(help="Show and check message types, groups and schemas.", no_args_is_help=True)
app.command()(diff)
app.command()(coverage)


@app.command()
def build(
    folder: Folder = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 9 if files are stale.")] = False,
    as_json: AsJson = False,
) -> None:
    """Generate the message schemas and their digests from the catalogue and the groups."""
    content = schema_files(folder)
    stale = stale_files(content)
    if not check:
        built = build_files(content)
        load_catalogue(built)
        _write(folder, {path: built[path] for path in stale})
    if as_json:
        print_json({"stale": stale, "written": not check})
    else:
        for path in stale:
            print_line(f"{'stale' if check else 'written'}: {path}")
        if not stale:
            print_line("up to date")
    if check and stale:
        raise typer.Exit(ExitCode.FOUND)


@app.command()
def lint(folder: Folder = None, as_json: AsJson = False) -> None:
    """Say what the catalogue must not say; exit 9 if there is anything."""
    findings = lint_files(schema_files(folder), SchemaRules(MessageSchema.parse, incompatibilities))
    if as_json:
        print_json({"findings": findings})
    elif findings:
        print_table(
            ("rule", "where", "what", "what to do"), [(f.rule, f.where, f.what, f.remedy) for f in findings]
        )
    else:
        print_line("nothing found")
    if findings:
        raise typer.Exit(ExitCode.FOUND)


@app.command()
def show(
    code: Annotated[
        str | None,
        typer.Argument(
            help="A message type, such as E01, or an obligation, such as OB-DECIDE; all by default."
        ),
    ] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Show all message types and obligations, or everything about one: every rule with its source."""
    content = schema_files(folder)
    catalogue = load_catalogue(content)
    if duty := find_duty(catalogue, code):
        print_duty(catalogue, duty, as_json=as_json)
        return
    if extension := find_extension(catalogue, code):
        print_extension(extension, as_json=as_json)
        return
    entries = [find_entry(catalogue, code)] if code else list(catalogue.messages.values())
    document = parse_document(content[CATALOGUE])
    if as_json:
        documents = [_plain(entry) | {"rules": type_facets(document, entry.code)} for entry in entries]
        duties = duty_documents(catalogue)
        every = {"version": catalogue.version, "messages": documents, "obligations": duties}
        print_json(documents[0] if code else every)
    elif code:
        print_table(("property", "value"), _properties(entries[0], type_facets(document, entries[0].code)))
    else:
        print_table(
            ("code", "title", "from", "to", "mandatory", "topic"), [_summary(entry) for entry in entries]
        )
        print_line("")
        print_duties(catalogue)


def _write(folder: Path | None, content: dict[str, bytes]) -> None:
    try:
        with as_file(files("schemas")) as installed:
            for path, data in content.items():
                target = (folder or installed) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
    except OSError as error:
        raise ConfigurationError(
            "the schemas cannot be written",
            why=error.strerror or "",
            remedy="Give --schemas FOLDER that you may write",
        ) from error


def _plain(entry: MessageEntry) -> dict[str, object]:
    return asdict(entry) | {"schemas": {str(version): str(d) for version, d in entry.schemas.items()}}


def _summary(entry: MessageEntry) -> tuple[object, ...]:
    return (
        entry.code,
        entry.title_en,
        ", ".join(entry.sender_roles) or "any",
        ", ".join(entry.recipients) or "any",
        ", ".join(entry.mandatory_regimes),
        entry.topic,
    )


def _properties(entry: MessageEntry, rules: Iterable[Facet]) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [
        ("code", entry.code),
        ("title", f"{entry.title_nl} ({entry.title_en})   [{entry.source}]"),
        ("type", entry.type),
        ("topic", entry.topic),
    ]
    lists = [*entry.recipients.items(), *([("any role", entry.any_groups)] if entry.any_groups else [])]
    for role, groups in lists:
        words = f"required {' '.join(groups.required)}; may {' '.join(groups.may)}"
        rows.append((f"to {role}", f"{words}   [{groups.source}]"))
    rows += [(rule.aspect, f"{said(rule)}   [{rule.source}]") for rule in rules]
    return [*rows, *((f"schema {version}", str(digest)) for version, digest in entry.schemas.items())]
