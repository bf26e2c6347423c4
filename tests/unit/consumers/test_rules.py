"""Which answers each receiving role prepares, and what stands in them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.envelope.model import Origin
from broker.names import GroupName, MessageCode, MessageId, Role, Urgency
from broker.pipelines.deliver import Disclosure
from consumers import amk_desk, court_registry, forensic_physician, ggz_post_box, inspectorate, raad_desk
from consumers.desk import owed
from consumers.drafts import Answer, draft
from tests.tray_world import as_type, complete, delivered
from tests.world import World


@pytest.fixture(scope="module")
def world() -> World:
    """One exchange for all rules: nothing here changes it."""
    return World()


@pytest.fixture(scope="module")
def report(world: World) -> Disclosure:
    """A report as an AMK got it."""
    return delivered(world)


def named(answers: list[Answer]) -> list[str]:
    """Type and name of each answer."""
    return [f"{answer.code} {answer.name}".rstrip() for answer in answers]


@pytest.mark.parametrize(
    ("code", "sender", "expected"),
    [
        pytest.param("E16", "politie-noord", ["E04", "E05 start", "E26 informed", "E02"], id="police"),
        pytest.param("E01", "shg-noord", ["E04", "E05 start", "E26 informed"], id="passed-on"),
        pytest.param("E22", "ziekenhuis-noord", ["E04", "E05 start", "E26 informed"], id="hospital"),
        pytest.param("E21A", "instelling-noord", ["E04", "E05 start", "E26 informed"], id="colleague"),
        pytest.param("E04", "amk-noord", [], id="answer"),
    ],
)
def test_the_amk_prepares_what_a_report_asks_for(
    world: World, report: Disclosure, code: str, sender: str, expected: list[str]
) -> None:
    """Decision, feedback, telling the family; passing on where the abuser is of the home, never back."""
    prepared = amk_desk.prepare(as_type(report, world, code, sender), world.view, Role("AMK"))

    assert named(list(prepared)) == expected


def test_a_report_with_an_origin_is_not_passed_on_again(world: World, report: Disclosure) -> None:
    """What somebody handed on goes no further by itself."""
    origin = Origin(MessageId(b"m" * 16), world.oin("shg-noord"))
    police = as_type(report, world, "E16", "politie-noord", origin=origin)

    assert "E02" not in named(list(amk_desk.prepare(police, world.view, Role("AMK"))))


def test_an_abuser_outside_the_home_is_not_for_the_shg(world: World, report: Disclosure) -> None:
    """The predicate of the law names the domestic circle."""
    police = as_type(report, world, "E16", "politie-noord")
    person = {**police.records("AP")[0], "domestic_circle_flag": False}
    police = replace(police, groups={**police.groups, GroupName("AP"): [person]})

    assert "E02" not in named(list(amk_desk.prepare(police, world.view, Role("AMK"))))


def test_a_forward_names_whom_it_comes_from_and_leaves_the_rest_open(
    world: World, report: Disclosure
) -> None:
    """The addressee, and whether it is a report of child abuse, are for a person."""
    police = as_type(report, world, "E16", "politie-noord")
    answer = amk_desk.prepare(police, world.view, Role("AMK"))[-1]

    document = draft(answer, police, world.view)

    assert (document["forwards"], document["forwarded_from"]) == (str(police.message_id), "politie-noord")
    assert document["to"] == []
    assert document["assertions"] == {"child_abuse_report": None, "domestic_circle_abuser": "true"}


@pytest.mark.parametrize(("role", "name"), [("GGZ", "ggz-noord"), ("HA", "huisarts-noord")])
def test_a_question_can_be_answered_or_refused(
    world: World, report: Disclosure, role: str, name: str
) -> None:
    """Two drafts: one with room for the answer, one that says it is refused and has no fact."""
    question = as_type(report, world, "E06", "amk-noord")
    answer, refusal = ggz_post_box.prepare(question, world.view, Role(role))

    given, refused = (draft(each, question, world.view) for each in (answer, refusal))

    assert named([answer, refusal]) == ["E07 answer", "E07 refusal"]
    assert sorted(given["groups"]) == ["AN", "BA", "REF", "WK"]  # type: ignore[call-overload]
    assert sorted(refused["groups"]) == ["BA", "REF", "WK"]  # type: ignore[call-overload]
    assert refused["assertions"] == {"answer_kind": "refusal"}


def test_the_raad_decides_about_the_children_of_the_request(world: World, report: Disclosure) -> None:
    """The decision, and later the outcome in reply to it, are about those children."""
    request = as_type(report, world, "E09", "bjz-noord")
    decision, later = raad_desk.prepare(request, world.view, Role("RvdK"))

    groups = draft(decision, request, world.view)["groups"]

    assert named([decision, later]) == ["E11", "E12 later"]
    assert later.after == MessageCode("E11")
    assert groups["CH"][0]["sex"] == request.records("CH")[0]["sex"]  # type: ignore[index]


def test_a_notice_that_is_not_acute_is_passed_on_and_told(world: World, report: Disclosure) -> None:
    """To whom it is passed on, the Raad says; whoever gave it is told."""
    ordinary = (("notice_kind", "ordinary"),)
    notice = as_type(report, world, "E10", "shg-noord", assertions=ordinary)

    prepared = list(raad_desk.prepare(notice, world.view, Role("RvdK")))

    assert [(a.code, a.to) for a in prepared] == [("E05", "shg-noord"), ("E10", ""), ("E26", "")]


def test_the_registry_tells_the_raad_and_whoever_carries_out(world: World, report: Disclosure) -> None:
    """Two rulings: one that makes nothing due, one whose addressee the ruling names."""
    petition = as_type(report, world, "E13", "raad-noord")

    prepared = list(court_registry.prepare(petition, world.view, Role("KR")))

    due = [(a.to, a.assertions["execution_due"]) for a in prepared]
    assert due == [("raad-noord", "false"), ("", "true")]


@pytest.mark.parametrize(("urgency", "name"), [(Urgency.ACUTE, "acute"), (Urgency.NORMAL, "")])
def test_an_acute_question_is_seen_first(
    world: World, report: Disclosure, urgency: Urgency, name: str
) -> None:
    """Its opinion is due in a day: the name of the draft says so."""
    question = as_type(report, world, "E25Q", "amk-noord", urgency=urgency)

    (opinion,) = forensic_physician.prepare(question, world.view, Role("FME"))

    assert (opinion.code, opinion.name) == ("E25R", name)


@pytest.mark.parametrize("role", ["IJZ", "IGZ", "IvhO"])
def test_an_inspectorate_tells_the_institution_that_it_took_the_report_up(
    world: World, report: Disclosure, role: str
) -> None:
    """Feedback at the beginning, to whoever reported."""
    colleague = as_type(report, world, "E21I", "instelling-noord")

    (feedback,) = inspectorate.prepare(colleague, world.view, Role(role))

    assert (feedback.code, feedback.to, feedback.assertions) == (
        "E05",
        "instelling-noord",
        {"feedback_stage": "start"},
    )


def test_a_new_child_is_an_intake_like_a_request(world: World, report: Disclosure) -> None:
    """The decision on it, and later the outcome."""
    asked = as_type(report, world, "E19", "bjz-noord", assertions=(("sibling_check", "asked"),))

    assert named(list(raad_desk.prepare(asked, world.view, Role("RvdK")))) == ["E11", "E12 later"]


def test_a_receipt_asks_for_nothing(world: World, report: Disclosure) -> None:
    """No role drafts an answer to a proof of delivery."""
    receipt = as_type(report, world, "E03", "amk-noord")

    assert owed(receipt, world.view, Role("SHG")) == []


def test_every_answer_of_the_catalogue_can_be_drafted_and_completed(world: World, report: Disclosure) -> None:
    """Whatever opens something for its recipient has a draft, in the form of a document."""
    drafted = set()
    for entry in world.view.catalogue.messages.values():
        if entry.accompanies:
            continue
        assertions = tuple((a.name, a.value or a.values[0]) for a in entry.assertions if a.values)
        senders = [n for n, m in world.members.items() if m.cast.roles[0] in entry.sender_roles]
        message = as_type(report, world, entry.code, senders[0], assertions=assertions)
        for role in entry.recipients:
            for answer in owed(message, world.view, role):
                document = complete(draft(answer, message, world.view), world.view)
                drafted.add(document["type"])

    assert {"E04", "E05", "E07", "E08", "E11", "E15"} <= drafted
