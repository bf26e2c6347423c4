"""Plays a scenario on a running sandbox: step by step, with time driven forward, to the table at its end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from broker.dutch_time import local, parse_moment
from broker.errors import UsageError
from broker.names import MessageCode, Micros
from broker.sandbox.cast import EXCHANGE
from broker.sandbox.demo.deliveries import words
from broker.sandbox.demo.evidence import await_ledger
from broker.sandbox.demo.model import Line
from broker.sandbox.layout import Layout
from broker.sandbox.registry import revoke
from broker.sandbox.scenario.agreeing import publish_like
from broker.sandbox.scenario.company import Company
from broker.sandbox.scenario.faults import WAIVER
from broker.sandbox.scenario.ledgered import obligations_of
from broker.sandbox.scenario.model import Expectation, Row, Scenario, Send, Step, Waiver
from broker.sandbox.scenario.reminding import remind
from broker.sandbox.scenario.report import Compared, Outcome, Watcher
from broker.sandbox.scenario.sending import Post, groups_of, send
from broker.sandbox.scenario.start import starts_at
from broker.sandbox.scenario.table import compare, is_met, receipt_duties, rows_of
from broker.sandbox.timekeeping import drive_to, later, sandbox_now

__all__ = ["play_scenario"]


@dataclass(slots=True)
class _Playing:
    """A scenario under way."""

    scenario: Scenario
    company: Company
    watcher: Watcher
    post: Post
    outcome: Outcome
    start: Micros

    @property
    def layout(self) -> Layout:
        """The sandbox it plays in."""
        return self.company.layout

    def tell(self, text: str) -> None:
        """Tell what happens, and when."""
        self.watcher.time(sandbox_now(self.layout), text)


def play_scenario(scenario: Scenario, company: Company, watcher: Watcher) -> Outcome:
    """Play *scenario* in the sandbox of *company*, which runs.

    Time is driven forward to its start, if that is still to come.

    Returns:
        What came out, compared with what the scenario says.

    Raises:
        UsageError: Its start is past in this sandbox, or a step cannot be done.
        SchakelError: Something did not happen in time.
    """
    begin = time.monotonic()
    start = _go_to_start(scenario, company.layout)
    post, outcome = Post(company, scenario.regime), Outcome(scenario)
    playing = _Playing(scenario, company, watcher, post, outcome, start)
    watcher.begins(scenario, sandbox_now(company.layout))
    for step in scenario.steps:
        _do(playing, step)
    outcome.table = _look(playing, scenario.obligations, whole=True)
    watcher.obligations("Verplichtingen aan het eind", outcome.table)
    outcome.seconds = time.monotonic() - begin
    return outcome


def _go_to_start(scenario: Scenario, layout: Layout) -> Micros:
    now = sandbox_now(layout)
    start = starts_at(scenario.start, now)
    if now > later(start, "5m"):
        raise UsageError(
            f"{scenario.name} starts at {local(start):%Y-%m-%d %H:%M}, and it is later in this sandbox",
            remedy="Play it in a new sandbox",
        )
    if start > now:
        drive_to(layout, start)
    return start


def _do(playing: _Playing, step: Step) -> None:
    if step.send is not None:
        playing.tell(step.tell)
        _send(playing, step.send, step.expect)
    elif step.forward is not None:
        _drive(playing, later(sandbox_now(playing.layout), step.forward), step.tell)
    elif step.until is not None:
        _drive(playing, parse_moment(step.until), step.tell)
    elif step.obligations is not None:
        playing.tell(step.tell)
        _check(playing, step.obligations)
    else:
        playing.tell(step.tell)
        _change(playing, step)


def _change(playing: _Playing, step: Step) -> None:
    """What is neither a message of an agency nor time."""
    now, layout = sandbox_now(playing.layout), playing.layout
    if step.revoke is not None:
        revoke(layout, step.revoke.agreement, step.revoke.by, now)
    if step.publish is not None:
        publish_like(layout, step.publish, now)
    if step.waive is not None:
        _send(playing, _waiver(playing, step.waive), Expectation())
    if step.remind is not None:
        _settle(playing)
        for line in remind(playing.post, step.remind, now):
            playing.outcome.lines.append(line)
            playing.watcher.outcome(line, EXCHANGE.title)


def _drive(playing: _Playing, to: Micros, text: str) -> None:
    """Let time pass, but not before the ledger holds everything: what follows belongs to the time after."""
    _settle(playing)
    drive_to(playing.layout, to)
    playing.tell(text)


def _send(playing: _Playing, message: Send, expected: Expectation) -> None:
    view = playing.company.actor(message.sender).view
    rows = [(name, words(value)) for name, value in groups_of(playing.post, message, view).items()]
    title = view.catalogue.messages[MessageCode(message.type)].title_nl
    playing.watcher.content(f"{message.type} {title}", rows)
    for line, by in send(playing.post, message, expected):
        playing.outcome.lines.append(line)
        playing.watcher.outcome(line, by)
        _expect(playing, message.label, line, by, expected)


def _expect(playing: _Playing, label: str, line: Line, by: str, expected: Expectation) -> None:
    wanted = f"{expected.outcome} {expected.reason}".strip()
    if (line.outcome, line.reason) != (expected.outcome, expected.reason):
        found = f"{line.outcome} {line.reason} ({by})".replace(" (", " (", 1)
        playing.outcome.failures.append(f"{label} to {line.recipient} is {found}, not {wanted}")
    elif missing := [name for name in expected.names if name not in by]:
        playing.outcome.failures.append(f"the refusal of {label} does not name {', '.join(missing)}")


def _waiver(playing: _Playing, waiver: Waiver) -> Send:
    about = playing.post.sent[waiver.about]
    case = next(label for label, case in playing.post.cases.items() if case == about.case)
    return Send.model_validate(
        {
            "label": f"afzien-{len(playing.post.sent)}",
            "type": WAIVER,
            "from": waiver.sender,
            "to": waiver.to,
            "case": case,
            "in_reply_to": waiver.about,
            "assertions": {"waived_obligation": waiver.obligation.lower()},
            "groups": {"WV": {"reason_code": waiver.reason}},
        }
    )


def _check(playing: _Playing, expected: Sequence[Row]) -> None:
    """Look at some obligations on the way."""
    table = _look(playing, expected, whole=False)
    playing.watcher.obligations("Verplichtingen op dit moment", table)
    playing.outcome.failures += [
        f"{one.expected.about} {one.expected.code} is not {one.expected.state}, due {one.expected.due}"
        for one in table
        if not one.equal and one.expected is not None
    ]


def _look(playing: _Playing, expected: Sequence[Row], *, whole: bool) -> list[Compared]:
    """The obligations now beside *expected*: all of them, or only what was asked for."""
    _settle(playing)
    view = playing.company.any_actor().view
    names = {agency.oin: agency.short_name for agency in view.agencies.values()}
    now, post = sandbox_now(playing.layout), playing.post
    actual = rows_of(obligations_of(playing.company, set(post.cases.values())), post, names, now)
    receipts = receipt_duties(view.catalogue) - {row.code for row in expected}
    table = [row for row in actual if row.code not in receipts or not is_met(row)]
    playing.outcome.receipts = len(actual) - len(table)
    compared = compare(expected, table, playing.start)
    return compared if whole else [one for one in compared if one.expected is not None]


def _settle(playing: _Playing) -> None:
    """Wait until the ledger holds the decision about everything that was sent."""
    observer = playing.company.observer
    for position in playing.post.seen:
        observer.record(position)
    playing.post.seen = []
    observer.look(0.1)
    if observer.decisions:
        view = playing.company.any_actor().view
        playing.outcome.ledger = replace(await_ledger(playing.layout, view, len(observer.decisions)))
