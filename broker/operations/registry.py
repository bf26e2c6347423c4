"""A registry and its signing keys in one directory, for whoever administers one.

```
<directory>/registry/public/   the TUF repository: what anybody may read
<directory>/registry/keys/     one Ed25519 key per role, mode 0600; in production each where it belongs
<directory>/registry/root.json the first root document: what readers start to trust
<directory>/registry/cache/    what this administrator read last
```
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from pathlib import Path

from broker.adapters.keyfiles import read_signer, write_secret
from broker.adapters.tuf_publisher import ROLES, Lifetimes, RegistryPublisher
from broker.adapters.tuf_repository import RegistryReader
from broker.agreements.check import check_against
from broker.agreements.document import parse_agreement
from broker.agreements.signatures import add_to_bundle, read_revocation, read_signature
from broker.crypto import SoftwareSigner
from broker.errors import ConfigurationError, MalformedError, UsageError
from broker.names import Algorithm, KeyId, Micros, Oin
from broker.signing import VerificationCache
from broker.trust.build import (
    ParseCache,
    agreement_path,
    build_view,
    revocation_path,
    schema_targets,
    signatures_path,
)
from broker.trust.documents import write_agencies
from broker.trust.edit import NewAgency, add_agency, require_roles, revoke_key, rotate_keys, succeed
from broker.trust.possession import Possession
from broker.trust.successions import SUCCESSIONS, read_succession, verify_succession
from broker.trust.view import GATE, Agency, Succession, TrustView
from schemas.reading import packaged

__all__ = ["RegistryHome", "open_registry"]


class RegistryHome:
    """Administers the registry of one directory.

    Attributes:
        public: What readers get as their source.
        root: What readers get as their trusted root.
    """

    def __init__(self, directory: Path, lifetimes: Lifetimes | None = None) -> None:
        self._folder = directory / "registry"
        self._lifetimes = lifetimes
        self._opened: RegistryReader | None = None
        self._parsed = ParseCache()
        self.public = self._folder / "public"
        self.root = self._folder / "root.json"

    def init(self, now: Micros, thresholds: Mapping[str, int] | None = None) -> int:
        """Make keys and a registry with the packaged catalogue and no agencies.

        Args:
            thresholds: Signatures needed per role, and as many keys are made; 1 where a role is absent.

        Returns:
            The version of the registry.

        Raises:
            UsageError: There is a registry already.
        """
        if self.public.exists():
            raise UsageError(
                f"there is a registry in {self._folder} already",
                remedy="Publish in it, or choose another directory",
            )
        needed = thresholds or {}
        keys = {role: [self._new_key(role, n) for n in range(1, needed.get(role, 1) + 1)] for role in ROLES}
        publisher = RegistryPublisher.create(self.public, keys, needed, now, self._lifetimes)
        self.root.write_bytes(publisher.trusted_root)
        return publisher.publish({**schema_targets(packaged()), "agencies.json": write_agencies(())}, now)

    def view(self, now: Micros) -> TrustView:
        """The registry as a reader sees it.

        Raises:
            ConfigurationError: There is no registry.
            UntrustedError: It does not verify.
        """
        if self._opened is None:
            self._require()
            cache = self._folder / "cache"
            self._opened = RegistryReader(self.public, cache, self.root.read_bytes())
        return self._opened.refresh(now)

    def publish(self, changes: Mapping[str, bytes | None], now: Micros) -> int:
        """Publish files as they are; without any, renew what expires.

        Raises:
            UsageError: A reader would refuse what there would be then: nothing is signed.
        """
        publisher = self._publisher()
        self._require_readable(publisher, changes, now)
        return publisher.publish(changes, now)

    def publish_agencies(self, agencies: Iterable[Agency], now: Micros) -> int:
        """Publish the whole list of agencies at once."""
        return self.publish({"agencies.json": write_agencies(agencies)}, now)

    def add_agency(self, new: NewAgency, keys: Possession, now: Micros) -> int:
        """Publish one agency more.

        Raises:
            UsageError: Its name, title or a role is not one that readers accept, or it is there already.
        """
        view = self.view(now)
        require_roles(new.roles, {*view.catalogue.roles, GATE})
        return self.publish_agencies(add_agency(view.agencies, new, keys, now).values(), now)

    def rotate_keys(self, keys: Possession, now: Micros) -> int:
        """Publish new keys of an agency."""
        return self.publish_agencies(rotate_keys(self.view(now).agencies, keys, now).values(), now)

    def revoke_key(self, key_id: KeyId, now: Micros) -> int:
        """Publish that a key is revoked."""
        return self.publish_agencies(revoke_key(self.view(now).agencies, key_id, now).values(), now)

    def publish_agreements(self, documents: Iterable[bytes], signatures: Iterable[bytes], now: Micros) -> int:
        """Publish agreements and signatures on them, new or published before.

        Raises:
            UsageError: A version is published already with other bytes, asks for more than the catalogue
                allows, or a signature is about an agreement that is nowhere.
        """
        publisher = self._publisher()
        held = publisher.targets()
        changes: dict[str, bytes | None] = {}
        rules = self.view(now).rules.rules
        for document in documents:
            agreement = parse_agreement(document)
            path = agreement_path(agreement.id, agreement.version)
            if held.get(path, document) != document:
                raise UsageError(
                    f"{path} is published already", remedy="Give a changed agreement a new version"
                )
            if findings := check_against(agreement, rules):
                raise UsageError(findings[0].text, remedy="Narrow the agreement to what the catalogue allows")
            changes[path] = document
        for signature in signatures:
            statement = read_signature(signature).statement
            path = signatures_path(statement.agreement, statement.version)
            if agreement_path(statement.agreement, statement.version) not in {**held, **changes}:
                raise UsageError(
                    "a signature on an agreement that is not published",
                    why=statement.agreement,
                    remedy="Publish the agreement first, or together with its signatures",
                )
            changes[path] = add_to_bundle(changes.get(path) or held.get(path), signature)
        self._require_readable(publisher, changes, now)
        return publisher.publish(changes, now)

    def publish_revocation(self, document: bytes, now: Micros) -> int:
        """Publish a party's revocation with the online keys alone.

        Raises:
            UsageError: It would not count.
        """
        statement = read_revocation(document).statement
        path = revocation_path(statement.agreement, statement.version, statement.oin)
        publisher = self._publisher()
        self._require_readable(publisher, {path: document}, now)
        return publisher.publish_revocations({path: document}, now)

    def publish_successions(
        self, successions: Collection[Succession], statements: Iterable[bytes], now: Micros
    ) -> int:
        """Publish that an agency ends, and who carries on for it: several after a split.

        Args:
            successions: One for each agency that carries on, of one old agency.
            statements: For each, that of the old and that of the new agency, about exactly that.

        Raises:
            UsageError: An agency is not registered or has not signed, or it cannot be so.
            UntrustedError: A signature does not verify with a key that counts now.
        """
        view, publisher, verified = self.view(now), self._publisher(), VerificationCache(16)
        bundle, signed = publisher.targets().get(SUCCESSIONS), set()
        for statement in statements:
            one = read_succession(statement)
            found = verify_succession(one, view, verified)
            if found in successions:
                signed.add((found, one.statement.oin))
                bundle = add_to_bundle(bundle, statement)
        _require_both(successions, signed)
        agencies = view.agencies
        for each in successions:
            # What the old agency signed before this was known stays signed.
            agencies = succeed(agencies, each.old, {each.new}, Micros(max(each.since, now)))
        changes = {SUCCESSIONS: bundle, "agencies.json": write_agencies(agencies.values())}
        return self.publish(changes, now)

    def renew(self, now: Micros) -> int:
        """Sign again what the online roles sign, before it expires."""
        return self._publisher().renew(now)

    def _require_readable(
        self, publisher: RegistryPublisher, changes: Mapping[str, bytes | None], now: Micros
    ) -> None:
        """Read what there would be as every reader will: a signed mistake stops them all."""
        if not changes:
            return
        held = publisher.targets()
        after = {path: body for path, body in {**held, **changes}.items() if body is not None}
        try:
            problems = build_view(after, 0, now, self._parsed).problems
        except MalformedError as error:
            raise UsageError(
                "nobody could read the registry with this change, so it is not published",
                why=error.what,
                remedy="Correct what is to be published",
            ) from error
        ours = [problem for problem in problems if problem.partition(": ")[0] in changes]
        if fresh := sorted(set(ours).difference(self._problems(held, now))) if ours else []:
            raise UsageError(
                "a file would not count, so it is not published",
                why=fresh[0],
                remedy="Correct the file, or have it signed with the keys that the registry lists",
            )

    def _problems(self, targets: Mapping[str, bytes], now: Micros) -> tuple[str, ...]:
        try:
            return build_view(targets, 0, now, self._parsed).problems
        except MalformedError:
            return ()

    def _publisher(self) -> RegistryPublisher:
        self._require()
        keys = {
            role: [read_signer(path) for path in sorted(self._keys().glob(f"{role}-*.pem"))] for role in ROLES
        }
        return RegistryPublisher(self.public, keys, self._lifetimes)

    def _require(self) -> None:
        if not self.root.exists():
            raise ConfigurationError(
                f"there is no registry in {self._folder}", remedy="Make one with `schakel registry init`"
            )

    def _keys(self) -> Path:
        return self._folder / "keys"

    def _new_key(self, role: str, number: int) -> SoftwareSigner:
        signer = SoftwareSigner.generate(Algorithm.ED25519)
        write_secret(self._keys() / f"{role}-{number}.pem", signer.to_pem())
        return signer


def open_registry(source: str, cache: Path, root: Path) -> RegistryReader:
    """A reader of a registry that lies or is served elsewhere."""
    return RegistryReader(source, cache, root.read_bytes())


def _require_both(successions: Iterable[Succession], signed: Container[tuple[Succession, Oin]]) -> None:
    wanted = [(each, oin) for each in successions for oin in (each.old, each.new)]
    if absent := [
        f"of {each.old} by {each.new} by {oin}" for each, oin in wanted if (each, oin) not in signed
    ]:
        raise UsageError(
            "a succession is signed by both agencies",
            why=f"not signed: that {', that '.join(absent)}",
            remedy="Let each sign exactly this with `schakel registry sign-succession`",
        )
