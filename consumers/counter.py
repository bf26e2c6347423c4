"""The command line that the programs of the receiving roles share.

    python -m consumers.amk_desk --profile schakel.toml --desk DIR [--once]
    python -m consumers.counter --profile schakel.toml --desk DIR [--once]

The second is for any role: it prepares the answers that the catalogue asks for.  With ``--once`` a
program ends when nothing has come for a few seconds.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from broker import logs
from broker.assembly import subscriber_parts
from broker.settings import AgencyProfile, load_profile
from consumers.desk import Desk, Preparing, owed
from consumers.runner import keep_going, stop_signal

__all__ = ["run"]

_QUIET_STEPS = 10


def run(prepare: Preparing = owed, roles: Sequence[str] = (), arguments: Sequence[str] | None = None) -> None:
    """Receive and prepare answers, once or until SIGTERM.

    Args:
        roles: In which the program may be run; ``--role`` chooses, the first by default; any when
            none is named, by default the agency's first.
        arguments: Of the command line; the process's own by default.

    Raises:
        ConfigurationError, UsageError: As `Subscriber.from_profile` does.
    """
    options = _options(roles, arguments)
    profile = load_profile(options.profile, AgencyProfile)
    logs.configure(profile.name)
    desk = Desk(options.desk, subscriber_parts(profile, options.role), prepare)
    try:
        with stop_signal() as stop:
            if options.once:
                _until_quiet(desk)
            else:
                keep_going(desk.step, stop)
    finally:
        desk.close()


def _until_quiet(desk: Desk) -> None:
    quiet = 0
    while quiet < _QUIET_STEPS:
        quiet = 0 if desk.step() else quiet + 1


def _options(roles: Sequence[str], arguments: Sequence[str] | None) -> argparse.Namespace:
    role = " or ".join(roles) or "by default"
    parser = argparse.ArgumentParser(description=f"Receive for an agency in its role {role}.")
    parser.add_argument("--profile", type=Path, required=True, help="the agency's schakel.toml")
    parser.add_argument("--desk", type=Path, required=True, help="folder of in/ and drafts/")
    parser.add_argument(
        "--role", choices=roles or None, default=next(iter(roles), None), help="in which of its roles"
    )
    parser.add_argument("--once", action="store_true", help="end when nothing comes any more")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run()
