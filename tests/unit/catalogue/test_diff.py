"""What changes for whom between two catalogues, one change at a time."""

from __future__ import annotations

import pytest

from broker.catalogue.diff import Change, compare
from broker.catalogue.facets import Aspect
from schemas.reading import packaged


def changed(*replacements: tuple[str, str], path: str = "catalogue.yaml") -> dict[str, bytes]:
    """The published files with the first occurrence of each text replaced."""
    files = packaged()
    text = files[path].decode()
    for before, after in replacements:
        assert before in text
        text = text.replace(before, after, 1)
    return files | {path: text.encode()}


def asked(changes: tuple[Change, ...]) -> set[tuple[str, str, str, bool, bool]]:
    """Type, aspect, name, and whether it widens or demands."""
    return {(c.code, c.aspect, c.name, c.widens, c.demands) for c in changes}


def test_the_same_catalogue_changes_nothing() -> None:
    """Nobody is bothered for nothing."""
    assert compare(packaged(), packaged()) == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            "AP, RPI, PO, IN, AT]", "AP, RPI, PO, IN, AT, FB]", ("group", "FB", True, False), id="group-added"
        ),
        pytest.param(
            "HH, AP, RPI, PO, IN, AT]",
            "AP, RPI, PO, IN, AT]",
            ("group", "HH", False, False),
            id="group-removed",
        ),
        pytest.param(
            "SA, DE, WK], may: [HH, AP,",
            "SA, DE, WK, HH], may: [AP,",
            ("group", "HH", False, True),
            id="group-required",
        ),
        pytest.param(
            "may: [sex, address, phone, email]",
            "may: [sex, address, phone, email, child_bsn]",
            ("field", "CH.child_bsn", True, False),
            id="field-added",
        ),
        pytest.param(
            "may: [sex, address, phone, email]",
            "may: [address, phone, email]",
            ("field", "CH.sex", False, False),
            id="field-removed",
        ),
        pytest.param(
            'R0: {mandatory: false, source: "S 2.1; A01"}',
            'R0: {mandatory: true, source: "S 2.1; A01"}',
            ("regime", "R0", False, True),
            id="regime-mandatory",
        ),
        pytest.param(
            "{codes: [amk-taak]",
            "{codes: [amk-taak, shg-taak]",
            ("purpose", "shg-taak", True, False),
            id="purpose-added",
        ),
        pytest.param(
            "[wmo-21b-2d, wmo-21d]",
            "[wmo-21b-2d]",
            ("legal-basis", "wmo-21d", False, False),
            id="basis-removed",
        ),
        pytest.param(
            '      - {name: children_in_family, value: "true", source: "L01"}\n',
            "",
            ("assertion", "children_in_family", True, False),
            id="assertion-removed",
        ),
        pytest.param(
            '      - {check: not-empty, group: CH, source: "L01"}\n',
            "",
            ("check", "not-empty group=CH", True, False),
            id="check-removed",
        ),
        pytest.param(
            "response: {term: amk-decision,",
            "response: {term: F1,",
            ("term", "response", False, True),
            id="term-shorter",
        ),
        pytest.param(
            "response: {term: amk-decision,",
            "response: {term: final-feedback,",
            ("term", "response", False, False),
            id="term-longer",
        ),
        pytest.param(
            '      - {obligation: OB-FB-START, source: "L03; A44"}\n',
            "",
            ("opens", "OB-FB-START", False, False),
            id="obligation-removed",
        ),
        pytest.param("    forward: true\n", "", ("flag", "forward", True, False), id="loop-guard-removed"),
    ],
)
def test_a_change_says_what_it_asks(before: str, after: str, expected: tuple[str, str, bool, bool]) -> None:
    """More for the recipient widens, more to do demands, less is neither."""
    assert asked(compare(packaged(), changed((before, after)))) == {("E01", *expected)}


def test_a_change_says_for_whom() -> None:
    """Sender and recipient role, old and new value, and the source of the rule."""
    (change,) = compare(packaged(), changed(("AP, RPI, PO, IN, AT]", "AP, RPI, PO, IN]")))

    assert change == Change("E01", "SHG", "AMK", Aspect.GROUP, "AT", "allowed", "", False, False, "A43")  # type: ignore[arg-type]


def test_a_removed_type_is_one_change_per_exchange() -> None:
    """A whole type that goes is not told group by group."""
    files = packaged()
    head, _, rest = files["catalogue.yaml"].decode().partition("\n  E02:\n")
    without = (head + "\n  E03:\n" + rest.partition("\n  E03:\n")[2]).encode()

    assert asked(compare(files, files | {"catalogue.yaml": without})) == {("E02", "type", "", False, False)}


def test_a_new_recipient_role_may_get_what_it_could_not() -> None:
    """For that role the whole type is new."""
    changes = compare(
        packaged(),
        changed(
            ("roles: [AMK], required: [REF, CH, GU, RP", "roles: [AMK, BJZ], required: [REF, CH, GU, RP")
        ),
    )

    assert [(c.recipient, c.aspect, c.widens) for c in changes] == [("BJZ", "type", True)]


def test_a_field_that_becomes_less_sensitive_widens() -> None:
    """What was protected is so no longer, in every type that has it."""
    files = changed(('"sensitivity": "SPECIAL"', '"sensitivity": "PLAIN"'), path="groups/CO.avsc")
    changes = compare(packaged(), files)

    assert changes
    assert {(c.aspect, c.widens, c.demands) for c in changes} == {(Aspect.SENSITIVITY, True, False)}


def test_a_shorter_term_of_an_obligation_demands_wherever_it_is_opened() -> None:
    """Terms have one place, and everybody who owes them hears of it."""
    files = changed(("amk-decision: {amount: 5,", "amk-decision: {amount: 3,"))
    changes = [c for c in compare(packaged(), files) if c.name == "OB-DECIDE"]

    assert {c.code for c in changes} >= {"E01", "E16"}
    assert all(c.demands for c in changes)
