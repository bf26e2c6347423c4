"""`schakel publish`: a message document becomes a sealed, signed message, or a refusal before it leaves."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from broker import logs
from broker.assembly import answer_parts, require_kafka, system_entropy
from broker.cli.arguments import AsJson
from broker.cli.printing import print_json, print_line, print_lines
from broker.errors import DeadlineError, RefusedError, SchakelError, UnconfirmedError, UsageError
from broker.names import CaseRef, MessageId, Oin
from broker.pipelines.documents import to_record
from broker.records.document import Document
from broker.records.model import Record
from broker.settings import AgencyProfile, load_profile
from broker.trust.view import TrustView
from producers.answers import Answer, Answers
from producers.client import Published, Publisher

__all__ = ["app"]

_BATCH = 256
_NAMED = 5

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class _Sent:
    """One document and what became of it so far."""

    record: Record
    outcome: Published | RefusedError

    @property
    def awaited(self) -> list[tuple[MessageId, Oin]]:
        """The answers to expect: one from each recipient."""
        if isinstance(self.outcome, RefusedError):
            return []
        return [(self.outcome.message_id, to.oin) for to in self.record.to]


@app.command()
def publish(
    file: Annotated[str, typer.Argument(help="A JSON document, or - for standard input.")],
    profile: Annotated[
        Path, typer.Option("--profile", envvar="SCHAKEL_PROFILE", help="Profile of the agency that sends.")
    ],
    role: Annotated[str | None, typer.Option(help="In which of its roles; its first by default.")] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="A document a line, and an answer a line.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow until every recipient has answered.")] = False,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for answers.")] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Publish a message; what may not be sent is refused here and leaves nothing behind."""
    settings = load_profile(profile, AgencyProfile)
    logs.configure("publish", level="ERROR", json=False)
    logs.quiet_kafka(logging.ERROR)
    documents = [_document(content, file) for content in _contents(file, jsonl=jsonl)]
    publisher = Publisher.from_profile(profile, role)
    require_kafka(settings)
    answers = Answers(answer_parts(settings)) if wait else None
    try:
        sent = _send(publisher, documents)
        heard = list(_follow(answers, sent, timeout)) if answers else []
        _print(sent, heard, publisher.view, _printer(jsonl=jsonl, as_json=as_json))
        _conclude(sent, heard)
        if wait and (names := _silent(sent, heard, publisher.view)):
            raise _late(names, timeout, profile)
    finally:
        publisher.close()
        if answers:
            answers.close()


def _contents(file: str, *, jsonl: bool) -> list[bytes]:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {file}",
            why=error.strerror or "",
            remedy="Name a file with a message document, or -",
        ) from error
    if not jsonl:
        return [content]
    if not (lines := [line for line in content.splitlines() if line.strip()]):
        raise UsageError("there is no document to publish", remedy="Give one JSON document a line")
    return lines


def _document(content: bytes, file: str) -> Document:
    try:
        return Document.parse(content)
    except UsageError as error:
        where = "standard input" if file == "-" else file
        raise UsageError(
            f"{where}: {error.what}",
            why=error.why,
            remedy=error.remedy,
            code=error.code,
            offending=error.offending,
        ) from error


def _send(publisher: Publisher, documents: Sequence[Document]) -> list[_Sent]:
    view = publisher.view
    records = [to_record(document, view, system_entropy) for document in documents]
    sent = []
    for begin in range(0, len(records), _BATCH):
        batch = records[begin : begin + _BATCH]
        try:
            outcomes = publisher.publish_all(batch)
        except UnconfirmedError as error:
            raise _unconfirmed(error) from error
        sent += [_Sent(r, o) for r, o in zip(batch, outcomes, strict=True)]
    return sent


def _unconfirmed(error: UnconfirmedError) -> UnconfirmedError:
    """The same, with what its document must say to be sent again as the same message."""
    records = [record for record in error.records if isinstance(record, Record)]
    ids = [f'"message_id": "{r.message_id}", "case": "{CaseRef(r.case_ref)}"' for r in records[:_NAMED]]
    more = f" and of {len(records) - _NAMED} more" if len(records) > _NAMED else ""
    return UnconfirmedError(
        f"{error.what}: it may or may not be there",
        error.records,
        why=error.why,
        remedy=f"Publish the same file again with {'; '.join(ids)}{more}; a repeat is dropped",
    )


def _follow(answers: Answers, sent: Sequence[_Sent], timeout: float) -> Iterator[Answer]:
    yield from answers.wait([key for one in sent for key in one.awaited], timeout)


def _printer(*, jsonl: bool, as_json: bool) -> Callable[[list[dict[str, object]]], None]:
    if jsonl:
        return print_lines
    one = print_json if as_json else _print_for_people
    return lambda lines: one(lines[0])


def _print(
    sent: Sequence[_Sent],
    heard: Sequence[Answer],
    view: TrustView,
    printer: Callable[[list[dict[str, object]]], None],
) -> None:
    printer(
        [_line(one, [a for a in heard if (a.message_id, a.recipient) in one.awaited], view) for one in sent]
    )


def _line(one: _Sent, heard: Sequence[Answer], view: TrustView) -> dict[str, object]:
    outcome = one.outcome
    if isinstance(outcome, RefusedError):
        refused = {"outcome": "refused", "by": "publisher", "reason": outcome.reason}
        return {"message_id": None, "type": one.record.code, **refused, "offending": outcome.offending}
    return {
        "message_id": str(outcome.message_id),
        "type": one.record.code,
        "case": str(CaseRef(outcome.case_ref)),
        "outcome": "published",
        "position": str(outcome.position),
        "answers": [_answer(answer, view) for answer in heard],
    }


def _answer(answer: Answer, view: TrustView) -> dict[str, object]:
    return {
        "from": view.agencies[answer.recipient].short_name,
        "outcome": answer.outcome,
        "by": answer.by,
        "reason": answer.reason,
        "step": answer.step,
        "offending": answer.offending,
    }


def _print_for_people(line: dict[str, object]) -> None:
    if line["message_id"] is None:
        return
    print_line(str(line["message_id"]))
    answers = line["answers"]
    for answer in answers if isinstance(answers, list) else []:
        because = f", {answer['reason']}" if answer["reason"] else ""
        print_line(f"{answer['from']}: {answer['outcome']} (said by the {answer['by']}{because})")


def _conclude(sent: Sequence[_Sent], heard: Sequence[Answer]) -> None:
    """Raise the first refusal: it has the exit code."""
    for one in sent:
        if isinstance(one.outcome, RefusedError):
            raise one.outcome
    for answer in heard:
        if answer.outcome in {"refused", "withheld"}:
            raise RefusedError(
                f"the message was {answer.outcome} by the {answer.by} at step {answer.step}",
                reason=answer.reason,
                offending=answer.offending,
                remedy="`schakel message explain` says what is allowed",
            )


def _silent(sent: Sequence[_Sent], heard: Sequence[Answer], view: TrustView) -> list[str]:
    """Short names of the recipients that have not answered everything, each once."""
    answered = {(answer.message_id, answer.recipient) for answer in heard}
    silent = [oin for one in sent for message, oin in one.awaited if (message, oin) not in answered]
    return [view.agencies[oin].short_name for oin in dict.fromkeys(silent)]


def _late(names: Sequence[str], timeout: float, profile: Path) -> SchakelError:
    """No answer; in a sandbox, the command that lets the first of *names* receive and answer."""
    theirs = profile.absolute().parent.parent / names[0] / profile.name
    here = (
        f". In this sandbox {names[0]} receives with `schakel subscribe --profile {theirs}`"
        if theirs.is_file()
        else ""
    )
    return DeadlineError(
        f"no answer of {', '.join(names)} came within {timeout:g} s",
        why="the message itself is published; its recipient answers when it has received it",
        remedy=f"Do not send it again; the answer reaches the agency's subscriber when it comes{here}",
    )
