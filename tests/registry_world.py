"""What tests of the registry share: two invented agencies with keys, and one co-signed agreement."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from broker.agreements.document import parse_agreement
from broker.agreements.model import Agreement
from broker.agreements.signatures import RevocationReason, add_to_bundle, revoke_agreement, sign_agreement
from broker.agreements.template import fill_in
from broker.crypto import SoftwareSigner, SoftwareUnwrapper
from broker.names import Algorithm, Micros, Oin, Role
from broker.trust.build import agreement_path, revocation_path, schema_targets, signatures_path
from broker.trust.documents import write_agencies
from broker.trust.view import Agency, SealingKeyEntry, SigningKeyEntry
from schemas.reading import packaged

__all__ = ["NOW", "YEAR", "Member", "RegistryWorld", "agreement_document", "member", "schemas"]

NOW = Micros(1_790_000_000_000_000)
YEAR = 365 * 86_400_000_000
_MODEL = Path(__file__).parents[1] / "schemas" / "agreements" / "amk-shg-statutory.yaml"


@cache
def schemas() -> dict[str, bytes]:
    """Catalogue and schemas of this release, by registry path."""
    return schema_targets(packaged())


@dataclass(frozen=True, slots=True)
class Member:
    """An agency with its private keys."""

    agency: Agency
    signer: SoftwareSigner
    unwrapper: SoftwareUnwrapper

    @property
    def oin(self) -> Oin:
        """The agency's number."""
        return self.agency.oin


def member(number: int, name: str, role: str) -> Member:
    """An invented agency with fresh keys, valid for a year before and after `NOW`."""
    signer, unwrapper = SoftwareSigner.generate(Algorithm.ES256), SoftwareUnwrapper.generate()
    start, end = Micros(NOW - YEAR), Micros(NOW + YEAR)
    agency = Agency(
        oin=Oin.parse(f"00000099{number:09d}000"),
        short_name=name,
        title=f"Agency {name}",
        roles=frozenset({Role(role)}),
        active_from=start,
        active_until=None,
        required_algorithms=frozenset({Algorithm.ES256}),
        signing_keys=(SigningKeyEntry(signer.verifying_key, start, end, None),),
        sealing_keys=(SealingKeyEntry(unwrapper.sealing_key, start, end, None),),
    )
    return Member(agency, signer, unwrapper)


def agreement_document(shg: Oin, amk: Oin, id_: str = "amk-shg", version: int = 1) -> bytes:
    """The model agreement between these two, in force around `NOW`."""
    values = {
        "id": id_,
        "version": str(version),
        "oin:SHG": shg,
        "oin:AMK": amk,
        "from": "2026-01-01",
        "until": "2028-01-01",
        "contact": "functionaris@voorbeeld.example",
    }
    return fill_in(_MODEL.read_bytes(), values)


@dataclass(slots=True)
class RegistryWorld:
    """The files of a registry, before anything is published."""

    shg: Member = field(default_factory=lambda: member(1, "shg-noord", "SHG"))
    amk: Member = field(default_factory=lambda: member(2, "amk-noord", "AMK"))

    @property
    def document(self) -> bytes:
        """The agreement between the two."""
        return agreement_document(self.shg.oin, self.amk.oin)

    @property
    def agreement(self) -> Agreement:
        """The agreement between the two, unsigned."""
        return parse_agreement(self.document)

    def targets(self, *agencies: Agency) -> dict[str, bytes]:
        """All files; *agencies* stand for the ones they share an OIN with."""
        listed = {m.oin: m.agency for m in (self.shg, self.amk)} | {a.oin: a for a in agencies}
        return {**schemas(), "agencies.json": write_agencies(listed.values()), **self.agreement_files()}

    def agreement_files(self, *signers: Member) -> dict[str, bytes]:
        """The agreement, signed by both parties or by *signers*."""
        agreement, bundle = self.agreement, None
        for party in signers or (self.shg, self.amk):
            bundle = add_to_bundle(bundle, sign_agreement(agreement, party.oin, [party.signer], NOW))
        files = {agreement_path(agreement.id, 1): self.document}
        return files if bundle is None else {**files, signatures_path(agreement.id, 1): bundle}

    def revocation(self, party: Member, at: Micros = NOW) -> dict[str, bytes]:
        """A revocation by *party*."""
        agreement = self.agreement
        signed = revoke_agreement(agreement, party.oin, [party.signer], at, RevocationReason.BREACH)
        return {revocation_path(agreement.id, 1, party.oin): signed}

    def without_key(self, who: Member, revoked_at: Micros) -> Agency:
        """The agency of *who* with its signing key revoked."""
        keys = tuple(replace(entry, revoked_at=revoked_at) for entry in who.agency.signing_keys)
        return replace(who.agency, signing_keys=keys)
