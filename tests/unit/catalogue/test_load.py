"""Loading insists that files are the listed ones and that names are defined."""

from __future__ import annotations

import pytest

from broker.catalogue.build import build, digest_lines
from broker.catalogue.load import load_catalogue, stale_files
from broker.errors import ConfigurationError
from broker.moments import from_text
from broker.names import GroupName, MessageCode
from schemas.reading import packaged


def rebuilt(before: str, after: str) -> dict[str, bytes]:
    """The published files with one change in `catalogue.yaml`, built anew."""
    files = packaged()
    text = files["catalogue.yaml"].decode()
    assert before in text
    return build(files | {"catalogue.yaml": text.replace(before, after, 1).encode()})


def refusal(files: dict[str, bytes]) -> str:
    """How *files* are refused."""
    with pytest.raises(ConfigurationError) as error:
        load_catalogue(files)
    return str(error.value)


@pytest.mark.parametrize("path", sorted(set(packaged()) - {"CATALOGUE"}))
def test_an_altered_file_is_refused(path: str) -> None:
    """One byte more in any file breaks the digests."""
    files = packaged()

    assert "digest" in refusal(files | {path: files[path] + b"\n"})


@pytest.mark.parametrize("path", ["groups/CH.avsc", "messages/E01/1.avsc", "catalogue.yaml", "CATALOGUE"])
def test_a_missing_file_is_refused(path: str) -> None:
    """What is listed must be there, and so must the list."""
    files = packaged()
    del files[path]

    assert refusal(files)


def test_an_unlisted_schema_is_refused() -> None:
    """A schema that nobody listed cannot slip in."""
    files = packaged()

    assert refusal(files | {"messages/E01/2.avsc": files["messages/E01/1.avsc"]})


def test_files_of_another_kind_do_not_matter() -> None:
    """The registry also carries other documents."""
    assert load_catalogue(packaged() | {"agreements/x.yaml": b"", "envelope/header.avsc": b"{}"})


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param("senders: {roles: [SHG]", "senders: {roles: [XXX]", "E01.senders", id="role"),
        pytest.param("codes: [amk-taak]", "codes: [amk-tak]", "E01.purposes", id="purpose"),
        pytest.param("codes: [wmo-21b-2d, wmo-21d]", "codes: [wmo-21]", "E01.legal_bases", id="basis"),
        pytest.param("{name: children_in_family, v", "{name: kids, v", "E01.assertions", id="assertion"),
        pytest.param("retention: {class: BR", "retention: {class: XX", "E01.retention", id="retention"),
        pytest.param("response: {term: amk-decision", "response: {term: soon", "E01: terms", id="term"),
        pytest.param("{obligation: OB-DECIDE", "{obligation: OB-X", "E01.opens", id="obligation"),
        pytest.param(
            "term: T15, overdue", "term: T16, overdue", "obligations.OB-ACK.term", id="obligation-term"
        ),
        pytest.param("when: {taken_in_investigation:", "when: {other:", "when", id="condition"),
        pytest.param(
            'when: {taken_in_investigation: "true"}',
            'when: {taken_in_investigation: "yes"}',
            "when taken_in_investigation",
            id="condition-value",
        ),
        pytest.param(
            "overdue: alert-operator", "term_acute: T17, overdue: report", "OB-ACK.term", id="acute-term"
        ),
        pytest.param("flow: meldingen", "flow: elders", "E01.flow", id="flow"),
        pytest.param("check: not-empty,", "check: not-emtpy,", "no such check", id="check"),
        pytest.param("check: not-empty, group", "check: not-empty, grp", "arguments", id="check-arguments"),
        pytest.param("any_role: true", "any_role: false", "any_role", id="no-roles"),
        pytest.param(
            'children_in_family, value: "true"', 'children_in_family, value: "maybe"', "maybe", id="value"
        ),
        pytest.param(
            "type: nl.beschermingszaken.bericht.geweigerd.v1",
            "type: nl.beschermingszaken.bericht.ontvangen.v1",
            "one type",
            id="type-twice",
        ),
    ],
)
def test_an_undefined_name_is_refused(before: str, after: str, told: str) -> None:
    """Every name used in a rule must be defined; the error says where."""
    assert told in refusal(rebuilt(before, after))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param("required: [REF, CH, GU, RP,", "required: [REF, CH, ZZ, RP,", "ZZ", id="group"),
        pytest.param("required: [surname,", "required: [nickname,", "nickname", id="field"),
        pytest.param("may: [sex,", "may: [surname,", "surname", id="field-twice"),
        pytest.param("fields:\n      CH:", "fields:\n      FB:", "FB", id="fields-of-a-group-not-there"),
    ],
)
def test_a_list_of_what_does_not_exist_cannot_be_built(before: str, after: str, told: str) -> None:
    """The generator refuses groups and fields outside the dictionary."""
    with pytest.raises(ConfigurationError, match=told):
        rebuilt(before, after)


def test_a_schema_that_is_not_the_lists_is_refused() -> None:
    """The fence stands where the rules say, even if the digests agree."""
    files = packaged()
    files["messages/E05/1.avsc"] = files["messages/E04/1.avsc"]
    files["messages/E04/1.avsc"] = files["messages/E03/1.avsc"]
    files["CATALOGUE"] = digest_lines({path: data for path, data in files.items() if path != "CATALOGUE"})

    assert "groups" in refusal(files)


def test_a_version_must_not_disappear() -> None:
    """Archived messages need every version from the first."""
    assert "versions 1 to 2" in refusal(without(rebuilt("version: 1\n    source", "version: 2\n    source")))


def without(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same files without version 1 of E01, digests made anew."""
    kept = {path: data for path, data in files.items() if path not in {"CATALOGUE", "messages/E01/1.avsc"}}
    return kept | {"CATALOGUE": digest_lines(kept)}


def test_a_new_version_keeps_the_old_one() -> None:
    """Both digests find the type, and the highest is current."""
    files = rebuilt("version: 1\n    source", "version: 2\n    source")
    entry = load_catalogue(files).messages[MessageCode("E01")]

    assert sorted(entry.schemas) == [1, 2]
    assert entry.schema_digest == entry.schemas[2]


def test_a_changed_source_makes_generated_files_stale() -> None:
    """A field more in a group is a difference in every type that has it."""
    files = packaged()
    group = files["groups/WK.avsc"].replace(b'"max_length": 150', b'"max_length": 151')
    messages = load_catalogue(files).messages
    having = [code for code, entry in messages.items() if GroupName("WK") in entry.groups]
    assert "E01" in having

    assert stale_files(files | {"groups/WK.avsc": group}) == (
        "CATALOGUE",
        *(f"messages/{code}/1.avsc" for code in having),
    )


def test_every_text_is_searched_for_bsns() -> None:
    """The search does not depend on somebody remembering it (A40): only numbers have no search."""
    catalogue = load_catalogue(packaged())
    (search,) = [c for c in catalogue.messages[MessageCode("E02")].checks if c.name == "no-bsn"]
    (receipt,) = [c for c in catalogue.messages[MessageCode("E03")].checks if c.name == "no-bsn"]
    texts, references = set(search.arguments["texts"]), set(search.arguments["references"])  # type: ignore[call-overload]

    assert {"CO.concern_description", "WK.worker_function", "WK.worker_email", "CH.surname"} <= texts
    assert {"REF.case_ref_sender", "REF.case_ref_recipient", "CH.house_number"} <= references
    assert not (texts | references) & {"WK.worker_phone", "CH.postcode", "CH.birth_date"}
    assert receipt.arguments == {"texts": (), "references": ("RC.error_code",)}


def test_who_owes_what_is_opened_is_loaded() -> None:
    """The recipient owes, unless the rule says that the sender does (sources.md 4.7)."""
    files = rebuilt("{obligation: OB-DECIDE, source", "{obligation: OB-DECIDE, owed_by: sender, source")
    opened = load_catalogue(files).messages[MessageCode("E01")].obligations

    assert [(o.code, o.owed_by) for o in opened if o.code in {"OB-ACK", "OB-DECIDE"}] == [
        ("OB-ACK", "recipient"),
        ("OB-DECIDE", "sender"),
    ]


def test_terms_of_the_law_move_and_long_ones_do_not() -> None:
    """Five days and ten weeks move off holidays, thirteen weeks and working days do not (sources.md 5.2)."""
    terms = load_catalogue(packaged()).terms

    assert {code: terms[code].termijnenwet for code in ("amk-decision", "amk-judgement-r2")} == {
        "amk-decision": True,
        "amk-judgement-r2": True,
    }
    assert not terms["amk-judgement-r1"].termijnenwet
    assert not terms["final-feedback"].termijnenwet


def test_a_changed_term_keeps_what_it_was() -> None:
    """Whatever began before the day, in the Netherlands, keeps the earlier length."""
    earlier = "[{until: 2013-07-01, amount: 10, unit: working-days, source: A04}]"
    files = rebuilt("T15: {amount: 15, ", f"T15: {{earlier: {earlier}, amount: 15, ")
    term = load_catalogue(files).terms["T15"]
    ((until, before),) = term.earlier

    assert until == from_text("2013-06-30T22:00:00Z")
    assert (before.amount, before.unit, term.amount) == (10, "working-days", 15)


def test_an_acute_term_is_loaded() -> None:
    """An acute message may leave less time."""
    files = rebuilt("overdue: alert-operator", "term_acute: F1-acute, overdue: alert-operator")

    assert load_catalogue(files).obligations["OB-ACK"].term_acute == "F1-acute"


def extended(code: str, carrier: str, role: str) -> dict[str, bytes]:
    """The published files with one extension more."""
    entry = f'{{nl: Proef, en: Trial, carried_by: [{carrier}], role: {role}, source: "A43"}}'
    files = packaged()
    text = files["catalogue.yaml"].decode()
    if "\nextensions:\n" not in text:
        text = text.replace("\nmessages:\n", "\nextensions:\n\nmessages:\n", 1)
    changed = text.replace("\nextensions:\n", f"\nextensions:\n  {code}: {entry}\n", 1)
    return build(files | {"catalogue.yaml": changed.encode()})


def test_an_extension_is_loaded() -> None:
    """It says which types carry it and for which role."""
    extension = load_catalogue(extended("E98", "E05", "HA")).extensions[MessageCode("E98")]

    assert (extension.carried_by, extension.role) == (("E05",), "HA")


@pytest.mark.parametrize(
    ("code", "carrier", "role"),
    [
        pytest.param("E98", "E99", "HA", id="no-such-type"),
        pytest.param("E98", "E01", "HA", id="a-type-without-the-role"),
        pytest.param("E98", "E05", "XXX", id="no-such-role"),
        pytest.param("E05", "E05", "HA", id="code-of-a-type"),
    ],
)
def test_an_extension_of_what_is_not_there_is_refused(code: str, carrier: str, role: str) -> None:
    """An extension names types that have its role."""
    assert f"extensions.{code}" in refusal(extended(code, carrier, role))


def test_a_group_is_described_as_its_document_says() -> None:
    """Sensitivity and source protection come from the schema document."""
    group = load_catalogue(packaged()).groups[GroupName("RPI")]

    assert {(f.sensitivity.value, f.source_protected) for f in group.fields} == {("IDENT", True)}
