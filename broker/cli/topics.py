"""`schakel topics`: topics and access lists as the registry asks for them, and how far readers are behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from broker.assembly import kafka_access, kafka_admin, keeper
from broker.cli.arguments import AsJson
from broker.cli.printing import print_json, print_line, print_table
from broker.cli.profiles import ProfileFile, SandboxDirectory, operator_profile
from broker.names import Micros
from broker.operations import topics
from broker.operations.lag import measure, readers
from broker.operations.parties import parties_of
from broker.sandbox.exchange import PARTITIONS
from broker.settings import Profile, load_profile

__all__ = ["app"]

_PRODUCTION_PARTITIONS = 6
_COPIES = 3

app = typer.Typer(help="Plan, apply and inspect topics and access lists.", no_args_is_help=True)

Partitions = Annotated[
    int | None, typer.Option(min=1, help="Of each exchange and decisions topic; 6, in development 2.")
]


@app.command()
def plan(
    directory: SandboxDirectory = None,
    profile: ProfileFile = None,
    partitions: Partitions = None,
    as_json: AsJson = False,
) -> None:
    """Show what Kafka lacks, and what it grants beyond the registry; change nothing."""
    settings = _settings(directory, profile)
    with kafka_admin(settings) as admin:
        _show(topics.compare(_planned(settings, partitions), admin), "would be", as_json=as_json)


@app.command()
def apply(
    directory: SandboxDirectory = None,
    profile: ProfileFile = None,
    partitions: Partitions = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also take away what is granted beyond the plan.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make Kafka hold what the registry asks for; done again, it does nothing."""
    settings = _settings(directory, profile)
    with kafka_admin(settings) as admin:
        _show(topics.apply(_planned(settings, partitions), admin, prune=prune), "was", as_json=as_json)


@app.command()
def status(directory: SandboxDirectory = None, profile: ProfileFile = None, as_json: AsJson = False) -> None:
    """Show how far every reader is behind, in messages and in seconds."""
    settings = _settings(directory, profile)
    groups = readers(parties_of(keeper(settings).current()))
    found = measure(kafka_access(settings), groups, Micros(time.time_ns() // 1000))
    if as_json:
        print_json({"topics": found})
        return
    rows = [(lag.topic, lag.group, lag.lag_messages, lag.lag_seconds) for lag in found]
    print_table(("topic", "group", "messages behind", "seconds behind"), rows)


def _settings(directory: Path | None, profile: Path | None) -> Profile:
    return load_profile(operator_profile(directory, profile), Profile)


def _planned(settings: Profile, partitions: int | None) -> topics.Plan:
    few = settings.development
    copies = 1 if few and len(settings.kafka.bootstrap) < _COPIES else _COPIES
    parties = parties_of(keeper(settings).current())
    return topics.plan(parties, partitions or (PARTITIONS if few else _PRODUCTION_PARTITIONS), copies)


def _show(difference: topics.Difference, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "empty": difference.empty,
                "topics": difference.topics,
                "settings": difference.settings,
                "grants": difference.grants,
                "surplus": difference.surplus,
            }
        )
        return
    rows = [("topic", name, f"{done} made") for name in difference.topics]
    rows += [
        ("topic", name, f"{done} set: {' '.join(values)}") for name, values in difference.settings.items()
    ]
    rows += [("access", grant, f"{done} granted") for grant in _in_words(difference, surplus=False)]
    rows += [("access", grant, "is beyond the plan") for grant in _in_words(difference, surplus=True)]
    if rows:
        print_table(("what", "which", "change"), rows)
    else:
        print_line("Kafka holds exactly what the registry asks for.")


def _in_words(difference: topics.Difference, *, surplus: bool) -> Iterator[str]:
    for grant in difference.surplus if surplus else difference.grants:
        place = f"{grant.name}*" if grant.prefix else grant.name
        yield f"{grant.principal} may {grant.operation} {grant.resource} {place}"
