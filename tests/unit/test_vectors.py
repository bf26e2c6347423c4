"""The published vectors: both readers give every verdict that the files name."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from broker.crypto import SoftwareUnwrapper
from broker.envelope.codec import read_envelope
from broker.envelope.open import open_sections
from broker.envelope.padding import unpad
from broker.envelope.reasons import Reason
from broker.errors import RejectedError
from broker.names import Micros, Oin, TopicName
from broker.signing import VerificationCache
from tests.envelope_world import RECEIPT, SEEDS, SHG, directory, verify
from tests.vectors.second_reader import judge, parse

HERE = Path(__file__).parents[1] / "vectors"
FILES = sorted((HERE / "envelope").glob("*.vector"))
WORLD = json.loads((HERE / "world.json").read_text("utf-8"))
DIRECTORY = directory(hybrid=(SHG,))


def verdict(vector: dict[str, Any]) -> str:
    """What the product says of a vector."""
    try:
        envelope = read_envelope(vector["value"])
        verified = verify(
            envelope,
            topic=TopicName(vector["topic"]),
            key=vector["key"],
            directory=DIRECTORY,
            now=Micros(vector["now"]),
            cache=VerificationCache(),
        )
        if vector["recipient"]:
            recipient = verified.header.recipient(Oin(vector["recipient"]))
            assert recipient is not None
            opened = open_sections(verified, recipient, unwrapper_of(vector), RECEIPT)
            found = {group: sha256(unpad(plain)).hexdigest() for group, plain in opened.items()}
            assert not vector["opens"] or found == vector["opens"]
    except RejectedError as error:
        return f"{error.reason} at step {error.step}"
    return "ok"


def unwrapper_of(vector: dict[str, Any]) -> SoftwareUnwrapper:
    """The private sealing key of the reader."""
    names = {agency["oin"]: name for name, agency in SEEDS.items()}
    name = vector["reader"] or names[vector["recipient"]]
    return SoftwareUnwrapper.from_seed(bytes.fromhex(SEEDS[name]["x_wing"]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_product_gives_the_verdict(path: Path) -> None:
    """Each vector is accepted, or refused at the step and for the reason that it names."""
    vector = parse(path.read_text("utf-8"))

    assert verdict(vector) == vector["expect"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_second_reader_gives_the_verdict(path: Path) -> None:
    """A reader that shares no code with the product agrees."""
    vector = parse(path.read_text("utf-8"))

    assert judge(vector, WORLD, SEEDS) == vector["expect"]


def test_there_are_enough_vectors() -> None:
    """At least 150, at least 30 of them accepted."""
    expected = [parse(path.read_text("utf-8"))["expect"] for path in FILES]

    assert len(expected) >= 150
    assert expected.count("ok") >= 30


def test_every_reason_of_the_envelope_has_a_vector() -> None:
    """Reasons that need a gate or Kafka headers have their tests elsewhere."""
    elsewhere = {Reason.HEADERS, Reason.NOT_ADDRESSED, Reason.DECISION_DIFFERS}
    found = {parse(path.read_text("utf-8"))["expect"] for path in FILES}

    assert {f"{r} at step {r.step}" for r in Reason if r not in elsewhere} <= found


def test_the_second_reader_shares_no_code() -> None:
    """It imports nothing of the product."""
    source = (HERE / "second_reader.py").read_text("utf-8")

    assert "import broker" not in source
    assert "from broker" not in source
