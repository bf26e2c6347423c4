"""docs/spec/agreements.md says what the code does: reasons, findings, revocation reasons."""

from __future__ import annotations

import re
from pathlib import Path

from broker.agreements import decide
from broker.agreements.check import FindingKind
from broker.agreements.model import Reason
from broker.agreements.signatures import AGREEMENT_TYPE, REVOCATION_TYPE, RevocationReason

TEXT = (Path(__file__).parents[3] / "docs" / "spec" / "agreements.md").read_text(encoding="utf-8")


def test_the_table_of_reasons_is_the_code() -> None:
    """Every reason stands in the table, numbered in the order in which it is asked."""
    rows = re.findall(r"^\| (\d+) \| `([a-z-]+)` \|", TEXT, re.MULTILINE)

    assert rows == [(str(number), reason.value) for number, reason in enumerate(Reason, 1)]


def test_the_list_in_the_code_is_in_the_same_order() -> None:
    """The header of `decide` numbers the same reasons."""
    rows = re.findall(r"^ ?(\d+)\. ([a-z-]+)  ", decide.__doc__ or "", re.MULTILINE)

    assert rows == [(str(number), reason.value) for number, reason in enumerate(Reason, 1)]


def test_every_kind_of_finding_is_described() -> None:
    """The table of section 6 has all kinds, in order."""
    section = TEXT.split("## 6. Checks")[1].split("## 7.")[0]

    assert re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE) == [kind.value for kind in FindingKind]


def test_the_reasons_for_revoking_are_described() -> None:
    """Section 3 lists them, and both payload types."""
    section = TEXT.split("## 3.")[1].split("## 4.")[0]

    assert [reason for reason in RevocationReason if f"`{reason.value}`" not in section] == []
    assert f"`{AGREEMENT_TYPE}`" in section
    assert f"`{REVOCATION_TYPE}`" in section
