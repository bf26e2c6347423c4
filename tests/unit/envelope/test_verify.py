"""Verification: every bit counts, every attack has its step, and proofs are made in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.crypto import sha256
from broker.envelope.binding import statement
from broker.envelope.codec import read_envelope
from broker.envelope.model import Envelope, VerifiedEnvelope
from broker.envelope.reasons import Reason
from broker.envelope.seal import sign_all
from broker.envelope.verify import authenticate, require_intact, require_timely
from broker.errors import RejectedError
from broker.names import Micros, TopicName
from broker.signing import VerificationCache
from tests.envelope_world import (
    AMK,
    CREATED,
    NOW,
    SHG,
    TOPIC,
    batch,
    directory,
    header,
    recipient,
    signed,
    tampered_bits,
    verify,
)

ROOT = Path(__file__).parents[3]
HEAD = header(recipient(SHG, "CH"))
VALUE = signed(HEAD, "CH")
BATCH = sign_all(batch(3, "CH"), (AMK.es256,))[2]
KEY = HEAD.record_key


def believed(
    value: bytes, key: bytes | None = KEY, topic: TopicName = TOPIC, now: Micros = NOW
) -> VerifiedEnvelope:
    """Steps 1 to 9 with a fresh memory."""
    envelope = read_envelope(value)
    return verify(envelope, topic=topic, key=key, directory=directory(), now=now, cache=VerificationCache())


def test_a_good_envelope_is_believed() -> None:
    """It is named by the digest of what was signed."""
    verified = believed(VALUE)

    assert verified.header == read_envelope(VALUE).header
    assert verified.statement_hash == sha256(statement(read_envelope(VALUE).header_bytes))


@pytest.mark.parametrize("value", [VALUE, BATCH], ids=["direct", "batch"])
def test_every_flipped_bit_is_refused(value: bytes) -> None:
    """Not one bit of a record value can change without being noticed, and nothing else is raised."""
    key = read_envelope(value).header.record_key
    believed(value, key)
    every = list(tampered_bits(value))
    assert len(every) == 8 * len(value)
    for altered in every:
        with pytest.raises(RejectedError) as caught:
            believed(altered, key)
        assert 1 <= caught.value.step <= 9


def test_the_memory_does_not_help_an_attacker() -> None:
    """With the good signature remembered, every flipped bit is still refused."""
    cache = VerificationCache()
    known = directory()
    verify(read_envelope(VALUE), topic=TOPIC, key=KEY, directory=known, now=NOW, cache=cache)
    for altered in tampered_bits(VALUE):
        with pytest.raises(RejectedError):
            verify(read_envelope(altered), topic=TOPIC, key=KEY, directory=known, now=NOW, cache=cache)


@pytest.mark.parametrize(
    ("now", "reason"),
    [(CREATED + 7 * 24 * 3600 * 1_000_000, Reason.EXPIRED), (CREATED - 300_000_001, Reason.FROM_THE_FUTURE)],
)
def test_time_is_judged_alone(now: int, reason: Reason) -> None:
    """Step 8 is a question of its own, so that the gate can tell a sender that its message expired."""
    envelope = read_envelope(VALUE)
    known = directory()
    authentic = authenticate(
        envelope, topic=TOPIC, key=KEY, keys=known, schemas=known, cache=VerificationCache()
    )
    with pytest.raises(RejectedError) as caught:
        require_timely(authentic.header, Micros(now))

    assert (caught.value.reason, caught.value.step) == (reason, 8)
    assert require_intact(authentic).statement_hash == authentic.statement_hash


def test_a_damaged_section_is_named() -> None:
    """The error names the group, never its content."""
    envelope = read_envelope(VALUE)
    (section,) = envelope.sections
    assert section is not None
    damaged = Envelope(envelope.header_bytes, envelope.header, (section[::-1],), envelope.signatures)
    known = directory()
    with pytest.raises(RejectedError) as caught:
        verify(damaged, topic=TOPIC, key=KEY, directory=known, now=NOW, cache=VerificationCache())

    assert (caught.value.reason, caught.value.offending) == (Reason.SECTION, ("CH",))


def constructions(name: str) -> Iterator[str]:
    """Every module of the product that calls *name*."""
    for package in ("broker", "producers", "consumers"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
            names = {c.id if isinstance(c, ast.Name) else getattr(c, "attr", "") for c in calls}
            if name in names:
                yield path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    ("proof", "maker"),
    [
        ("AuthenticEnvelope", "broker/envelope/verify.py"),
        ("VerifiedEnvelope", "broker/envelope/verify.py"),
        ("Envelope", "broker/envelope/codec.py"),
        ("AuditReceipt", "broker/pipelines/deliver.py"),
    ],
)
def test_a_proof_is_made_in_one_place(proof: str, maker: str) -> None:
    """A value that proves a step can only come from the module that takes the step."""
    assert set(constructions(proof)) == {maker}


def test_every_reason_has_a_step_and_a_meaning() -> None:
    """The codes are unique, in the order of the steps."""
    steps = [reason.step for reason in Reason]

    assert steps == sorted(steps)
    assert all(reason.meaning.endswith(".") for reason in Reason)
    assert len({str(reason) for reason in Reason}) == len(Reason)
