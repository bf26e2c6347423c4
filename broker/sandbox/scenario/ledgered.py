"""The obligations of some cases, as they follow from the decisions about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from importlib import import_module

from broker.names import CaseRef
from broker.obligations.fold import track_all
from broker.obligations.model import CaseState, Fact, Obligation
from broker.sandbox.scenario.company import Company

__all__ = ["obligations_of"]


def obligations_of(company: Company, cases: Collection[CaseRef]) -> list[Obligation]:
    """The obligations of *cases* now, from every decision that stands on Kafka."""
    view = company.any_actor().view
    reading = import_module("broker.pipelines.obligations")
    rules = reading.rules_of(view.catalogue, getattr(view, "successions", ()))
    facts: dict[CaseRef, list[Fact]] = defaultdict(list)
    for event in company.observer.decisions.values():
        fact = reading.facts_of(event, view.catalogue)
        if fact is not None and fact.case_ref in cases:
            facts[fact.case_ref].append(fact)
    states = (track_all(CaseState(), known, rules) for known in facts.values())
    return [obligation for state in states for obligation in state.obligations]
