"""`broker.adapters.tuf_publisher` and `tuf_repository`: a real repository, and what attackers try."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from broker.adapters.tuf_publisher import REVOCATIONS, ROLES, Lifetimes, RegistryPublisher
from broker.adapters.tuf_repository import RegistryReader
from broker.crypto import SoftwareSigner
from broker.errors import ConfigurationError, MalformedError, UnavailableError, UntrustedError, UsageError
from broker.names import Algorithm, Micros
from tests.registry_world import NOW, RegistryWorld

SECOND = 1_000_000
DAY = 86_400 * SECOND


@dataclass(slots=True)
class Published:
    """A published registry, its keys, and a reader of it."""

    folder: Path
    keys: dict[str, list[SoftwareSigner]]
    publisher: RegistryPublisher
    world: RegistryWorld

    @property
    def public(self) -> Path:
        """What readers see."""
        return self.folder / "public"

    @property
    def timestamp(self) -> Path:
        """The file that changes last."""
        return self.public / "metadata" / "timestamp.json"

    def reader(self, cache: str = "cache") -> RegistryReader:
        """A reader; with the same cache, the same process after a restart."""
        return RegistryReader(self.public, self.folder / cache, self.publisher.trusted_root)

    def holding(self, *roles: str) -> RegistryPublisher:
        """A publisher who holds the keys of these roles only."""
        return RegistryPublisher(self.public, {role: self.keys[role] for role in roles})


def keys(count: int = 1) -> dict[str, list[SoftwareSigner]]:
    """Fresh keys for every role."""
    return {role: [SoftwareSigner.generate(Algorithm.ED25519) for _ in range(count)] for role in ROLES}


class _Quiet(SimpleHTTPRequestHandler):
    """A web server that does not talk."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve *folder* on a free port; the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A registry with two agencies and their agreement."""
    folder, world, signers = tmp_path_factory.mktemp("registry"), RegistryWorld(), keys()
    publisher = RegistryPublisher.create(folder / "public", signers, {}, NOW)
    publisher.publish(world.targets(), NOW)
    return Published(folder, signers, publisher, world)


@pytest.fixture
def registry(made: Published, tmp_path: Path) -> Published:
    """A copy of it for one test."""
    shutil.copytree(made.public, tmp_path / "public")
    return Published(tmp_path, made.keys, RegistryPublisher(tmp_path / "public", made.keys), made.world)


def test_reads_what_was_published(registry: Published) -> None:
    """The view holds the agencies, and the agreement co-signed."""
    view = registry.reader().refresh(NOW)

    assert view.agencies.keys() == {registry.world.shg.oin, registry.world.amk.oin}
    assert [agreement.cosigned for agreement in view.rules.agreements] == [True]


def test_nothing_new_is_the_same_view(registry: Published) -> None:
    """While nothing changes, the very same object comes back."""
    reader = registry.reader()

    assert reader.refresh(NOW) is reader.refresh(Micros(NOW + SECOND))


def test_the_view_counts_until_the_first_expiry(registry: Published) -> None:
    """Timestamp and snapshot live one day."""
    view = registry.reader().refresh(NOW)

    assert view.expires_at == NOW // SECOND * SECOND + DAY


def test_a_renewal_moves_the_expiry_alone(registry: Published) -> None:
    """The online keys go on without the others, and what was published stays."""
    reader = registry.reader()
    before = reader.refresh(NOW)
    registry.holding("timestamp", "snapshot", REVOCATIONS).renew(Micros(NOW + DAY // 2))
    after = reader.refresh(Micros(NOW + DAY // 2))

    assert after.expires_at == before.expires_at + DAY // 2
    assert after.rules.agreements == before.rules.agreements


def test_a_revocation_needs_the_online_keys_only(registry: Published) -> None:
    """A party's revocation takes effect at the next refresh, while the targets keys are in a safe."""
    reader = registry.reader()
    reader.refresh(NOW)
    online = registry.holding("timestamp", "snapshot", REVOCATIONS)
    online.publish_revocations(registry.world.revocation(registry.world.amk), NOW)
    (agreement,) = reader.refresh(NOW).rules.agreements

    assert agreement.revoked_at == NOW


def test_the_online_keys_cannot_publish_anything_else(registry: Published) -> None:
    """Whoever breaks into the online machine gets no agency or agreement in."""
    online = registry.holding("timestamp", "snapshot", REVOCATIONS)
    with pytest.raises(ConfigurationError):
        online.publish({"agencies.json": b"{}"}, NOW)
    with pytest.raises(UsageError):
        online.publish_revocations({"agencies.json": b"{}"}, NOW)
    with pytest.raises(UsageError):
        registry.publisher.publish({"revocations/a/1/b.json": b"{}"}, NOW)


def test_the_version_goes_up(registry: Published) -> None:
    """Decisions cite the version of the snapshot."""
    reader = registry.reader()
    before = reader.refresh(NOW).version

    assert registry.publisher.renew(NOW) == before + 1
    assert reader.refresh(NOW).version == before + 1


@pytest.mark.parametrize("restarted", [False, True], ids=["same-process", "after-restart"])
def test_a_rollback_is_seen(registry: Published, restarted: bool) -> None:
    """An older state, although correctly signed, is refused, and so after a restart."""
    reader, old = registry.reader(), registry.timestamp.read_bytes()
    registry.publisher.publish_revocations(registry.world.revocation(registry.world.amk), NOW)
    reader.refresh(NOW)
    registry.timestamp.write_bytes(old)
    with pytest.raises(UntrustedError) as caught:
        (registry.reader() if restarted else reader).refresh(NOW)

    assert caught.value.reason == "registry-rollback"


def test_a_freeze_is_seen(registry: Published) -> None:
    """A registry that is never renewed is refused from its expiry on, and the old view is stale."""
    reader = registry.reader()
    view = reader.refresh(NOW)
    later = Micros(NOW + DAY)
    with pytest.raises(UntrustedError) as caught:
        reader.refresh(later)

    assert caught.value.reason == "registry-expired"
    with pytest.raises(UnavailableError):
        view.require_fresh(later)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        pytest.param("metadata/timestamp.json", "registry-signature", id="timestamp"),
        pytest.param("metadata/2.snapshot.json", "registry-content", id="snapshot"),
        pytest.param("metadata/2.targets.json", "registry-signature", id="targets"),
        pytest.param("targets/*agencies.json", "registry-content", id="target"),
    ],
)
def test_a_changed_file_is_seen(registry: Published, pattern: str, reason: str) -> None:
    """One digit or letter changed anywhere, and nothing is believed."""
    (path,) = registry.public.glob(pattern)
    body = path.read_bytes()
    path.write_bytes(
        body.replace(b'"version":2', b'"version":7', 1) if b'"signed"' in body else body.swapcase()
    )
    with pytest.raises(UntrustedError) as caught:
        registry.reader().refresh(NOW)

    assert caught.value.reason == reason


def test_a_longer_file_is_seen(registry: Published) -> None:
    """A file may not be longer than was signed; reading stops there."""
    (path,) = registry.public.glob("targets/*agencies.json")
    path.write_bytes(path.read_bytes() + b" " * 1000)
    with pytest.raises(UntrustedError):
        registry.reader().refresh(NOW)


def test_another_root_is_not_trusted(registry: Published) -> None:
    """A whole registry with other keys is somebody else's."""
    forged = registry.folder / "forged"
    RegistryPublisher.create(forged, keys(), {}, NOW).publish(registry.world.targets(), NOW)
    reader = RegistryReader(forged, registry.folder / "cache", registry.publisher.trusted_root)
    with pytest.raises(UntrustedError):
        reader.refresh(NOW)


def test_a_missing_registry_is_unavailable(registry: Published) -> None:
    """Not there is not the same as not trusted: the reader tries again."""
    reader = registry.reader()
    view = reader.refresh(NOW)
    registry.public.rename(registry.folder / "away")
    with pytest.raises(UnavailableError):
        reader.refresh(NOW)
    (registry.folder / "away").rename(registry.public)

    assert reader.refresh(NOW) is view


def test_a_missing_target_is_unavailable(registry: Published) -> None:
    """A file that a web server does not have yet may come."""
    (path,) = registry.public.glob("targets/*agencies.json")
    path.unlink()
    with pytest.raises(UnavailableError):
        registry.reader().refresh(NOW)


def test_wrong_content_changes_nothing(registry: Published) -> None:
    """Signed nonsense is refused as a whole, again and again, until it is put right."""
    reader = registry.reader()
    reader.refresh(NOW)
    registry.publisher.publish({"agencies.json": b"{}"}, NOW)
    for _ in range(2):
        with pytest.raises(MalformedError):
            reader.refresh(NOW)
    registry.publisher.publish(registry.world.targets(), NOW)

    assert reader.refresh(NOW).agencies


@pytest.mark.parametrize("present", [1, 2], ids=["below-the-threshold", "at-the-threshold"])
def test_the_threshold_counts(tmp_path: Path, present: int) -> None:
    """Two of three targets keys are needed: one signature is not believed, two are."""
    signers, thresholds, world = keys(3), {"targets": 2, "root": 2}, RegistryWorld()
    publisher = RegistryPublisher.create(tmp_path / "public", signers, thresholds, NOW)
    some = RegistryPublisher(tmp_path / "public", {**signers, "targets": signers["targets"][:present]})
    some.publish(world.targets(), NOW)
    reader = RegistryReader(tmp_path / "public", tmp_path / "cache", publisher.trusted_root)
    if present == 2:
        assert reader.refresh(NOW).agencies
        return
    with pytest.raises(UntrustedError) as caught:
        reader.refresh(NOW)
    assert caught.value.reason == "registry-signature"


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_a_rotated_key_is_followed(registry: Published, role: str) -> None:
    """Readers follow a new root; the old key of the role no longer publishes."""
    reader = registry.reader()
    reader.refresh(NOW)
    registry.publisher.rotate(role, [SoftwareSigner.generate(Algorithm.ED25519)], NOW)
    registry.publisher.publish_revocations(registry.world.revocation(registry.world.amk), NOW)
    (agreement,) = reader.refresh(NOW).rules.agreements

    assert agreement.revoked_at == NOW


@pytest.mark.parametrize("role", ["snapshot", "timestamp", "targets"])
def test_a_replaced_key_is_not_trusted(registry: Published, role: str) -> None:
    """After a rotation, what the old key signs is refused."""
    reader = registry.reader()
    registry.publisher.rotate(role, [SoftwareSigner.generate(Algorithm.ED25519)], NOW)
    reader.refresh(NOW)
    RegistryPublisher(registry.public, registry.keys).publish({"agencies.json": b"{}"}, NOW)
    with pytest.raises(UntrustedError) as caught:
        reader.refresh(NOW)

    assert caught.value.reason == "registry-signature"


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"targets": []}, id="no-key"),
        pytest.param({"targets": "root"}, id="one-key-two-roles"),
    ],
)
def test_refuses_to_start_with_wrong_keys(tmp_path: Path, wrong: dict[str, object]) -> None:
    """Every role has keys of its own."""
    signers = keys()
    signers.update({role: signers[other] if isinstance(other, str) else [] for role, other in wrong.items()})
    with pytest.raises(UsageError):
        RegistryPublisher.create(tmp_path, signers, {}, NOW)


def test_a_registry_is_made_once(registry: Published) -> None:
    """An existing registry is never overwritten."""
    with pytest.raises(UsageError):
        RegistryPublisher.create(registry.public, keys(), {}, NOW)


def test_lifetimes_may_be_shorter(tmp_path: Path) -> None:
    """A registry that is renewed every minute may promise no more than that."""
    lifetimes = Lifetimes(timestamp=timedelta(minutes=1))
    publisher = RegistryPublisher.create(tmp_path / "public", keys(), {}, NOW, lifetimes)
    publisher.publish(RegistryWorld().targets(), NOW)
    reader = RegistryReader((tmp_path / "public").as_uri(), tmp_path / "cache", publisher.trusted_root)

    assert reader.refresh(NOW).expires_at == NOW + 60 * SECOND


@pytest.mark.parametrize("source", ["ftp://example.org/registry", "s3://bucket"])
def test_refuses_a_source_it_cannot_read(tmp_path: Path, source: str) -> None:
    """A folder, or a file, http or https address."""
    with pytest.raises(ConfigurationError):
        RegistryReader(source, tmp_path, b"")


def test_reads_over_http(registry: Published) -> None:
    """Any web server of static files will do."""
    with serving(registry.public) as address:
        reader = RegistryReader(address, registry.folder / "cache", registry.publisher.trusted_root)
        view = reader.refresh(NOW)

        assert reader.refresh(NOW) is view
    with pytest.raises(UnavailableError):
        reader.refresh(NOW)
