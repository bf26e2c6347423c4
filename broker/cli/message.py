"""`schakel message`: a document filled in with test data, and what a type may hold and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

import typer

from broker.catalogue.build import CATALOGUE, message_path
from broker.catalogue.checks import needed_groups
from broker.catalogue.document import parse_document
from broker.catalogue.facets import Aspect, type_facets
from broker.catalogue.load import load_catalogue
from broker.catalogue.model import Catalogue, GroupList, MessageEntry, Sensitivity
from broker.cli.arguments import AsJson
from broker.cli.printing import hint, print_json, print_line, print_table
from broker.cli.schemas import Folder, find_entry, find_extension, print_extension, said, schema_files
from broker.errors import MalformedError, RefusedError, UsageError
from broker.names import CaseRef, GroupName, MessageId, Regime, Role
from broker.records.schema import MessageSchema
from broker.records.shape import Choice, ListOf, Member, RecordOf
from broker.records.template import template as fill
from broker.sandbox.cast import AGENCIES

__all__ = ["app"]

_Id = TypeVar("_Id", MessageId, CaseRef)
_UNNAMED = "grond-van-het-convenant"
"""In the place of a legal basis that only an agreement can name: the type is off by default."""

app = typer.Typer(help="Fill in and explain message documents.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(help="A message type, such as E01.")]


@dataclass(frozen=True, slots=True)
class _Line:
    """What is said of one group.

    Attributes:
        choices: The symbols that a field may have, for those that have a list of them.
    """

    group: GroupName
    title: str
    rule: str
    required_fields: tuple[str, ...]
    allowed_fields: tuple[str, ...]
    sensitivity: str
    source: str
    choices: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Thread:
    """Where a message belongs.

    Attributes:
        answers: Whether its type answers others.
    """

    answers: bool
    reply_to: MessageId | None
    case: CaseRef | None

    @classmethod
    def given(cls, entry: MessageEntry, reply_to: str | None, case: str | None) -> _Thread:
        """As it stands after the options of that name."""
        answers = entry.accompanies or any(one.effect != "opens" for one in entry.obligations)
        return cls(
            answers,
            None if reply_to is None else _identifier("--reply-to", MessageId, reply_to),
            None if case is None else _identifier("--case", CaseRef, case),
        )

    @property
    def lacks_what_it_answers(self) -> bool:
        """Whether a person has still to say what it answers."""
        return self.answers and (self.reply_to is None or self.case is None)

    def document(self) -> dict[str, object]:
        """Its part of the document; what a person has still to say is null."""
        reply_to = None if self.reply_to is None else str(self.reply_to)
        answered = {"in_reply_to": reply_to} if self.answers or reply_to else {}
        return {"case": "new" if self.case is None else str(self.case), **answered}


@app.command()
def template(
    code: Code,
    to: Annotated[list[str] | None, typer.Option("--to", help="Addressee; may be given again.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also the groups that are only allowed.")] = False,
    reply_to: Annotated[
        str | None, typer.Option("--reply-to", help="Id of the message that this one answers.")
    ] = None,
    case: Annotated[str | None, typer.Option("--case", help="Its case reference; new by default.")] = None,
    folder: Folder = None,
) -> None:
    """Write a document filled with safe, invented test data."""
    content = schema_files(folder)
    catalogue = load_catalogue(content)
    entry = find_entry(catalogue, code)
    thread = _Thread.given(entry, reply_to, case)
    document = _template_document(entry, _schema(entry, content), thread, to=to or [], everything=everything)
    print_json(document)
    if not to:
        hint(f"addressed to {_default_addressee(entry)}, an agency of a sandbox; --to names another")
    if thread.lacks_what_it_answers:
        hint(f"{entry.code} answers a message: --reply-to ID and --case REFERENCE say which")


@app.command()
def explain(
    code: Code,
    sender: Annotated[str | None, typer.Option("--from", help="Role or agency that sends.")] = None,
    recipient: Annotated[str | None, typer.Option("--to", help="Role or agency that receives.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Show which groups are required, allowed and forbidden, every other rule, and by which source."""
    content = schema_files(folder)
    catalogue = load_catalogue(content)
    if extension := find_extension(catalogue, code):
        print_extension(extension, as_json=as_json)
        return
    entry = find_entry(catalogue, code)
    if sender is None or recipient is None:
        raise _between_whom(entry)
    from_role, to_role = _role(catalogue, sender), _role(catalogue, recipient)
    listed = _listed(entry, from_role, to_role)
    lines = list(_lines(catalogue, listed, _schema(entry, content)))
    rules = [
        facet
        for facet in type_facets(parse_document(content[CATALOGUE]), entry.code)
        if facet.aspect is not Aspect.SENDER or facet.name == from_role
    ]
    if as_json:
        print_json({**_head(entry, from_role, to_role), "groups": lines, "rules": rules})
        return
    for name, value in _head(entry, from_role, to_role).items():
        print_line(f"{name}: {_words(value)}")
    print_table(
        ("group", "what", "rule", "required fields", "allowed fields", "class", "source"),
        [
            (*(str(line.group), line.title, line.rule), *_fields(line), line.sensitivity, line.source)
            for line in lines
        ],
        whole=True,
    )
    print_table(("rule", "says", "source"), [(rule.aspect, said(rule), rule.source) for rule in rules])
    for field, symbols in sorted({f: s for line in lines for f, s in line.choices.items()}.items()):
        print_line(f"{field}: one of {', '.join(symbols)}")


def _between_whom(entry: MessageEntry) -> UsageError:
    senders, recipients = (", ".join(roles) or "any role" for roles in (entry.sender_roles, entry.recipients))
    return UsageError(
        "the rules differ by who sends and who receives",
        why=f"{entry.code} goes from {senders} to {recipients}",
        remedy="Give --from and --to, each one of these roles or an agency",
    )


def _template_document(
    entry: MessageEntry, schema: MessageSchema, thread: _Thread, *, to: list[str], everything: bool = False
) -> dict[str, object]:
    """A message document of this type with invented content (`broker.records.document.Document`).

    Args:
        thread: Its case, and what it answers.
        to: Addressees; by default the first recipient role's agency in the default sandbox.
        everything: Also the groups that are only allowed.
    """
    values = {a.name: a.value or a.values[0] for a in entry.assertions}
    groups = fill(schema, everything=everything, also=needed_groups(entry, values))
    return {
        "type": entry.code,
        "to": to or [_default_addressee(entry)],
        **thread.document(),
        "purpose": entry.purposes[0],
        "legal_basis": next(iter(entry.legal_bases), _UNNAMED),
        "urgency": "normal",
        "regime": Regime.R1 if Regime.R1 in entry.regimes else entry.regimes[0],
        "assertions": {
            name: {"true": True, "false": False}.get(value, value) for name, value in values.items()
        },
        "groups": groups,
    }


def _identifier(option: str, form: type[_Id], text: str) -> _Id:
    try:
        return form.parse(text.lower())
    except MalformedError as error:
        raise UsageError(
            f"{option} is {error.what}",
            why=f"given is {text}",
            remedy="Give its 32 hexadecimal digits, as `schakel publish` and `schakel subscribe` print them",
        ) from error


def _default_addressee(entry: MessageEntry) -> str:
    role = next(iter(entry.recipients), Role("AMK"))
    return next((cast.name for cast in AGENCIES if role in cast.roles), f"{role.lower()}-noord")


def _schema(entry: MessageEntry, content: dict[str, bytes]) -> MessageSchema:
    return MessageSchema.parse(content[message_path(entry.code, max(entry.schemas))])


def _role(catalogue: Catalogue, text: str) -> Role:
    """The role named in whatever case, that of an agency of a sandbox, or the one its name begins with."""
    for cast in AGENCIES:
        if cast.name == text.lower() and cast.roles[0] in catalogue.roles:
            return cast.roles[0]
    for role in catalogue.roles:
        if role.lower() in (text.lower(), text.lower().split("-")[0]):
            return role
    raise UsageError("no such role", why=text, remedy=f"Choose one of {', '.join(catalogue.roles)}")


def _listed(entry: MessageEntry, sender: Role, recipient: Role) -> GroupList:
    listed = entry.groups_for(recipient)
    if not entry.any_role and sender not in entry.sender_roles:
        raise RefusedError(
            f"{sender} may not send {entry.code}",
            reason="sender-role",
            remedy=f"Sent by {', '.join(entry.sender_roles)} ({entry.source})",
        )
    if listed is None:
        raise RefusedError(
            f"{recipient} may not receive {entry.code}",
            reason="recipient-role",
            remedy=f"Received by {', '.join(entry.recipients)} ({entry.source})",
        )
    return listed


def _lines(catalogue: Catalogue, listed: GroupList, schema: MessageSchema) -> Iterator[_Line]:
    for name, group in catalogue.groups.items():
        rule = "required" if name in listed.required else "allowed" if name in listed.may else "forbidden"
        if rule == "forbidden":
            yield _Line(name, group.title, rule, (), (), "", listed.source, {})
            continue
        members = schema.schemas[name].record.members
        present = {member.name for member in members}
        yield _Line(
            group=name,
            title=group.title,
            rule=rule,
            required_fields=tuple(m.name for m in members if m.required),
            allowed_fields=tuple(m.name for m in members if not m.required),
            sensitivity=_highest(f.sensitivity for f in group.fields if f.name in present),
            source=listed.source,
            choices=dict(_choices(members)),
        )


def _choices(members: Iterable[Member]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for member in members:
        shape = member.shape.item if isinstance(member.shape, ListOf) else member.shape
        if isinstance(shape, Choice):
            yield member.path, tuple(sorted(shape.symbols))
        elif isinstance(shape, RecordOf):
            yield from _choices(shape.members)


def _highest(sensitivities: Iterable[Sensitivity]) -> str:
    order = list(Sensitivity)
    return max(sensitivities, key=order.index).value


def _head(entry: MessageEntry, sender: Role, recipient: Role) -> dict[str, object]:
    return {
        "code": entry.code,
        "type": entry.type,
        "from": sender,
        "to": recipient,
        "purposes": entry.purposes,
        "legal_bases": entry.legal_bases,
        "regimes": entry.regimes,
        "assertions": {a.name: a.value or "|".join(a.values) for a in entry.assertions},
        "source": entry.source,
    }


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={item}" for key, item in value.items())
    return ", ".join(str(item) for item in value) if isinstance(value, tuple) else str(value)


def _fields(line: _Line) -> tuple[str, str]:
    return " ".join(line.required_fields), " ".join(line.allowed_fields)
