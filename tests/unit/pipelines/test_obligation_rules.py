"""The name of the rules of obligations: it changes when an obligation could, and only then."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import pytest

from broker.catalogue.model import Catalogue
from broker.crypto import sha256
from broker.moments import DAY
from broker.names import Micros, Oin
from broker.obligations import legal_calendar
from broker.obligations.model import Deadline, Duty, Effect, RuleSet
from broker.obligations.terms import due_at
from broker.pipelines.obligation_book import ObligationBook
from broker.pipelines.obligations import rules_digest, rules_of
from broker.trust.view import Succession
from tests.open_world import CATALOGUE, NOW

OLD, NEW, OTHER = (Oin(f"0000009900000000{number}000") for number in (1, 2, 3))


@dataclass(frozen=True)
class Registered:
    """What a registry holds of rules."""

    catalogue: Catalogue = CATALOGUE
    successions: tuple[Succession, ...] = ()


def other_bytes(catalogue: Catalogue) -> Catalogue:
    """A catalogue with another digest, as every edit gives it."""
    return replace(catalogue, digest=sha256(b"another edition"))


def retitled() -> Catalogue:
    """A catalogue of which every title and source of a duty is corrected."""
    duties = {code: replace(rule, title="beter", source="L1") for code, rule in CATALOGUE.obligations.items()}
    messages = {code: replace(entry, title_en="better") for code, entry in CATALOGUE.messages.items()}
    return other_bytes(replace(CATALOGUE, obligations=duties, messages=messages))


def with_term(**changes: object) -> Catalogue:
    """A catalogue of which one term is another."""
    code = CATALOGUE.obligations["OB-DECIDE"].term
    terms = {**CATALOGUE.terms, code: replace(CATALOGUE.terms[code], **changes)}  # type: ignore[arg-type]
    return other_bytes(replace(CATALOGUE, terms=terms))


def with_rule(**changes: str) -> Catalogue:
    """A catalogue of which one duty is another."""
    rules = {**CATALOGUE.obligations, "OB-DECIDE": replace(CATALOGUE.obligations["OB-DECIDE"], **changes)}
    return other_bytes(replace(CATALOGUE, obligations=rules))


def without_effects() -> Catalogue:
    """A catalogue of which one type opens and closes nothing any more."""
    code, entry = next((code, entry) for code, entry in CATALOGUE.messages.items() if entry.obligations)
    return other_bytes(
        replace(CATALOGUE, messages={**CATALOGUE.messages, code: replace(entry, obligations=())})
    )


def without_a_type() -> Catalogue:
    """A catalogue that knows one type less."""
    types = dict(CATALOGUE.by_type)
    types.popitem()
    return other_bytes(replace(CATALOGUE, by_type=types))


def test_another_title_leaves_the_rules_as_they_were() -> None:
    """A title is for people: no obligation is worked out again for it."""
    assert rules_digest(Registered(retitled())) == rules_digest(Registered())


@pytest.mark.parametrize(
    "catalogue",
    [
        pytest.param(with_term(amount=99), id="amount"),
        pytest.param(with_term(unit="months"), id="unit"),
        pytest.param(with_term(termijnenwet=False), id="act"),
        pytest.param(with_term(earlier=((Micros(9), CATALOGUE.terms["T15"]),)), id="earlier"),
        pytest.param(with_rule(term_r2=CATALOGUE.obligations["OB-ACK"].term), id="term-of-r2"),
        pytest.param(with_rule(term_acute=CATALOGUE.obligations["OB-ACK"].term), id="acute-term"),
        pytest.param(with_rule(overdue="remind-once"), id="overdue"),
        pytest.param(with_rule(after="OB-ACK"), id="after"),
        pytest.param(without_effects(), id="effects"),
        pytest.param(without_a_type(), id="types"),
    ],
)
def test_whatever_moves_an_obligation_gives_the_rules_another_name(catalogue: Catalogue) -> None:
    """Terms, what opens and closes, and which messages count."""
    assert rules_digest(Registered(catalogue)) != rules_digest(Registered())


def test_a_succession_gives_the_rules_another_name() -> None:
    """Whose answer counts changes with it; in which order the registry lists them does not matter."""
    split = (Succession(OLD, NEW, Micros(5)), Succession(OLD, OTHER, Micros(5)))
    names = [rules_digest(Registered(successions=some)) for some in ((), split[:1], split, split[::-1])]

    assert len(set(names)) == 3
    assert names[2] == names[3]


def test_another_calendar_gives_the_rules_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Due moments follow from the holidays."""
    before = rules_digest(Registered())
    monkeypatch.setattr(legal_calendar, "CALENDAR", legal_calendar.CALENDAR + 1)

    assert rules_digest(Registered()) != before


def test_what_began_before_a_term_was_changed_is_judged_as_before() -> None:
    """A catalogue that says what the term was moves no due moment of then, open or closed."""
    change = Micros(NOW + DAY)
    code = CATALOGUE.obligations["OB-DECIDE"].term
    changed = with_term(amount=90, earlier=((change, CATALOGUE.terms[code]),))
    was, now = (rules_of(each, ()).duties["OB-DECIDE"].deadline for each in (CATALOGUE, changed))

    assert due_at(NOW, was) == due_at(NOW, now)
    assert due_at(change, was) < due_at(change, now)


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        (Deadline, {"amount", "unit", "termijnenwet", "earlier"}),
        (Duty, {"code", "deadline", "deadline_r2", "deadline_acute", "overdue", "after", "title", "source"}),
        (Effect, {"duty", "when", "owed_by", "toward", "deadline"}),
        (
            RuleSet,
            {
                *("opens", "closes", "prolongs", "duties", "refusal_opens", "emergency_opens"),
                *("forwards", "attending", "correctable", "successions"),
            },
        ),
    ],
)
def test_a_rule_with_more_to_it_is_named_by_that_too(kind: type, known: set[str]) -> None:
    """Whoever adds a field decides whether it can change an obligation, and so belongs in the name."""
    assert {each.name for each in fields(kind) if each.init} == known


def test_a_book_goes_on_when_only_words_changed() -> None:
    """What it remembers of its cases stays good: the rules are the same object."""
    book = ObligationBook(Registered())
    before = book._rules
    book.use(Registered(retitled()))
    same = book._rules
    book.use(Registered(with_term(amount=99)))

    assert same is before
    assert book._rules is not before
