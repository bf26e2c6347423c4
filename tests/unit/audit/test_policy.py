"""The policy of a log: what it may say, and whether a quorum is reached."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.audit.checkpoint import parse_checkpoint
from broker.audit.cosignature import cosign
from broker.audit.policy import NO_QUORUM, parse_policy
from broker.errors import EvidenceError, MalformedError
from tests.audit_world import LOG_KEY
from tests.witness_world import INSPECTORATE, PEER, Leaves, policy_text

LOG = Leaves(5)
W1, W2 = f"witness a {INSPECTORATE.verifier}\n", f"witness b {PEER.verifier} https://raad.invalid/w\n"
GOOD = f"log {LOG_KEY.verifier}\n{W1}{W2}group g any a b\nquorum g\n"


def cosigned(*keys: object) -> bytes:
    """The note with lines of these."""
    made = [k for k in (INSPECTORATE, PEER) if k in keys]
    return LOG.note + b"".join(cosign(LOG.checkpoint, k.signer, k.verifier, 1) for k in made)


def test_a_policy_is_read_as_it_is_written() -> None:
    """Names, keys, addresses, groups and quorum."""
    policy = parse_policy(GOOD.encode())

    assert [(w.name, str(w.key), w.url) for w in policy.witnesses] == [
        ("a", str(INSPECTORATE.verifier), None),
        ("b", str(PEER.verifier), "https://raad.invalid/w"),
    ]
    assert [(g.threshold, g.members) for g in policy.groups] == [(1, ("a", "b"))]
    assert [str(line.key) for line in policy.logs] == [str(LOG_KEY.verifier)]


def test_white_space_and_comments_mean_nothing() -> None:
    """As C2SP tlog-policy has it: spaces, tabs, empty lines, lines that begin with a hash."""
    odd = "# made by hand\n\n \t\n" + GOOD.replace("group g", "\t group  g\t")

    assert parse_policy(odd.encode()).groups == parse_policy(GOOD.encode()).groups


def test_names_are_octets() -> None:
    """A name that is not UTF-8 is a name."""
    odd = GOOD.encode().replace(b"witness a", b"witness \xff\xfe").replace(b" a b", b" \xff\xfe b")

    assert parse_policy(odd).groups[0].members == ("\udcff\udcfe", "b")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(W1 + "quorum a", id="last line does not end"),
        pytest.param(W1, id="no quorum"),
        pytest.param(W1 + "quorum a\nquorum a\n", id="two quorums"),
        pytest.param("quorum a\n" + W1, id="quorum before its witness"),
        pytest.param(W1 + "quorum b\n", id="unknown quorum"),
        pytest.param(W1 + W1.replace("witness a", "witness c") + "quorum a\n", id="key twice"),
        pytest.param(f"log {LOG_KEY.verifier}\n" * 2 + "quorum none\n", id="log twice"),
        pytest.param(W1 + W2.replace("witness b", "witness a") + "quorum a\n", id="name twice"),
        pytest.param(W1.replace("witness a", "witness none") + "quorum none\n", id="reserved name"),
        pytest.param(W1 + "group g any a none\nquorum g\n", id="none in a group"),
        pytest.param(W1 + "group g any\nquorum g\n", id="empty group"),
        pytest.param(W1 + "group g any a a\nquorum g\n", id="member twice"),
        pytest.param(W1 + W2 + "group g any a b\ngroup h all a g\nquorum h\n", id="member of two groups"),
        pytest.param(W1 + "group g any g a\nquorum g\n", id="group in itself"),
        pytest.param(W1 + W2 + "group g 3 a b\nquorum g\n", id="threshold too high"),
        pytest.param(W1 + W2 + "group g 0 a b\nquorum g\n", id="threshold zero"),
        pytest.param(W1 + W2 + "group g 01 a b\nquorum g\n", id="threshold with a zero"),
        pytest.param(W1 + W2 + "group g most a b\nquorum g\n", id="threshold in words"),
        pytest.param(W1 + "quorum a b\n", id="quorum of two"),
        pytest.param(W1 + "quota 1\nquorum a\n", id="unknown line"),
        pytest.param(W1.replace("\n", " x y\n") + "quorum a\n", id="too many words"),
        pytest.param(W1 + "quorum\ra\n", id="control character"),
        pytest.param(f"witness a {LOG_KEY.verifier}\nquorum a\n", id="log key as a witness"),
        pytest.param(f"log {PEER.verifier}\nquorum none\n", id="Ed25519 cosigner as a log"),
        pytest.param("witness a nonsense\nquorum a\n", id="no key"),
        pytest.param("# x\n" * 200_000 + "quorum none\n", id="too large"),
    ],
)
def test_another_policy_is_refused(text: str) -> None:
    """Each breaks one rule."""
    with pytest.raises(MalformedError):
        parse_policy(text.encode())


@given(st.one_of(st.binary(max_size=200), st.text(alphabet="loguqrmwitnes ab\t\n#12", max_size=200)))
def test_noise_is_malformed(noise: bytes | str) -> None:
    """Nothing else is ever raised."""
    try:
        parse_policy(noise.encode() if isinstance(noise, str) else noise)
    except MalformedError:
        return


@pytest.mark.parametrize(
    ("quorum", "keys", "reached"),
    [
        pytest.param("all", (), False, id="all, nobody"),
        pytest.param("all", (PEER,), False, id="all, one"),
        pytest.param("all", (INSPECTORATE, PEER), True, id="all, both"),
        pytest.param("any", (), False, id="any, nobody"),
        pytest.param("any", (INSPECTORATE,), True, id="any, one"),
        pytest.param("2", (INSPECTORATE,), False, id="two, one"),
        pytest.param("2", (INSPECTORATE, PEER), True, id="two, both"),
    ],
)
def test_a_quorum_is_counted(quorum: str, keys: tuple[object, ...], reached: bool) -> None:
    """By the lines that verify."""
    verdict = parse_policy(policy_text(quorum).encode()).judge(parse_checkpoint(cosigned(*keys)))

    assert verdict.reached is reached
    assert len(verdict.cosigners) == len(keys)


def test_groups_of_groups_are_counted() -> None:
    """The example of the specification: two of three, and one of the others."""
    names = {f"X{n}" for n in range(3)} | {f"Y{n}" for n in range(3)}
    policy = parse_policy(GOOD.encode())
    groups = (
        type(policy.groups[0])("X", 2, ("X0", "X1", "X2")),
        type(policy.groups[0])("Y", 1, ("Y0", "Y1", "Y2")),
        type(policy.groups[0])("both", 2, ("X", "Y")),
    )
    nested = type(policy)((), (), groups, "both")

    assert nested.is_reached(names)
    assert nested.is_reached({"X0", "X2", "Y1"})
    assert not nested.is_reached({"X0", "X1", "X2"})
    assert not nested.is_reached({"X0", "Y0", "Y1", "Y2"})


def test_without_witnesses_nothing_is_missing() -> None:
    """`quorum none` asks for nobody."""
    policy = parse_policy(b"quorum none\n")

    assert policy.quorum == NO_QUORUM
    assert policy.judge(LOG.signed).reached


def test_a_false_line_is_not_merely_not_counted() -> None:
    """A note that lies about one cosigner is evidence of nothing."""
    moved = Leaves(6).note + cosigned(PEER).removeprefix(LOG.note)

    with pytest.raises(EvidenceError):
        parse_policy(policy_text("any").encode()).judge(parse_checkpoint(moved))


def test_a_log_of_the_policy_must_have_signed() -> None:
    """Witnesses cosign what a log said: without its own line it said nothing."""
    policy = parse_policy(GOOD.encode())
    policy.require_log(LOG.signed)
    bare = cosigned(PEER).replace(LOG.note.split(b"\n\n")[1], b"")

    with pytest.raises(EvidenceError):
        policy.require_log(parse_checkpoint(bare))
