"""The policy of a log: who may cosign, and how many it takes (C2SP tlog-policy; docs/spec/audit.md 6.2).

```
log <verifier key> [<url>]
witness <name> <verifier key> [<url>]
group <name> all|any|<k> <name>...
quorum <name>|none
```

1. Lines of octets, each ended by a newline; spaces and tabs separate words; ``#`` begins a comment line.
2. Names are opaque, and one space for witnesses and groups; a line refers to names of earlier lines only.
3. A name is a member of at most one group: each witness counts in one way.
4. Exactly one quorum.  At most 64 logs, witnesses and groups each, and 512 KiB.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from broker.audit.checkpoint import SignedCheckpoint, VerifierKey, verify_checkpoint
from broker.audit.cosignature import Cosignature, CosignerKey, cosignatures
from broker.errors import EvidenceError, MalformedError

__all__ = [
    "NO_QUORUM",
    "Group",
    "LogKeyOf",
    "LogLine",
    "Policy",
    "Verdict",
    "Witness",
    "parse_log_key",
    "parse_policy",
]

NO_QUORUM = "none"
"""The quorum of a policy that asks for no cosignatures."""

_MAX_POLICY = 524_288
_MAX_EACH = 64
_MAX_WORDS = 128
_NOT_ALLOWED = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")

LogKeyOf = VerifierKey | CosignerKey
"""A log signs with Ed25519, with ML-DSA-44 in the form of a cosignature, or with both."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A log that the policy is about.

    Attributes:
        url: Where it is, or None.
    """

    key: LogKeyOf
    url: str | None


@dataclass(frozen=True, slots=True)
class Witness:
    """One who may cosign.

    Attributes:
        name: In this policy; means nothing elsewhere.
        url: What ``/add-checkpoint`` comes after, or None.
    """

    name: str
    key: CosignerKey
    url: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """So many of these *members* together are one."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says of a checkpoint.

    Attributes:
        cosigners: The witnesses of the policy that cosigned it, with their times, in its order.
        reached: Whether they are enough.
    """

    cosigners: tuple[tuple[Witness, Cosignature], ...]
    reached: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may cosign, and how many of them it takes.

    Attributes:
        quorum: Name of a witness or group, or `NO_QUORUM`.
    """

    logs: tuple[LogLine, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str

    def judge(self, signed: SignedCheckpoint) -> Verdict:
        """Which cosigners count for a checkpoint, and whether they are enough.

        A witness counts by its own valid line.  The log's signature is not looked at here: see `require_log`.

        Raises:
            EvidenceError: A line of a witness of this policy does not verify.
        """
        by_key = {found.key: found for found in cosignatures(signed, [w.key for w in self.witnesses])}
        counted = tuple((w, by_key[w.key]) for w in self.witnesses if w.key in by_key)
        return Verdict(counted, self.is_reached(witness.name for witness, _ in counted))

    def is_reached(self, names: Iterable[str]) -> bool:
        """Whether the witnesses of these *names* are enough."""
        reached = {NO_QUORUM, *names}
        for group in self.groups:
            if sum(member in reached for member in group.members) >= group.threshold:
                reached.add(group.name)
        return self.quorum in reached

    def require_log(self, signed: SignedCheckpoint) -> None:
        """Insist that a log of this policy signed the checkpoint; without log lines, nothing is asked.

        Raises:
            EvidenceError: None did, or a line of one does not verify.
        """
        if self.logs and not any(_signed_by(signed, line.key) for line in self.logs):
            raise EvidenceError("no log of the policy signed the checkpoint")


def parse_log_key(text: str) -> LogKeyOf:
    """The verifier key of a log: Ed25519, or ML-DSA-44 in the form of a cosignature.

    Raises:
        MalformedError: Neither.
    """
    try:
        return VerifierKey.parse(text)
    except MalformedError:
        key = CosignerKey.parse(text)
        if len(key.public.raw()) == _ED25519_SIZE:
            raise MalformedError("a log does not sign as an Ed25519 cosigner") from None
        return key


def parse_policy(data: bytes) -> Policy:
    """Read a policy.

    Raises:
        MalformedError: Not one; nothing else is ever raised.
    """
    if len(data) > _MAX_POLICY:
        raise MalformedError("a policy is too large")
    if _NOT_ALLOWED.search(data):
        raise MalformedError("a policy holds control characters")
    if data and not data.endswith(b"\n"):
        raise MalformedError("the last line of a policy does not end")
    reading = _Reading()
    for line in data.decode("utf-8", "surrogateescape").split("\n")[:-1]:
        words = [word for word in re.split(r"[ \t]+", line) if word]
        if words and not words[0].startswith("#"):
            reading.take(words)
    return reading.done()


_ED25519_SIZE = 32


@dataclass(slots=True)
class _Reading:
    """A policy as far as it has been read."""

    logs: list[LogLine] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: str | None = None
    keys: set[tuple[str, bytes]] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)

    def take(self, words: list[str]) -> None:
        if len(words) > _MAX_WORDS:
            raise MalformedError("a line of a policy has too many words")
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self._log(key, url)
            case ["witness", name, key, *url] if len(url) <= 1:
                self._witness(name, key, url)
            case ["group", name, threshold, *members] if members:
                self._group(name, threshold, members)
            case ["quorum", name]:
                self._quorum(name)
            case _:
                raise MalformedError("a line that a policy does not have")

    def done(self) -> Policy:
        if self.quorum is None:
            raise MalformedError("a policy has no quorum")
        return Policy(tuple(self.logs), tuple(self.witnesses), tuple(self.groups), self.quorum)

    def _log(self, text: str, url: list[str]) -> None:
        key = parse_log_key(text)
        self._once("log", key.public.raw())
        self.logs.append(LogLine(key, next(iter(url), None)))
        _require_few(self.logs)

    def _witness(self, name: str, text: str, url: list[str]) -> None:
        self._define(name)
        key = CosignerKey.parse(text)
        self._once("witness", key.public.raw())
        self.witnesses.append(Witness(name, key, next(iter(url), None)))
        _require_few(self.witnesses)

    def _group(self, name: str, threshold: str, members: list[str]) -> None:
        for member in members:
            if member not in self.names or member in self.members:
                raise MalformedError("a member of a group that is unknown, or is one already")
            self.members.add(member)
        self._define(name)
        self.groups.append(Group(name, _threshold(threshold, len(members)), tuple(members)))
        _require_few(self.groups)

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise MalformedError("a policy has two quorums")
        if name != NO_QUORUM and name not in self.names:
            raise MalformedError("a quorum that is not defined before it")
        self.quorum = name

    def _define(self, name: str) -> None:
        if name == NO_QUORUM or name in self.names:
            raise MalformedError("a name of a policy that is taken")
        self.names.add(name)

    def _once(self, what: str, raw: bytes) -> None:
        if (what, raw) in self.keys:
            raise MalformedError("a key stands twice in a policy")
        self.keys.add((what, raw))


def _threshold(text: str, members: int) -> int:
    if text in ("any", "all"):
        return 1 if text == "any" else members
    if not _NUMBER.fullmatch(text) or int(text) > members:
        raise MalformedError("a threshold that a group cannot have")
    return int(text)


def _require_few(lines: list[LogLine] | list[Witness] | list[Group]) -> None:
    if len(lines) > _MAX_EACH:
        raise MalformedError("a policy has too many lines of one kind")


def _signed_by(signed: SignedCheckpoint, key: LogKeyOf) -> bool:
    if signed.checkpoint.origin != key.name:
        return False
    if isinstance(key, CosignerKey):
        return bool(cosignatures(signed, [key]))
    if not any(line.name == key.name and line.key_id == key.id for line in signed.signatures):
        return False
    verify_checkpoint(signed, key)
    return True
