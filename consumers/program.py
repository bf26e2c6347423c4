"""How the programs of the receiving roles run.

    python -m consumers.amk_desk --profile schakel.toml --desk DIR [--once]
    python -m consumers.program --profile schakel.toml --desk DIR [--once]

The second is for any role: it prepares the answers that the catalogue asks for.  With ``--once`` a
program ends when nothing has come for a few seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from broker.assembly import documents, subscriber_parts
from broker.errors import ExitCode
from broker.program import Program, Run, run_program
from consumers.desk import Desk, Preparing, owed
from consumers.runner import keep_going

__all__ = ["run"]

_QUIET_STEPS = 10


def run(
    prepare: Preparing = owed, roles: Sequence[str] = (), arguments: Sequence[str] | None = None
) -> ExitCode:
    """Receive and prepare answers, once or until SIGTERM; the exit code.

    Args:
        roles: In which the program may be run; ``--role`` chooses, the first by default; any when
            none is named, by default the agency's first.
        arguments: Of the command line; the process's own by default.
    """
    purpose = f"Receive for an agency in its role {' or '.join(roles) or 'by default'}."
    program = Program(purpose, ("desk", "folder of in/ and drafts/"), roles)
    return run_program(program, lambda started: _receive(prepare, started), arguments)


def _receive(prepare: Preparing, started: Run) -> None:
    desk = Desk(documents(started.folder), subscriber_parts(started.profile, started.role), prepare)
    try:
        if started.once:
            _until_quiet(desk)
        else:
            keep_going(desk.step, started.stop)
    finally:
        desk.close()


def _until_quiet(desk: Desk) -> None:
    quiet = 0
    while quiet < _QUIET_STEPS:
        quiet = 0 if desk.step() else quiet + 1


if __name__ == "__main__":
    sys.exit(run())
