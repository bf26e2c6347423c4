"""Reads the signed registry: a folder, or a web address that serves one (docs/spec/registry.md 2).

1. Root, timestamp, snapshot and targets are verified by the TUF library: signatures and thresholds,
   versions that never go back, expiry, and hashes of everything that is read.
2. Verified metadata is kept in a cache directory, so that a rollback is seen after a restart too.
3. While the timestamp is byte for byte the one already verified, and no newer root has appeared,
   nothing changed: that is the every-two-seconds case, and it costs one small read.
4. Files whose hash did not change are not read again.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    SlowRetrievalError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Targets, Timestamp  # type: ignore[attr-defined]
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig  # type: ignore[attr-defined]
from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher

from broker.errors import ConfigurationError, UnavailableError, UntrustedError
from broker.names import Micros
from broker.trust.build import ParseCache, build_view
from broker.trust.view import TrustView

__all__ = ["RegistryReader"]

_DELEGATED = "revocations"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TARGET = 64 * 1024 * 1024
_CONFIG = UpdaterConfig(targets_max_length=32 * 1024 * 1024, app_user_agent="schakel")
_HTTP_TIMEOUT = 5
_HTTP_DEADLINE = 10.0

_Held: TypeAlias = dict[str, tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class _State:
    """What the last refresh found.

    Attributes:
        timestamp: The bytes that were verified.
        snapshot: Version and hash of the snapshot it names.
    """

    timestamp: bytes
    root_version: int
    snapshot: str
    view: TrustView


class RegistryReader:
    """Reads one registry, for `broker.trust.keeper.TrustKeeper`.

    Args:
        source: A folder, or an address that starts with ``file://``, ``http://`` or ``https://``.
        cache_dir: Where verified metadata is kept; not shared between registries.
        trusted_root: The first root document, got by a safe way.
    """

    def __init__(self, source: str | Path, cache_dir: Path, trusted_root: bytes) -> None:
        self._base, self._fetcher = _open_source(source)
        self._cache_dir = cache_dir
        self._trusted_root = trusted_root
        self._state: _State | None = None
        self._files: _Held = {}
        self._parsed = ParseCache()

    def refresh(self, now: Micros) -> TrustView:
        """The newest view; the same object when nothing changed.

        Raises:
            UnavailableError: The registry cannot be reached.
            UntrustedError: What was read does not verify: reason ``registry-rollback``, ``registry-expired``,
                ``registry-signature``, ``registry-content`` or ``registry-metadata``.
            MalformedError: It verifies, but its content is not a registry.
        """
        try:
            if self._state is not None and self._is_unchanged(self._state, now):
                return self._state.view
            self._state = self._read(now)
        except DownloadHTTPError as error:
            raise UnavailableError("the registry does not answer as it should", why=str(error)) from error
        except DownloadLengthMismatchError as error:
            raise UntrustedError(
                "a registry file is longer than it may be", reason="registry-content"
            ) from error
        except DownloadError as error:
            raise UnavailableError("the registry cannot be reached", why=str(error)) from error
        except RepositoryError as error:
            raise _untrusted(error) from error
        except OSError as error:
            raise UnavailableError("the registry cache cannot be used", why=str(error)) from error
        return self._state.view

    def _is_unchanged(self, state: _State, now: Micros) -> bool:
        if now >= state.view.expires_at or self._next_root_exists(state.root_version):
            return False
        return self._metadata("timestamp.json", _CONFIG.timestamp_max_length) == state.timestamp

    def _next_root_exists(self, version: int) -> bool:
        try:
            self._metadata(f"{version + 1}.root.json", _CONFIG.root_max_length)
        except DownloadHTTPError as error:
            if error.status_code in {403, 404}:
                return False
            raise
        return True

    def _read(self, now: Micros) -> _State:
        folder = self._cache_dir / "metadata"
        folder.mkdir(parents=True, exist_ok=True)
        with (self._cache_dir / "lock").open("wb") as lock:
            # Two processes may share a cache: the library's files must not mix.
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._update(folder, now)
            return self._build(folder, (folder / "timestamp.json").read_bytes())

    def _update(self, folder: Path, now: Micros) -> None:
        updater = Updater(
            str(folder),
            f"{self._base}/metadata/",
            fetcher=self._fetcher,
            config=_CONFIG,
            bootstrap=self._trusted_root,
        )
        # The library takes the time of the machine; ours comes in as an argument, like everywhere.
        updater._trusted_set.reference_time = _EPOCH + timedelta(microseconds=now)
        updater.refresh()
        # Asking for a file of the delegated role makes the library load and verify that role.
        updater.get_targetinfo(f"{_DELEGATED}/-/0/-.json")

    def _build(self, folder: Path, timestamp_bytes: bytes) -> _State:
        timestamp: Metadata[Timestamp] = Metadata.from_bytes(timestamp_bytes)
        root: Metadata[Root] = Metadata.from_file(str(folder / "root.json"))
        snapshot: Metadata[Snapshot] = Metadata.from_file(str(folder / "snapshot.json"))
        expires, described = [root.signed.expires, timestamp.signed.expires, snapshot.signed.expires], {}
        for role in ("targets", _DELEGATED):
            metadata: Metadata[Targets] = Metadata.from_file(str(folder / f"{role}.json"))
            expires.append(metadata.signed.expires)
            described.update(_own_paths(role, metadata.signed.targets))
        named = f"{snapshot.signed.version} {root.signed.version}"
        expires_at = Micros((min(expires) - _EPOCH) // timedelta(microseconds=1))
        if self._state is not None and self._state.snapshot == named:
            view = replace(self._state.view, expires_at=expires_at)
        else:
            files = self._fetch_all(described)
            view = build_view(
                {path: body for path, (_, body) in files.items()},
                snapshot.signed.version,
                expires_at,
                self._parsed,
            )
            self._files = files
        return _State(timestamp_bytes, root.signed.version, named, view)

    def _fetch_all(self, described: dict[str, TargetFile]) -> _Held:
        files: _Held = {}
        for path, target in described.items():
            wanted = target.hashes.get("sha256", "")
            held = self._files.get(path)
            files[path] = (
                held if held is not None and held[0] == wanted else (wanted, self._fetch(path, target))
            )
        return files

    def _fetch(self, path: str, target: TargetFile) -> bytes:
        if "sha256" not in target.hashes or target.length > _MAX_TARGET:
            raise UntrustedError(f"the registry describes {path} without a hash, or as too large")
        folder, separator, name = path.rpartition("/")
        url = f"{self._base}/targets/{folder}{separator}{target.hashes['sha256']}.{name}"
        content = self._fetcher.download_bytes(url, target.length)
        target.verify_length_and_hashes(content)
        return content

    def _metadata(self, name: str, limit: int) -> bytes:
        return self._fetcher.download_bytes(f"{self._base}/metadata/{name}", limit)


class _WebFetcher(Urllib3Fetcher):
    """Reads from a web server; an answer that breaks off or is not what it says is a failed download."""

    def _chunks(self, response: Any) -> Iterator[bytes]:
        deadline = time.monotonic() + _HTTP_DEADLINE
        try:
            # One byte now and then would never time out by itself, so each piece is taken as it comes.
            while chunk := _piece(response):
                yield chunk
                if time.monotonic() > deadline:
                    raise SlowRetrievalError("the registry answers too slowly")
        finally:
            response.release_conn()


def _piece(response: Any) -> bytes:
    try:
        return bytes(response.read1(65_536, decode_content=True))
    except Exception as error:
        raise DownloadError("an answer of the registry broke off") from error


class _FolderFetcher(FetcherInterface):
    """Reads ``file://`` addresses below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = Path(unquote(urlsplit(url).path)).resolve()
        if not path.is_relative_to(self._folder):
            raise DownloadHTTPError("outside the registry", 403)
        try:
            return iter([path.read_bytes()])
        except FileNotFoundError as error:
            # Without the folder there is no registry at all, which is not the same as one file less.
            if not (self._folder / "metadata").is_dir():
                raise DownloadError(f"there is no registry in {self._folder}") from error
            raise DownloadHTTPError("not found", 404) from error


def _open_source(source: str | Path) -> tuple[str, FetcherInterface]:
    text = str(source)
    if text.startswith(("http://", "https://")):
        return text.rstrip("/"), _WebFetcher(socket_timeout=_HTTP_TIMEOUT, app_user_agent="schakel")
    if "://" in text and not text.startswith("file://"):
        raise ConfigurationError(
            f"not a registry source: {text}", remedy="Give a folder, or a file, http or https address"
        )
    folder = Path(unquote(urlsplit(text).path)) if text.startswith("file://") else Path(text)
    return folder.resolve().as_uri(), _FolderFetcher(folder)


def _own_paths(role: str, targets: dict[str, TargetFile]) -> dict[str, TargetFile]:
    """Only the delegated role speaks of revocations, and of nothing else."""
    inside = f"{_DELEGATED}/"
    return {
        path: target for path, target in targets.items() if path.startswith(inside) == (role == _DELEGATED)
    }


def _untrusted(error: RepositoryError) -> UntrustedError:
    match error:
        case ExpiredMetadataError():
            return UntrustedError(f"the registry offers expired metadata: {error}", reason="registry-expired")
        case BadVersionNumberError():
            return UntrustedError(f"the registry went back in time: {error}", reason="registry-rollback")
        case UnsignedMetadataError():
            return UntrustedError(f"the registry lacks signatures: {error}", reason="registry-signature")
        case LengthOrHashMismatchError():
            return UntrustedError(f"a registry file was changed: {error}", reason="registry-content")
    return UntrustedError(f"the registry's metadata is wrong: {error}", reason="registry-metadata")
