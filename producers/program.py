"""How the programs of the sending roles run.

    python -m producers.shg_intake --profile schakel.toml --tray DIR [--once]
    python -m producers.program --profile schakel.toml --tray DIR [--once]

The second has no rule and takes no forms: it sends what is in ``out/``, such as completed drafts.

One line for each form and document: what became of it, with codes and names, no content.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from broker.assembly import clock, documents, publisher_parts
from broker.errors import ExitCode, UnavailableError
from broker.names import Micros
from broker.program import Program, Run, run_program, say
from producers.client import Publisher
from producers.form_folder import Forms
from producers.forms import Rule
from producers.tray import Tray

__all__ = ["run", "send_round"]

_PAUSE_SECONDS = 1.0


def run(
    rule: Rule | None = None, role: str | None = None, arguments: Sequence[str] | None = None
) -> ExitCode:
    """Take forms and send documents, once or until SIGTERM; the exit code.

    Args:
        rule: What follows from a form; without one there are no forms.
        role: In which role the agency sends; any by ``--role``, its first by default.
        arguments: Of the command line; the process's own by default.
    """
    purpose = f"Send for an agency in its role {role or 'by default'}."
    program = Program(purpose, ("tray", "folder of forms/, out/ and sent/"), [role] if role else [])
    return run_program(program, lambda started: _send(rule, started), arguments)


def _send(rule: Rule | None, started: Run) -> None:
    store, time = documents(started.folder), clock(started.profile)
    tray = Tray(store)
    forms = Forms(store, rule) if rule is not None else None
    with Publisher(publisher_parts(started.profile, started.role)) as publisher:
        while not started.stop.is_set():
            send_round(forms, tray, publisher, time.now())
            if started.once:
                return
            started.stop.wait(_PAUSE_SECONDS)


def send_round(forms: Forms | None, tray: Tray, publisher: Publisher, now: Micros) -> None:
    """Take what is in ``forms/``, send what is in ``out/``, and say of each at once what became of it."""
    try:
        for taken in forms.take(tray, publisher.view, now) if forms is not None else ():
            say([taken])
        for outcome in tray.send(publisher):
            say([outcome])
    except UnavailableError as error:
        say([f"waiting {error.code}"])


if __name__ == "__main__":
    sys.exit(run())
