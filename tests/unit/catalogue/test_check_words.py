"""What a check asks is said in a sentence, without anything that a message holds."""

from __future__ import annotations

import re

import pytest

from broker.catalogue.check_words import WORDS, say_check, say_failed
from broker.catalogue.checks import CHECKS, Clear
from broker.catalogue.load import load_catalogue
from broker.catalogue.model import MessageEntry, NamedCheck
from broker.names import GroupName, MessageCode, Micros, Regime
from schemas.reading import packaged

CATALOGUE = load_catalogue(packaged())
EVERY = [check for entry in CATALOGUE.messages.values() for check in entry.checks]
AT = Micros(1_400_000_000_000_000)
SECRET = "Jan de Vries"


def test_each_check_has_a_sentence() -> None:
    """None is forgotten, and none asks for an argument that its check has not."""
    assert WORDS.keys() == CHECKS.keys()
    for name, words in WORDS.items():
        assert set(re.findall(r"{(\w+)}", words)) <= set(CHECKS[name].arguments)


@pytest.mark.parametrize("check", EVERY, ids=[f"{n}-{check.name}" for n, check in enumerate(EVERY)])
def test_what_the_catalogue_asks_is_said(check: NamedCheck) -> None:
    """Without the signs of a program."""
    assert not re.search(r"[{}\[\]'_]{2}|\bTrue\b|\bFalse\b", say_check(check))


def _entry(code: str) -> MessageEntry:
    return CATALOGUE.messages[MessageCode(code)]


def test_what_fails_is_said_with_its_source() -> None:
    """Who fills it in need not look the check up."""
    groups: dict[GroupName, object] = {GroupName("DE"): {"decided_by_count": 1}}
    said = say_failed(_entry("E04"), groups, Clear({}, Regime.R1, AT))

    assert "DE.decided_by_count has to be 2 or more (L14)" in said


def test_a_value_is_never_said() -> None:
    """It may be anything."""
    groups: dict[GroupName, object] = {GroupName("RP"): {"reporter_capacity_code": SECRET}}
    said = say_failed(_entry("E16"), groups, Clear({"child_role": SECRET}, Regime.R1, AT))

    assert "RP.reporter_capacity_code has to be one of politie" in said
    assert SECRET not in said
