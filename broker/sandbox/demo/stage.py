"""The stage: a running sandbox, its actors, and an observer who sees what the operator sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from broker.assembly import system_entropy
from broker.catalogue.model import MessageEntry
from broker.names import CaseRef, Digest, GroupName, LegalBasis, MessageCode, MessageId, Regime, SubjectRef
from broker.records.model import Addressee, GroupValue, Record
from broker.sandbox.cast import member
from broker.sandbox.demo.actor import Actor
from broker.sandbox.demo.model import Audience, Line, Report
from broker.sandbox.demo.observer import Observer
from broker.sandbox.sandbox import Sandbox

__all__ = ["Draft", "Programme", "Stage", "staged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an agency wants to say; the rest comes from the catalogue."""

    code: str
    to: Actor | str
    case: CaseRef
    groups: Mapping[GroupName, GroupValue]
    assertions: Mapping[str, str] = field(default_factory=dict)
    answers: MessageId | None = None
    subjects: tuple[SubjectRef, ...] = ()
    legal_basis: str = ""


class Stage:
    """A sandbox that runs, and who plays in it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.layout = sandbox.layout
        self.observer = Observer(self.layout)
        self.shg = Actor(self.layout, "shg-noord")
        self.amk = Actor(self.layout, "amk-noord")

    def record(self, draft: Draft) -> Record:
        """The draft as a record; purpose and ground are the first that the catalogue has."""
        entry = self._entry(draft.code)
        to = member(draft.to) if isinstance(draft.to, str) else draft.to.cast
        return Record(
            code=entry.code,
            to=(Addressee(to.oin, to.roles[0]),),
            case_ref=draft.case,
            purpose=entry.purposes[0],
            legal_basis=LegalBasis(draft.legal_basis or entry.legal_bases[0]),
            regime=Regime.R1,
            groups=draft.groups,
            assertions={**_asserted(entry), **draft.assertions},
            subject_refs=draft.subjects,
            causation_id=draft.answers,
        )

    def new_case(self) -> CaseRef:
        """A case reference that says nothing to anybody else."""
        return CaseRef(system_entropy(CaseRef.size))

    def close(self) -> None:
        """Everybody leaves Kafka."""
        with ExitStack() as stack:
            for one in (self.observer, self.shg, self.amk):
                stack.callback(one.close)

    def _entry(self, code: str) -> MessageEntry:
        return self.shg.view.catalogue.messages[MessageCode(code)]


@contextmanager
def staged(sandbox: Sandbox, tell: Callable[[str], None]) -> Iterator[Stage]:
    """The stage, from an empty directory to a running exchange; whatever happens, all is stopped again."""
    with ExitStack() as stack:
        stack.callback(sandbox.down)
        sandbox.up(tell)
        tell("the agencies connect")
        stage = Stage(sandbox)
        stack.callback(stage.close)
        yield stage


def _asserted(entry: MessageEntry) -> dict[str, str]:
    """What the law demands to be asserted."""
    return {asked.name: asked.value for asked in entry.assertions if asked.value is not None}


@dataclass(slots=True)
class Programme:
    """What the scenes share: where they play, who watches, and what comes out.

    Attributes:
        first_decision: The decision about the first message; it is proven at the end.
    """

    stage: Stage
    audience: Audience
    report: Report
    first_decision: Digest | None = None

    def tell(self, line: Line, by: str, expected: tuple[str, str]) -> None:
        """Report what became of a message, and whether that is the outcome and reason that were told."""
        self.note(line, expected)
        self.audience.outcome(line, by)

    def note(self, line: Line, expected: tuple[str, str]) -> None:
        """As `tell`, without a word to the audience."""
        self.report.lines.append(line)
        self.expect(
            (line.outcome, line.reason) == expected,
            f"{line.type} from {line.sender} to {line.recipient} is {expected[0]} {expected[1]}".rstrip(),
        )

    def titled(self, group: GroupName) -> str:
        """A group's code with its title in the catalogue."""
        return f"{group} {self.stage.shg.view.catalogue.groups[group].title}"

    def expect(self, holds: bool, what: str) -> None:
        """Note it when *what* does not hold."""
        if not holds:
            self.report.failures.append(f"not so: {what}")
