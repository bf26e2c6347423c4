"""Writes the signed registry: a TUF repository of static files (docs/spec/registry.md 2).

```
<directory>/metadata/<n>.root.json <n>.targets.json <n>.revocations.json <n>.snapshot.json timestamp.json
<directory>/targets/<path with the content's SHA-256 before the file name>
```

1. Five roles, each with keys of its own.  `root` and `targets` are for people, offline; `snapshot` and
   `timestamp` are online; `revocations` is delegated, and online too, so that a party's revocation is
   published at once without waking the people who hold the targets keys.
2. Content is written before the metadata that names it, and `timestamp.json` last and in one step: a
   reader sees the old version or the new one.
3. A publisher needs the keys of the roles it signs for, and no others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import Key, Signature, Signer, SSlibKey  # type: ignore[attr-defined]
from tuf.api.metadata import (  # type: ignore[attr-defined]
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from broker.crypto import SoftwareSigner
from broker.errors import ConfigurationError, UsageError
from broker.names import Algorithm, Micros

__all__ = ["REVOCATIONS", "ROLES", "Lifetimes", "RegistryPublisher", "RoleKeys"]

REVOCATIONS = "revocations"
ROLES = ("root", "targets", "snapshot", "timestamp", REVOCATIONS)
_REVOCATION_PATHS = "revocations/*/*/*.json"

RoleKeys = Mapping[str, Sequence[SoftwareSigner]]
"""Ed25519 signing keys by role."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long signed metadata counts.  A reader refuses whatever is older."""

    root: timedelta = timedelta(days=365)
    targets: timedelta = timedelta(days=30)
    revocations: timedelta = timedelta(days=7)
    snapshot: timedelta = timedelta(days=1)
    timestamp: timedelta = timedelta(days=1)


class RegistryPublisher:
    """Publishes versions of one registry.

    Attributes:
        directory: The public part; anything that serves files can serve it.
    """

    def __init__(self, directory: Path, keys: RoleKeys, lifetimes: Lifetimes | None = None) -> None:
        self.directory = directory
        self._keys = {role: [_TufSigner(signer) for signer in signers] for role, signers in keys.items()}
        self._lifetimes = lifetimes or Lifetimes()

    @classmethod
    def create(
        cls,
        directory: Path,
        keys: RoleKeys,
        thresholds: Mapping[str, int],
        now: Micros,
        lifetimes: Lifetimes | None = None,
    ) -> RegistryPublisher:
        """Start a registry without targets.

        Args:
            keys: At least one Ed25519 key for each of `ROLES`; no key serves two roles.
            thresholds: Signatures needed per role; 1 where a role is absent.

        Raises:
            UsageError: There is a registry already, a role has too few keys, or a key serves two roles.
        """
        publisher = cls(directory, keys, lifetimes)
        if (directory / "metadata" / "timestamp.json").exists():
            raise UsageError(
                f"there is a registry in {directory} already",
                remedy="Publish in it, or choose an empty folder",
            )
        publisher._require_keys(thresholds)
        publisher._write("root", Metadata(publisher._new_root(thresholds, now)))
        publisher._write("targets", Metadata(publisher._new_targets(thresholds, now)))
        publisher._write(REVOCATIONS, Metadata(Targets(expires=publisher._until(REVOCATIONS, now))))
        publisher._seal(Snapshot(), Timestamp(), now)
        return publisher

    @property
    def trusted_root(self) -> bytes:
        """The first root document: what a reader must have got by a safe way."""
        return (self.directory / "metadata" / "1.root.json").read_bytes()

    def targets(self) -> dict[str, bytes]:
        """Every published file by path."""
        found = {}
        for role in ("targets", REVOCATIONS):
            for path, target in self._current_targets(role).signed.targets.items():
                found[path] = (self.directory / "targets" / _hashed(path, target)).read_bytes()
        return found

    def publish(self, changes: Mapping[str, bytes | None], now: Micros) -> int:
        """Publish new content; None takes a file out.  Without changes the expiry is renewed.

        Returns:
            The version of the registry.

        Raises:
            UsageError: A path belongs to the delegated role: use `publish_revocations`.
            ConfigurationError: A key of a role concerned is not here.
        """
        if any(path.startswith("revocations/") for path in changes):
            raise UsageError("a revocation is published by its own role", remedy="Use `publish_revocations`")
        return self._publish("targets", changes, now)

    def publish_revocations(self, files: Mapping[str, bytes], now: Micros) -> int:
        """Publish revocations, with the online keys alone.

        Returns:
            The version of the registry.

        Raises:
            UsageError: A path is not a revocation's.
            ConfigurationError: A key of a role concerned is not here.
        """
        role = DelegatedRole(REVOCATIONS, [], 1, True, paths=[_REVOCATION_PATHS])
        if not all(role.is_delegated_path(path) for path in files):
            raise UsageError(
                "a revocation lies at revocations/<id>/<version>/<oin>.json",
                remedy="Give each revocation that path, and other files to `publish`",
            )
        return self._publish(REVOCATIONS, files, now)

    def renew(self, now: Micros) -> int:
        """Sign again what the online roles sign, so that readers go on.

        Returns:
            The version of the registry.
        """
        return self._publish(REVOCATIONS, {}, now)

    def rotate(self, role: str, keys: Sequence[SoftwareSigner], now: Micros) -> None:
        """Give *role* other keys: a new root, signed by the old and the new root keys.

        Raises:
            UsageError: Not one of the four top-level roles.
            ConfigurationError: A key of a role concerned is not here.
        """
        if role not in ROLES or role == REVOCATIONS:
            raise UsageError(
                f"not a role of the root document: {role}",
                remedy=f"Choose one of {', '.join(name for name in ROLES if name != REVOCATIONS)}",
            )
        metadata: Metadata[Root] = Metadata.from_file(str(self._latest("root")))
        root, signers = metadata.signed, list(self._signers("root"))
        for key_id in list(root.roles[role].keyids):
            root.revoke_key(key_id, role)
        fresh = [_TufSigner(signer) for signer in keys]
        for signer in fresh:
            root.add_key(signer.public_key, role)
        self._keys[role] = fresh
        root.version += 1
        root.expires = self._until("root", now)
        for number, signer in enumerate([*signers, *(fresh if role == "root" else [])]):
            metadata.sign(signer, append=number > 0)
        self._store(f"metadata/{root.version}.root.json", metadata.to_bytes())
        if role == "targets":
            self._publish("targets", {}, now)
        self.renew(now)

    def _publish(self, role: str, changes: Mapping[str, bytes | None], now: Micros) -> int:
        metadata = self._current_targets(role)
        for path, content in changes.items():
            if content is None:
                metadata.signed.targets.pop(path, None)
                continue
            target = TargetFile.from_data(path, content, ["sha256"])
            self._store(f"targets/{_hashed(path, target)}", content)
            metadata.signed.targets[path] = target
        metadata.signed.version += 1
        metadata.signed.expires = self._until(role, now)
        snapshot: Metadata[Snapshot] = Metadata.from_file(str(self._latest("snapshot")))
        timestamp: Metadata[Timestamp] = Metadata.from_file(str(self._latest("timestamp")))
        snapshot.signed.version += 1
        timestamp.signed.version += 1
        self._write(role, metadata)
        return self._seal(snapshot.signed, timestamp.signed, now)

    def _seal(self, snapshot: Snapshot, timestamp: Timestamp, now: Micros) -> int:
        for role in ("targets", REVOCATIONS):
            snapshot.meta[f"{role}.json"] = MetaFile(self._current_targets(role).signed.version)
        snapshot.expires = self._until("snapshot", now)
        content = self._write("snapshot", Metadata(snapshot))
        timestamp.snapshot_meta = MetaFile.from_data(snapshot.version, content, ["sha256"])
        timestamp.expires = self._until("timestamp", now)
        self._write("timestamp", Metadata(timestamp))
        return snapshot.version

    def _new_root(self, thresholds: Mapping[str, int], now: Micros) -> Root:
        root = Root(expires=self._until("root", now), consistent_snapshot=True)
        for role in ("root", "targets", "snapshot", "timestamp"):
            for signer in self._signers(role):
                root.add_key(signer.public_key, role)
            root.roles[role].threshold = thresholds.get(role, 1)
        return root

    def _new_targets(self, thresholds: Mapping[str, int], now: Micros) -> Targets:
        keys = {signer.public_key.keyid: signer.public_key for signer in self._signers(REVOCATIONS)}
        role = DelegatedRole(
            REVOCATIONS, list(keys), thresholds.get(REVOCATIONS, 1), True, paths=[_REVOCATION_PATHS]
        )
        return Targets(
            expires=self._until("targets", now), delegations=Delegations(keys, {REVOCATIONS: role})
        )

    def _require_keys(self, thresholds: Mapping[str, int]) -> None:
        for role in ROLES:
            if len(self._keys.get(role, ())) < max(1, thresholds.get(role, 1)):
                raise UsageError(
                    f"the role {role} has fewer keys than signatures it needs",
                    remedy="Give the role more keys, or lower its threshold",
                )
        names = [signer.public_key.keyid for signers in self._keys.values() for signer in signers]
        if len(set(names)) != len(names):
            raise UsageError("one key serves two roles", remedy="Give every role keys of its own")

    def _signers(self, role: str) -> Sequence[_TufSigner]:
        if not self._keys.get(role):
            raise ConfigurationError(
                f"the key of the registry role {role} is not here", remedy="Run this where that key is kept"
            )
        return self._keys[role]

    def _until(self, role: str, now: Micros) -> datetime:
        lifetime: timedelta = getattr(self._lifetimes, role)
        return (_moment(now) + lifetime).replace(microsecond=0)

    def _current_targets(self, role: str) -> Metadata[Targets]:
        return Metadata.from_file(str(self._latest(role)))

    def _latest(self, role: str) -> Path:
        folder = self.directory / "metadata"
        if role == "timestamp":
            return folder / "timestamp.json"
        versions = [int(path.name.split(".")[0]) for path in folder.glob(f"*.{role}.json")]
        if not versions:
            raise ConfigurationError(
                f"there is no registry in {self.directory}", remedy="Make one with `schakel registry init`"
            )
        return folder / f"{max(versions)}.{role}.json"

    def _write(self, role: str, metadata: Metadata[Any]) -> bytes:
        for number, signer in enumerate(self._signers(role)):
            metadata.sign(signer, append=number > 0)
        content = metadata.to_bytes()
        name = f"{role}.json" if role == "timestamp" else f"{metadata.signed.version}.{role}.json"
        self._store(f"metadata/{name}", content)
        return content

    def _store(self, name: str, content: bytes) -> None:
        """Write in one step: whoever reads sees all of it or none."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


class _TufSigner(Signer):
    """One of our signers, as the TUF library wants it."""

    def __init__(self, signer: SoftwareSigner) -> None:
        if signer.algorithm is not Algorithm.ED25519:
            raise UsageError("a registry key is an Ed25519 key", remedy="Make an Ed25519 key for this role")
        self._signer = signer
        public = {"public": signer.verifying_key.raw().hex()}
        self._public = SSlibKey(str(signer.key_id), "ed25519", "ed25519", public)

    @property
    def public_key(self) -> Key:
        return self._public

    @classmethod
    def from_priv_key_uri(cls, *_: object, **__: object) -> Signer:
        raise UsageError(
            "registry keys are given, not looked up", remedy="Give the keys to `RegistryPublisher`"
        )

    def sign(self, payload: bytes) -> Signature:
        return Signature(self._public.keyid, self._signer.sign(payload).hex())


def _hashed(path: str, target: TargetFile) -> str:
    folder, separator, name = path.rpartition("/")
    return f"{folder}{separator}{target.hashes['sha256']}.{name}"


def _moment(at: Micros) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
