"""The command line that the programs of the sending roles share.

    python -m producers.shg_intake --profile schakel.toml --tray DIR [--once]
    python -m producers.counter --profile schakel.toml --tray DIR [--once]

The second has no rule and takes no forms: it sends what is in ``out/``, such as completed drafts.

One line for each form and document: what became of it, with codes and names, no content.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from broker import logs
from broker.assembly import clock
from broker.errors import UnavailableError
from broker.names import Micros
from broker.settings import AgencyProfile, load_profile
from producers.client import Publisher
from producers.form_folder import Forms
from producers.forms import Rule
from producers.tray import Tray

__all__ = ["run", "send_round"]

_PAUSE_SECONDS = 1.0


def run(rule: Rule | None = None, role: str | None = None, arguments: Sequence[str] | None = None) -> None:
    """Take forms and send documents, once or until SIGTERM.

    Args:
        rule: What follows from a form; without one there are no forms.
        role: In which role the agency sends; its first by default.
        arguments: Of the command line; the process's own by default.

    Raises:
        ConfigurationError, UsageError: As `Publisher.from_profile` does.
    """
    options = _options(role, arguments)
    profile = load_profile(options.profile, AgencyProfile)
    logs.configure(profile.name)
    tray, time = Tray(options.tray), clock(profile)
    forms = Forms(options.tray, rule) if rule is not None else None
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Publisher.from_profile(options.profile, role) as publisher:
        while not stop.is_set():
            send_round(forms, tray, publisher, time.now())
            if options.once:
                return
            stop.wait(_PAUSE_SECONDS)


def send_round(forms: Forms | None, tray: Tray, publisher: Publisher, now: Micros) -> None:
    """Take what is in ``forms/``, send what is in ``out/``, and say what became of it."""
    try:
        taken = list(forms.take(tray, publisher.view, now)) if forms is not None else []
        outcomes = [*taken, *tray.send(publisher)]
    except UnavailableError as error:
        sys.stdout.write(f"waiting {error.code}\n")
        return
    sys.stdout.write("".join(f"{outcome}\n" for outcome in outcomes))
    sys.stdout.flush()


def _options(role: str | None, arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"Send for an agency in its role {role or 'by default'}.")
    parser.add_argument("--profile", type=Path, required=True, help="the agency's schakel.toml")
    parser.add_argument("--tray", type=Path, required=True, help="folder of forms/, out/ and sent/")
    parser.add_argument("--once", action="store_true", help="do what is there, then end")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run()
