"""`schakel registry`: the signed list of agencies, keys, agreements and schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from broker.agreements.document import parse_agreement
from broker.agreements.signatures import read_revocation, read_signature
from broker.catalogue.build import CATALOGUE
from broker.catalogue.load import load_catalogue
from broker.cli.arguments import AsJson, given_key_id, given_moment, given_oin
from broker.cli.named_files import named_document
from broker.cli.printing import print_json, print_line, print_table
from broker.cli.schemas import schema_files
from broker.dutch_time import local_text
from broker.errors import EvidenceError, UntrustedError, UsageError
from broker.moments import to_text
from broker.names import Micros, Oin, Role
from broker.operations.keys import load_keys
from broker.operations.registry import RegistryHome, open_registry
from broker.operations.standing import Standing, named, standing
from broker.sandbox.layout import Layout
from broker.sandbox.timekeeping import sandbox_now
from broker.trust.edit import NewAgency
from broker.trust.possession import check_possession
from broker.trust.successions import sign_succession
from broker.trust.view import Succession, TrustView

__all__ = ["app"]

app = typer.Typer(
    help="The signed registry: who takes part, with which keys, under which agreements.", no_args_is_help=True
)

Directory = Annotated[Path, typer.Option("--dir", help="Directory that holds, or will hold, registry/.")]
Proof = Annotated[
    Path,
    typer.Option("--proof", exists=True, dir_okay=False, help="Proof of possession, from `schakel keys`."),
]

Old = Annotated[str, typer.Argument(help="OIN or short name of the agency that ends.")]
New = Annotated[str, typer.Argument(help="OIN or short name of the agency that carries on.")]
Since = Annotated[
    str, typer.Option("--since", help="From when: a day, a moment in Dutch time, or one in UTC with Z.")
]

_SANDBOX = Path("sandbox")


@app.command("init")
def init_(
    directory: Directory = _SANDBOX,
    threshold: Annotated[
        list[str] | None,
        typer.Option("--threshold", help="ROLE=N: N keys, N signatures needed; 1 by default."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make keys and an empty registry with the catalogue of this release."""
    home = RegistryHome(directory)
    _done(
        home.init(_now(directory), dict(map(_threshold, threshold or []))),
        as_json=as_json,
        root=str(home.root),
    )


@app.command()
def add_agency(
    name: Annotated[str, typer.Option("--name", help="Short name: lower-case letters, digits, hyphens.")],
    title: Annotated[str, typer.Option("--title", help="Full name.")],
    role: Annotated[list[str], typer.Option("--role", help="Role code; may be repeated.")],
    proof: Proof,
    directory: Directory = _SANDBOX,
    as_json: AsJson = False,
) -> None:
    """Admit an agency that proves to hold its keys."""
    new = NewAgency(name, title, frozenset(map(Role, role)))
    keys = named_document(proof, "a proof of possession", check_possession)
    _done(RegistryHome(directory).add_agency(new, keys, _now(directory)), as_json=as_json, oin=keys.oin)


@app.command()
def rotate_key(proof: Proof, directory: Directory = _SANDBOX, as_json: AsJson = False) -> None:
    """Add new keys of an agency; its older signing keys count for 30 days more."""
    keys = named_document(proof, "a proof of possession", check_possession)
    _done(RegistryHome(directory).rotate_keys(keys, _now(directory)), as_json=as_json, oin=keys.oin)


@app.command()
def revoke_key(
    key: Annotated[str, typer.Argument(help="Key id: 64 hexadecimal digits.")],
    directory: Directory = _SANDBOX,
    as_json: AsJson = False,
) -> None:
    """Revoke a key: nothing it signed is accepted any more, whatever time it claims."""
    version = RegistryHome(directory).revoke_key(given_key_id(key), _now(directory))
    _done(version, as_json=as_json, key=key)


@app.command("sign-succession")
def sign_succession_(
    old: Old,
    new: New,
    since: Since,
    oin: Annotated[str, typer.Option("--oin", help="OIN or short name of the one of the two that signs.")],
    keys: Annotated[Path, typer.Option("--keys", help="Directory of its key files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    directory: Directory = _SANDBOX,
) -> None:
    """Sign, for one of the two agencies, that one carries on the cases of the other."""
    now = _now(directory)
    view = RegistryHome(directory).view(now)
    succession, party = _succession(view, old, new, since), _agency(view, oin)
    output.write_bytes(sign_succession(succession, party, load_keys(keys, party), now))
    print_line(
        f"signed that {named(view, succession.new)} carries on for {named(view, succession.old)} "
        f"from {local_text(succession.since)}"
    )


@app.command()
def succeed(
    old: Old,
    new: Annotated[
        list[str],
        typer.Argument(help="OIN or short name of each agency that carries on: several in a split."),
    ],
    since: Since,
    signature: Annotated[
        list[Path],
        typer.Option("--signature", exists=True, help="Statement of the old, and of the new, about each."),
    ],
    directory: Directory = _SANDBOX,
    as_json: AsJson = False,
) -> None:
    """Publish that an agency ends and others carry on its cases; it and they have signed it."""
    home, now = RegistryHome(directory), _now(directory)
    view = home.view(now)
    successions = [_succession(view, old, one, since) for one in new]
    version = home.publish_successions(successions, _read(signature), now)
    heirs = [each.new for each in successions]
    _done(version, as_json=as_json, old=successions[0].old, new=heirs if as_json else ",".join(heirs))


@app.command()
def publish(
    agreement: Annotated[
        list[Path] | None, typer.Option("--agreement", exists=True, help="An agreement document.")
    ] = None,
    signature: Annotated[
        list[Path] | None, typer.Option("--signature", exists=True, help="A party's signature on one.")
    ] = None,
    revocation: Annotated[
        list[Path] | None, typer.Option("--revocation", exists=True, help="A party's revocation.")
    ] = None,
    schemas: Annotated[
        Path | None,
        typer.Option("--schemas", exists=True, file_okay=False, help="A catalogue with its schemas."),
    ] = None,
    directory: Directory = _SANDBOX,
    as_json: AsJson = False,
) -> None:
    """Publish agreements, signatures, revocations or a catalogue; without any, renew what expires."""
    home, now = RegistryHome(directory), _now(directory)
    version = 0 if agreement or signature or revocation or schemas else home.renew(now)
    if schemas is not None:
        version = home.publish(_catalogue(schemas), now)
    for path in revocation or []:
        named_document(path, "a revocation", read_revocation)
        version = home.publish_revocation(path.read_bytes(), now)
    agreements = [named_document(path, "an agreement", parse_agreement) for path in agreement or []]
    signatures = [named_document(path, "a signature", read_signature) for path in signature or []]
    if agreement or signature:
        version = home.publish_agreements(_read(agreement), _read(signature), now)
    about = {str(one.digest) for one in agreements} | {str(one.statement.digest) for one in signatures}
    stand = _standings(home, about, now)
    _done(version, as_json=as_json, **({"agreements": stand} if as_json else {}))
    for one in () if as_json else stand:
        print_line(f"{one.agreement} is {'in force' if one.in_force else f'not in force: {one.why}'}")


@app.command()
def show(
    directory: Directory = _SANDBOX,
    source: Annotated[
        str | None, typer.Option("--source", help="Folder or https address of a registry.")
    ] = None,
    root: Annotated[
        Path | None, typer.Option("--root", exists=True, help="Trusted root document, with --source.")
    ] = None,
    cache: Annotated[Path | None, typer.Option("--cache", help="Cache folder, with --source.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who takes part, and which agreements there are."""
    view = _view(directory, source, root, cache)
    if as_json:
        print_json(_described(view))
        return
    print_line(f"registry version {view.version}, counts until {local_text(view.expires_at)}")
    rows = [(a.short_name, a.oin, " ".join(sorted(a.roles)), a.title) for a in view.agencies.values()]
    print_table(("agency", "oin", "roles", "title"), sorted(rows))
    agreements = [(a.id, a.version, a.cosigned, a.revoked_at is not None) for a in view.rules.agreements]
    print_table(("agreement", "version", "co-signed", "revoked"), sorted(agreements))
    for found in view.successions:
        old, new = named(view, found.old), named(view, found.new)
        print_line(f"{new} carries on for {old} from {local_text(found.since)}")


@app.command()
def verify(
    directory: Directory = _SANDBOX,
    source: Annotated[
        str | None, typer.Option("--source", help="Folder or https address of a registry.")
    ] = None,
    root: Annotated[
        Path | None, typer.Option("--root", exists=True, help="Trusted root document, with --source.")
    ] = None,
    cache: Annotated[Path | None, typer.Option("--cache", help="Cache folder, with --source.")] = None,
    as_json: AsJson = False,
) -> None:
    """Verify all signatures, versions, hashes and keys; exit 7 when something is wrong."""
    try:
        view = _view(directory, source, root, cache)
    except UntrustedError as error:
        raise EvidenceError("the registry does not verify", why=error.what) from error
    if view.problems:
        raise EvidenceError("the registry holds files that do not count", why="; ".join(view.problems))
    _done(view.version, as_json=as_json, verified=True)


def _view(directory: Path, source: str | None, root: Path | None, cache: Path | None) -> TrustView:
    if source is None:
        return RegistryHome(directory).view(_now(directory))
    if root is None or cache is None:
        raise UsageError("a source needs --root and --cache", remedy="Give both, or leave --source out")
    return open_registry(source, cache, root).refresh(_now(directory))


def _succession(view: TrustView, old: str, new: str, since: str) -> Succession:
    return Succession(_agency(view, old), _agency(view, new), given_moment(since))


def _agency(view: TrustView, text: str) -> Oin:
    agency = view.by_name.get(text)
    return given_oin(text) if agency is None else agency.oin


def _standings(home: RegistryHome, digests: set[str], now: Micros) -> list[Standing]:
    """How the agreements stand that were published, or signed, just now."""
    if not digests:
        return []
    view = home.view(now)
    held = sorted(view.rules.agreements, key=lambda agreement: (agreement.id, agreement.version))
    return [standing(view, agreement, now) for agreement in held if str(agreement.digest) in digests]


def _described(view: TrustView) -> dict[str, object]:
    return {
        "version": view.version,
        "expires_at": to_text(view.expires_at),
        "agencies": [
            {
                "oin": agency.oin,
                "short_name": agency.short_name,
                "title": agency.title,
                "roles": sorted(agency.roles),
                "signing_keys": [str(entry.key.key_id) for entry in agency.signing_keys],
                "sealing_keys": [str(entry.key.key_id) for entry in agency.sealing_keys],
                "log_keys": [str(entry.key.key_id) for entry in agency.log_keys],
            }
            for agency in sorted(view.agencies.values(), key=lambda agency: agency.oin)
        ],
        "agreements": [
            {
                "id": agreement.id,
                "version": agreement.version,
                "digest": str(agreement.digest),
                "cosigned": agreement.cosigned,
                "revoked_at": None if agreement.revoked_at is None else to_text(agreement.revoked_at),
            }
            for agreement in sorted(view.rules.agreements, key=lambda a: (a.id, a.version))
        ],
        "successions": [
            {"old": found.old, "new": found.new, "since": to_text(found.since)} for found in view.successions
        ],
        "problems": list(view.problems),
    }


def _threshold(text: str) -> tuple[str, int]:
    role, _, number = text.partition("=")
    if not number.isdigit() or not 1 <= int(number) <= 9:
        raise UsageError(
            f"not ROLE=N: {text}", remedy="Write a role, an equals sign and a number from 1 to 9"
        )
    return role, int(number)


def _catalogue(folder: Path) -> dict[str, bytes | None]:
    """The files of a catalogue by registry path, once it is known to be whole and right."""
    content = schema_files(folder)
    load_catalogue(content)
    return {path if path == CATALOGUE else f"schemas/{path}": data for path, data in content.items()}


def _read(paths: list[Path] | None) -> list[bytes]:
    return [path.read_bytes() for path in paths or []]


def _done(version: int, *, as_json: bool, **more: object) -> None:
    if as_json:
        print_json({"version": version, **more})
    else:
        print_line(
            " ".join([f"registry version {version}", *(f"{name}={value}" for name, value in more.items())])
        )


def _now(directory: Path) -> Micros:
    """The time where the registry is: a sandbox has its own."""
    return sandbox_now(Layout(directory))
