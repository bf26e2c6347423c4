"""What the catalogue says of an obligation: by when, by which source, and which types open and end it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from broker.catalogue.model import Catalogue, ObligationRule, Term
from broker.cli.printing import print_json, print_table
from broker.errors import UsageError

__all__ = ["duty_documents", "find_duty", "print_duties", "print_duty"]

_OPENERS = {"refusal": "a refused message", "emergency": "a release under an emergency clause"}


def find_duty(catalogue: Catalogue, code: str | None) -> ObligationRule | None:
    """The obligation with this code, in whatever case; None when it is not the code of one.

    Raises:
        UsageError: It looks like one, and there is none of that name.
    """
    if code is None or not code.upper().startswith("OB-"):
        return None
    found = catalogue.obligations.get(code.upper())
    if found is None:
        raise UsageError(
            f"there is no obligation {code}", remedy=f"Choose one of {', '.join(catalogue.obligations)}"
        )
    return found


def duty_documents(catalogue: Catalogue) -> list[dict[str, object]]:
    """Every obligation as a document, in the order of the catalogue."""
    return [_document(catalogue, rule) for rule in catalogue.obligations.values()]


def print_duty(catalogue: Catalogue, rule: ObligationRule, *, as_json: bool) -> None:
    """Print everything about one obligation."""
    document = _document(catalogue, rule)
    if as_json:
        print_json(document)
    else:
        print_table(
            ("property", "value"), [(name, _cell(value)) for name, value in document.items() if value]
        )


def print_duties(catalogue: Catalogue) -> None:
    """Print a line about every obligation."""
    rows = [
        (one["code"], one["title"], one["term"], _cell(one["opened_by"]), _cell(one["ended_by"]))
        for one in duty_documents(catalogue)
    ]
    print_table(("obligation", "what", "term", "opened by", "ended by"), rows, whole=True)


def _document(catalogue: Catalogue, rule: ObligationRule) -> dict[str, object]:
    terms = {"term": rule.term, "term_r2": rule.term_r2, "term_acute": rule.term_acute}
    return {
        "code": rule.code,
        "title": rule.title,
        **{name: _length(catalogue.terms.get(code)) for name, code in terms.items()},
        "opened_by": [*_effects(catalogue, rule, "opens"), *_openers(rule)],
        "ended_by": [*_effects(catalogue, rule, "closes")],
        "prolonged_by": [*_effects(catalogue, rule, "prolongs")],
        "overdue": rule.overdue,
        "source": rule.source,
    }


def _effects(catalogue: Catalogue, rule: ObligationRule, effect: str) -> Iterator[str]:
    for entry in catalogue.messages.values():
        for one in entry.obligations:
            if (one.code, one.effect) == (rule.code, effect):
                when = " and ".join(f"{name}={value}" for name, value in one.when)
                yield f"{entry.code} when {when}" if when else str(entry.code)


def _openers(rule: ObligationRule) -> Iterator[str]:
    if rule.after:
        yield f"{rule.after} when it is met"
    if rule.opened_by:
        yield _OPENERS.get(rule.opened_by, rule.opened_by)


def _length(term: Term | None) -> str:
    if term is None:
        return ""
    unit = term.unit.replace("-", " ")
    moved = ", moved off weekends and holidays" if term.termijnenwet else ""
    return f"{term.amount} {unit if term.amount != 1 else unit.removesuffix('s')}{moved} [{term.source}]"


def _cell(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else value
