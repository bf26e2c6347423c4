"""Groups to bytes and back: exact, strict, and with names instead of values in every refusal."""

from __future__ import annotations

import contextlib
import copy
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import MalformedError, SchemaError
from broker.names import GroupName
from broker.records.encode import MAX_GROUP_BYTES
from broker.records.model import GroupValue
from broker.records.schema import MessageSchema
from broker.records.template import template
from schemas.reading import packaged

SCHEMAS = {
    code: MessageSchema.parse(packaged()[f"messages/{code}/1.avsc"])
    for code in ("E01", "E02", "E03", "E04", "E05", "E28")
}
E01 = SCHEMAS["E01"]
SECRET = "Zeergeheimenaam"
CASES = [(code, str(name)) for code, schema in SCHEMAS.items() for name in schema.groups]


def content(code: str, name: str) -> GroupValue:
    """Test data for one group."""
    return copy.deepcopy(template(SCHEMAS[code], everything=True)[GroupName(name)])


def refused(name: str, value: object) -> tuple[str, ...]:
    """The names with which E01 refuses this group."""
    with pytest.raises(SchemaError) as refusal:
        E01.encode_group(GroupName(name), value)  # type: ignore[arg-type]
    assert SECRET not in str(refusal.value)
    return refusal.value.offending


def with_(name: str, **fields: object) -> object:
    """Test data of a group of E01, with these fields instead."""
    value = content("E01", name)
    return [{**value[0], **fields}] if isinstance(value, list) else {**value, **fields}


@pytest.mark.parametrize(("code", "name"), CASES)
def test_a_group_comes_back_as_it_was(code: str, name: str) -> None:
    """Decoding gives the value that was encoded."""
    value = content(code, name)
    schema = SCHEMAS[code]

    assert schema.decode_group(GroupName(name), schema.encode_group(GroupName(name), value)) == value


@pytest.mark.parametrize(
    ("name", "value", "offending"),
    [
        pytest.param("CH", with_("CH", nickname=SECRET), ("CH.nickname",), id="unknown-field"),
        pytest.param("CH", with_("CH", child_bsn="999900006"), ("CH.child_bsn",), id="forbidden-field"),
        pytest.param(
            "CH", with_("CH", **{f"{SECRET} 1": 1}), ("CH.?",), id="a-key-that-is-no-name-is-hidden"
        ),
        pytest.param("CH", with_("CH", surname=None), ("CH.surname",), id="null"),
        pytest.param(
            "CH",
            [{}],
            tuple(f"CH.{f}" for f in ["surname", "first_names", "birth_date", "postcode", "house_number"]),
            id="missing-fields",
        ),
        pytest.param("CH", with_("CH", surname=""), ("CH.surname",), id="empty-text"),
        pytest.param("CH", with_("CH", surname=" \n"), ("CH.surname",), id="blank-text"),
        pytest.param("CH", with_("CH", surname=SECRET * 10), ("CH.surname",), id="text-too-long"),
        pytest.param("CH", with_("CH", surname=f"{SECRET}\x1b[2J"), ("CH.surname",), id="control-character"),
        pytest.param("CH", with_("CH", surname="a\u202eb"), ("CH.surname",), id="direction-override"),
        pytest.param("CH", with_("CH", surname="\ud800"), ("CH.surname",), id="lone-surrogate"),
        pytest.param("CH", with_("CH", surname=7), ("CH.surname",), id="number-for-text"),
        pytest.param("CH", with_("CH", surname=[SECRET]), ("CH.surname",), id="list-for-text"),
        pytest.param("CH", with_("CH", sex="vrouwelijk"), ("CH.sex",), id="unknown-symbol"),
        pytest.param("CH", with_("CH", sex=["vrouw"]), ("CH.sex",), id="list-for-symbol"),
        pytest.param("CH", with_("CH", birth_date="17-05-2006"), ("CH.birth_date",), id="dutch-date"),
        pytest.param("CH", with_("CH", birth_date="20060517"), ("CH.birth_date",), id="basic-date"),
        pytest.param("CH", with_("CH", birth_date="2006-02-30"), ("CH.birth_date",), id="no-such-day"),
        pytest.param("CH", with_("CH", postcode="1234 AB"), ("CH.postcode",), id="format"),
        pytest.param("CH", with_("CH", surname=1, phone=2), ("CH.surname", "CH.phone"), id="two-faults"),
        pytest.param("CH", [], ("CH",), id="no-children"),
        pytest.param("CH", [*content("E01", "CH")] * 21, ("CH",), id="too-many-children"),
        pytest.param("CH", {"surname": SECRET}, ("CH",), id="record-for-list"),
        pytest.param("CH", [SECRET], ("CH",), id="text-for-record"),
        pytest.param("SA", [], ("SA",), id="list-for-record"),
        pytest.param("SA", with_("SA", acute_flag=1), ("SA.acute_flag",), id="number-for-flag"),
        pytest.param("SA", with_("SA", acute_flag="true"), ("SA.acute_flag",), id="text-for-flag"),
        pytest.param("IN", with_("IN", extension_no=True), ("IN.extension_no",), id="flag-for-number"),
        pytest.param("IN", with_("IN", extension_no=100), ("IN.extension_no",), id="number-too-large"),
        pytest.param("IN", with_("IN", extension_no=-1), ("IN.extension_no",), id="number-too-small"),
        pytest.param("IN", with_("IN", extension_no=1.0), ("IN.extension_no",), id="float-for-number"),
        pytest.param(
            "PO",
            with_("PO", incident_datetime="2014-03-02T21:15:00"),
            ("PO.incident_datetime",),
            id="moment-without-zone",
        ),
        pytest.param(
            "PO", with_("PO", incident_datetime="2014-03-02"), ("PO.incident_datetime",), id="date-for-moment"
        ),
        pytest.param("PO", with_("PO", offence_codes=[]), ("PO.offence_codes",), id="empty-list"),
        pytest.param("PO", with_("PO", offence_codes=["x" * 21]), ("PO.offence_codes",), id="item-too-long"),
        pytest.param(
            "CO",
            with_("CO", abuse_nature_codes=["fysiek", SECRET]),
            ("CO.abuse_nature_codes",),
            id="unknown-item",
        ),
        pytest.param(
            "HH",
            with_("HH", other_children=[{"initial": "T"}]),
            ("HH.other_children.birth_year",),
            id="nested-field",
        ),
        pytest.param(
            "AT",
            with_("AT", sha256="E3" * 32),
            ("AT.sha256",),
            id="upper-case-hexadecimal",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(name: str, value: object, offending: tuple[str, ...]) -> None:
    """All names at once, no value."""
    assert refused(name, value) == offending


def test_faults_of_all_groups_are_told_together() -> None:
    """A sender corrects once, not ten times."""
    groups = template(E01)
    del groups[GroupName("GU")]
    groups[GroupName("SA")] = {}
    groups[GroupName("MC")] = {"injury_description": SECRET}
    groups[GroupName("not a group")] = {}

    with pytest.raises(SchemaError) as refusal:
        E01.encode(groups)
    assert refusal.value.offending == ("?", "MC", "GU", "SA.acute_flag")


def test_a_group_beyond_the_size_limit_is_refused() -> None:
    """Twenty children with everything at its longest stay below it; the limit holds all the same."""
    long = "\U0001f600"
    schema = E01.schemas[GroupName("CO")]
    value = with_("CO", concern_description=long * 4000, weighing_summary=long * 2000)

    assert len(schema.encode(value)) < MAX_GROUP_BYTES  # type: ignore[arg-type]
    with pytest.raises(MalformedError):
        schema.decode(bytes(MAX_GROUP_BYTES + 1))


def test_moments_come_back_in_utc() -> None:
    """The same moment, written in one way."""
    value = with_("PO", incident_datetime="2014-03-02T22:15:00.5+01:00")
    data = E01.encode_group(GroupName("PO"), value)  # type: ignore[arg-type]

    assert E01.decode_group(GroupName("PO"), data)["incident_datetime"] == "2014-03-02T21:15:00.500000Z"  # type: ignore[call-overload]


def test_dates_count_from_1970_on_the_wire() -> None:
    """Another implementation reads the same date."""
    data = SCHEMAS["E05"].encode_group(GroupName("DE"), {"taken_in_investigation_flag": True})
    feedback = SCHEMAS["E05"].encode_group(
        GroupName("FB"), {"steps_taken_codes": ["overgedragen"], "feedback_date": "1970-01-03"}
    )

    # One array block of one item, symbol 5, end of array; day 2; null.
    assert (data, feedback) == (b"\x01", b"\x02\x0a\x00\x04\x00")


HOSTILE = {
    "nothing": b"",
    "left-over-byte": b"\x02\x0a\x00\x04\x00\x00",
    "cut-short": b"\x02\x0a\x00\x04",
    "negative-enum-index": b"\x02\x01\x00\x04\x00",
    "enum-index-too-large": b"\x02\x10\x00\x04\x00",
    "negative-union-index": b"\x02\x0a\x00\x04\x01",
    "union-index-minus-two": b"\x02\x0a\x00\x04\x03",
    "union-index-too-large": b"\x02\x0a\x00\x04\x04",
    "overlong-integer": b"\x82\x00\x0a\x00\x04\x00",
    "twenty-byte-integer": b"\x80" * 19 + b"\x01\x0a\x00\x04\x00",
    "block-with-size": b"\x01\x02\x0a\x00\x04\x00",
    "two-blocks": b"\x02\x0a\x02\x0a\x00\x04\x00",
    "empty-list-of-steps": b"\x00\x04\x00",
    "nine-steps": b"\x12" + b"\x0a" * 9 + b"\x00\x04\x00",
    "huge-count": b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01" + b"\x0a" * 1000,
    "most-negative-count": b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" + b"\x0a" * 1000,
    "date-beyond-the-calendar": b"\x02\x0a\x00\xfe\xff\xff\xff\x0f\x00",
    "int-above-32-bits": b"\x02\x0a\x00\x80\x80\x80\x80\x10\x00",
    "length-without-data": b"\x02\x0a\x00\x04\x02\x80\x80\x80\x80\x80\x80\x01",
    "negative-length": b"\x02\x0a\x00\x04\x02\x01",
    "text-not-utf-8": b"\x02\x0a\x00\x04\x02\x02\xff",
    "empty-text": b"\x02\x0a\x00\x04\x02\x00",
    "endless-integer": b"\x80" * 60_000,
    "too-large": b"\x00" * (MAX_GROUP_BYTES + 1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_malformed_in_bounded_time(name: str) -> None:
    """Measured crashes of Avro readers become one error, at step 15, at once."""
    started = time.monotonic()
    with pytest.raises(MalformedError) as refusal:
        SCHEMAS["E05"].decode_group(GroupName("FB"), HOSTILE[name])

    assert (refusal.value.step, refusal.value.offending[0].partition(".")[0]) == (15, "FB")
    assert time.monotonic() - started < 1


def test_a_boolean_is_zero_or_one() -> None:
    """Seven is not true."""
    with pytest.raises(MalformedError):
        SCHEMAS["E05"].decode_group(GroupName("DE"), b"\x07")


def test_a_group_the_type_does_not_have_is_malformed() -> None:
    """A section of another type's group cannot be opened as ours."""
    with pytest.raises(MalformedError):
        SCHEMAS["E05"].decode_group(GroupName("CO"), b"\x00")


@given(st.sampled_from(CASES), st.binary(max_size=200))
def test_noise_decodes_to_what_encodes_to_it(case: tuple[str, str], noise: bytes) -> None:
    """Noise is malformed, or by chance exactly the encoding of a value."""
    schema = SCHEMAS[case[0]]
    try:
        value = schema.decode_group(GroupName(case[1]), noise)
    except MalformedError:
        return
    assert schema.encode_group(GroupName(case[1]), value) == noise


@given(st.sampled_from(CASES), st.data())
def test_a_changed_byte_never_gives_the_same_value(case: tuple[str, str], data: st.DataObject) -> None:
    """One value, one encoding."""
    schema, name = SCHEMAS[case[0]], GroupName(case[1])
    value = content(*case)
    encoded = bytearray(schema.encode_group(name, value))
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(MalformedError):
        assert schema.decode_group(name, bytes(encoded)) != value


_TEXT = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Cf")), min_size=1, max_size=100).filter(
    lambda t: not t.isspace()
)
_DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31)).map(date.isoformat)
_CHILD = st.fixed_dictionaries(
    {
        "surname": _TEXT,
        "first_names": _TEXT,
        "birth_date": _DAYS,
        "sex": st.sampled_from(["man", "vrouw", "onbekend", None]),
        "postcode": st.from_regex(r"\A[0-9]{4}[A-Z]{2}\Z"),
        "house_number": st.just("1"),
        "address": st.none() | _TEXT,
        "phone": st.none(),
        "email": st.none(),
    }
)


@given(st.lists(_CHILD, min_size=1, max_size=20))
def test_any_children_come_back_as_they_were(children: list[dict[str, object]]) -> None:
    """Whatever names, days and addresses."""
    name = GroupName("CH")

    assert E01.decode_group(name, E01.encode_group(name, children)) == children  # type: ignore[arg-type]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_any_json_is_encoded_or_refused(value: object) -> None:
    """Nonsense from a caller raises `SchemaError` and nothing else."""
    for name in E01.groups:
        with contextlib.suppress(SchemaError):
            E01.encode_group(name, value)  # type: ignore[arg-type]


@pytest.mark.benchmark
def test_four_groups_take_less_than_a_tenth_of_a_millisecond() -> None:
    """About one kilobyte in four groups, each way."""
    groups = {n: v for n, v in template(E01).items() if n in {"CH", "GU", "CO", "WK"}}
    groups[GroupName("CO")] = {**groups[GroupName("CO")], "concern_description": "feit " * 150}  # type: ignore[dict-item]
    encoded = [(name, E01.encode_group(name, value)) for name, value in groups.items()]
    best = {"encode": 1.0, "decode": 1.0}
    for _ in range(500):
        started = time.perf_counter()
        for name, value in groups.items():
            E01.encode_group(name, value)
        between = time.perf_counter()
        for name, data in encoded:
            E01.decode_group(name, data)
        best["encode"] = min(best["encode"], between - started)
        best["decode"] = min(best["decode"], time.perf_counter() - between)

    assert max(best.values()) < 100e-6
