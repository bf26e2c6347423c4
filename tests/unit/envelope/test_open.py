"""Opening: a recipient gets its groups, after the decision is durable and not before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from broker.envelope.codec import read_envelope, reduce
from broker.envelope.model import Recipient, VerifiedEnvelope
from broker.envelope.open import open_sections
from broker.envelope.padding import unpad
from broker.envelope.reasons import Reason
from broker.errors import UntrustedError, UsageError
from broker.names import Oin
from broker.signing import VerificationCache
from tests.envelope_world import (
    BJZ,
    NOW,
    RAAD,
    RECEIPT,
    SHG,
    TOPIC,
    TestAgency,
    directory,
    group_names,
    header,
    recipient,
    signed,
    verify,
)

HEAD = header(recipient(SHG, "CH", "CO"), recipient(RAAD, "GU"), recipient(BJZ))
VALUE = signed(HEAD, "CH", "GU", "CO")


def verified(value: bytes = VALUE) -> VerifiedEnvelope:
    """The envelope after step 9."""
    known = directory()
    return verify(
        read_envelope(value),
        topic=TOPIC,
        key=HEAD.record_key,
        directory=known,
        now=NOW,
        cache=VerificationCache(),
    )


def entry(envelope: VerifiedEnvelope, oin: Oin) -> Recipient:
    """The recipient's entry."""
    found = envelope.header.recipient(oin)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("agency", "groups"), [(SHG, ("CH", "CO")), (RAAD, ("GU",)), (BJZ, ())], ids=["shg", "raad", "bjz"]
)
def test_a_recipient_opens_exactly_its_groups(agency: TestAgency, groups: tuple[str, ...]) -> None:
    """From the whole envelope and from the reduced one alike."""
    reduced = reduce(read_envelope(VALUE), group_names(*groups), VALUE)
    for envelope in (verified(), verified(reduced)):
        opened = open_sections(envelope, entry(envelope, agency.oin), agency.unwrapper, RECEIPT)
        assert {name: unpad(plain) for name, plain in opened.items()} == {
            name: (name.encode() * 100)[:100] for name in groups
        }


@pytest.mark.parametrize(("agency", "reader"), [(SHG, RAAD), (RAAD, SHG), (BJZ, SHG)], ids=str)
def test_nobody_opens_what_was_wrapped_for_another(agency: TestAgency, reader: TestAgency) -> None:
    """The key id says so before anything is tried."""
    envelope = verified()
    with pytest.raises(UntrustedError) as caught:
        open_sections(envelope, entry(envelope, agency.oin), reader.unwrapper, RECEIPT)

    assert (caught.value.reason, caught.value.step) == (Reason.SEALING_KEY, 13)


def test_only_an_entry_of_this_header_is_opened() -> None:
    """A recipient of one's own making is a mistake of the caller."""
    with pytest.raises(UsageError):
        open_sections(verified(), recipient(SHG, "CH", "GU", "CO"), SHG.unwrapper, RECEIPT)


def test_opening_without_a_receipt_does_not_type_check(tmp_path: Path) -> None:
    """The type checker refuses a call that has no proof of a durable decision."""
    body = (
        "from broker.crypto import Unwrapper\n"
        "from broker.envelope.model import Recipient, VerifiedEnvelope\n"
        "from broker.envelope.open import open_sections\n"
        "def read(v: VerifiedEnvelope, r: Recipient, u: Unwrapper) -> None:\n"
        "    open_sections(v, r, u)\n"
        "    open_sections(v, r, u, None)\n"
    )
    module = tmp_path / "reading.py"
    module.write_text(body, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(module)]
    root = Path(__file__).parents[3]
    result = subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=120, check=False)

    assert "[call-arg]" in result.stdout
    assert "[arg-type]" in result.stdout
