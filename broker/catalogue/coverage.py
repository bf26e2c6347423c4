"""Which exchange of the action plan is carried by what (`schemas/coverage.yaml`, docs/coverage.md).

1. Every flow F01 to F26 of the plan stands there once.
2. It names the types that carry it, or says why it stays outside, or both.
3. A type or extension that it names exists; each type carries a flow, or `besides` says why it is there.
4. The obligations of a flow are those that its types open and those that follow: read from the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from broker.catalogue.document import (
    CatalogueDocument,
    CoverageDocument,
    FlowCoverage,
    told_faults,
)
from broker.catalogue.yaml_reading import read_yaml
from broker.errors import ConfigurationError
from broker.names import MessageCode

__all__ = ["COVERAGE", "FLOWS", "Coverage", "CoveredFlow", "cover", "render"]

COVERAGE = "coverage.yaml"
FLOWS = tuple(f"F{number:02}" for number in range(1, 27))
"""The exchanges of the action plan (sources.md 7)."""

_SOURCES = "sources.md"
_HEAD = (
    "# What carries the exchanges of the action plan",
    "",
    "Made of `schemas/coverage.yaml` and the catalogue by `schakel catalogue coverage` (`make docs`).",
    "Of each exchange that the action plan names: the message types that carry it, the obligations that make",
    f"its absence visible, and what stays outside and why. Tags: [{_SOURCES}](spec/{_SOURCES}).",
    "",
)


@dataclass(frozen=True, slots=True)
class CoveredFlow:
    """One flow of the plan and what became of it.

    Attributes:
        carried_by: Codes of types and extensions.
        obligations: What carrying it obliges to.
        outside: Why it, or a part of it, is not exchanged here; may be empty.
    """

    flow: str
    what: str
    parties: str
    carried_by: tuple[MessageCode, ...]
    obligations: tuple[str, ...]
    outside: str
    source: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every flow, and the types that carry none, each with the reason why it is there."""

    flows: tuple[CoveredFlow, ...]
    besides: tuple[tuple[MessageCode, str, str], ...]


def cover(content: bytes, catalogue: CatalogueDocument) -> Coverage:
    """The coverage in *content*, by what *catalogue* says.

    Raises:
        ConfigurationError: Not such a document, or it leaves something out; names every fault.
    """
    document = _parse(content)
    if faults := [*_faults(document, catalogue)]:
        raise ConfigurationError(
            "coverage.yaml does not cover the plan", why="; ".join(faults), remedy="Correct what is named"
        )
    return Coverage(
        tuple(_covered(name, document.flows[name], catalogue) for name in FLOWS),
        tuple((code, entry.reason, entry.source) for code, entry in sorted(document.besides.items())),
    )


def render(coverage: Coverage, catalogue: CatalogueDocument) -> str:
    """The page docs/coverage.md."""
    carried = sum(bool(flow.carried_by) for flow in coverage.flows)
    left = len(coverage.flows) - carried
    types = f"by {len(catalogue.messages)} message types; {left} stay outside altogether."
    lines = [
        *_HEAD,
        f"{carried} of {len(coverage.flows)} exchanges are carried, {types}",
        "",
        "| no. | exchange | between | carried by | obligations | stays outside, because | source |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_flow_line(flow) for flow in coverage.flows),
        "",
        "## Types that carry no exchange of the plan",
        "",
        "| type | name | why it is there | source |",
        "| --- | --- | --- | --- |",
        *(
            f"| {code} | {catalogue.messages[code].en} | {reason} | {source} |"
            for code, reason, source in coverage.besides
        ),
    ]
    return "\n".join(lines) + "\n"


def _parse(content: bytes) -> CoverageDocument:
    read = read_yaml(content, COVERAGE)
    try:
        return CoverageDocument.model_validate(read)
    except ValidationError as error:
        raise ConfigurationError(
            "coverage.yaml is not a coverage", why=told_faults(error, read), remedy="Correct what is named"
        ) from error


def _faults(document: CoverageDocument, catalogue: CatalogueDocument) -> Iterator[str]:
    known = {*catalogue.messages, *catalogue.extensions}
    for name in FLOWS:
        if name not in document.flows:
            yield f"{name} is missing"
    for name, flow in document.flows.items():
        if name not in FLOWS:
            yield f"{name} is no flow of the plan"
        if not flow.carried_by and not flow.outside:
            yield f"{name} is neither carried nor said to stay outside"
        yield from (f"{name}: there is no {code}" for code in flow.carried_by if code not in known)
    carrying = set(_types(document.flows.values(), catalogue))
    yield from (f"besides: there is no {code}" for code in document.besides if code not in catalogue.messages)
    yield from (f"besides: {code} carries a flow" for code in document.besides if code in carrying)
    for code in catalogue.messages:
        if code not in carrying and code not in document.besides:
            yield f"{code} carries no flow, and `besides` does not say why it is there"


def _types(flows: Iterable[FlowCoverage], catalogue: CatalogueDocument) -> Iterator[MessageCode]:
    for flow in flows:
        for code in flow.carried_by:
            extension = catalogue.extensions.get(code)
            yield from extension.carried_by if extension else (code,)


def _covered(name: str, flow: FlowCoverage, catalogue: CatalogueDocument) -> CoveredFlow:
    opened = {
        effect.obligation for code in _types([flow], catalogue) for effect in catalogue.messages[code].opens
    }
    following = {code for code, rule in catalogue.obligations.items() if rule.after in opened}
    return CoveredFlow(
        flow=name,
        what=flow.what,
        parties=flow.parties,
        carried_by=tuple(flow.carried_by),
        obligations=tuple(code for code in catalogue.obligations if code in opened | following),
        outside=flow.outside,
        source=flow.source,
    )


def _flow_line(flow: CoveredFlow) -> str:
    carried, obligations = ", ".join(flow.carried_by), ", ".join(flow.obligations)
    cells = (flow.flow, flow.what, flow.parties, carried, obligations, flow.outside, flow.source)
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")
