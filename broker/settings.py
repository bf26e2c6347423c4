"""What a profile file may set, and nothing else; one frozen object is read at the start of a process.

1. A name that is not known here is refused: a misspelt security setting must not be silent.
2. A relative path counts from the folder of the file, never from where the process was started.
3. Secrets are named by path and never by value; a database URL with a password in it is refused.
4. Every error names the file, the field and what to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from broker.adapters.profiles import read_toml
from broker.document_faults import say_faults
from broker.errors import ConfigurationError, MalformedError
from broker.names import Oin, Role

__all__ = [
    "AgencyProfile",
    "GateProfile",
    "KafkaSettings",
    "LedgerProfile",
    "Profile",
    "RegistrySettings",
    "ViewerProfile",
    "WitnessProfile",
    "WitnessesSettings",
    "is_viewer_profile",
    "load_profile",
]

_SQLITE: Final = "sqlite:///"


def _oin(text: object) -> Oin:
    try:
        return Oin.parse(text)
    except MalformedError as error:
        raise ValueError(error.what) from error


def _role(text: object) -> Role:
    try:
        return Role.parse(text)
    except MalformedError as error:
        raise ValueError(error.what) from error


def _from_folder(path: Path, info: ValidationInfo) -> Path:
    if "\0" in str(path):
        raise ValueError("a path holds a zero byte")
    try:
        return _folder(info) / path.expanduser()
    except RuntimeError as error:
        raise ValueError("there is no such user, whose folder ~ means") from error


def _folder(info: ValidationInfo) -> Path:
    context: dict[str, Path] = info.context or {}
    return context.get("folder", Path())


def _source(text: str, info: ValidationInfo) -> str:
    """A registry is served over HTTPS, or lies in a folder."""
    if text.startswith("https://"):
        return text
    if "://" in text:
        raise ValueError("a registry is a folder or an https:// address")
    return str(_from_folder(Path(text), info))


def _database(url: str, info: ValidationInfo) -> str:
    """A SQLite file counts from the profile's folder; a password stays out of the URL."""
    if url.startswith(_SQLITE):
        return _SQLITE + str(_from_folder(Path(url.removeprefix(_SQLITE)), info))
    if not url.startswith(("postgresql://", "postgresql+psycopg://")):
        raise ValueError("use sqlite:///FILE or postgresql://USER@HOST/NAME")
    parts = urlsplit(url)
    if parts.password is not None or {"password", "sslpassword"} & parse_qs(parts.query).keys():
        raise ValueError("the URL holds a password: put that in a file and name it with ?passfile=FILE")
    return url


_OinField = Annotated[Oin, BeforeValidator(_oin)]
_RoleField = Annotated[Role, BeforeValidator(_role)]
_PathField = Annotated[Path, AfterValidator(_from_folder)]
_SourceField = Annotated[str, AfterValidator(_source)]
_DatabaseField = Annotated[str, AfterValidator(_database)]
_NameField = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
_ServerField = Annotated[str, Field(pattern=r"^[^\s,/]+:[0-9]{1,5}$")]


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class KafkaSettings(_Section):
    """How to reach Kafka: always over mutual TLS.

    Attributes:
        bootstrap: Servers to start from, ``host:port``, in order of preference.
        ca: PEM file with the authority that vouches for the servers.
        certificate: PEM file with this party's private key, certificate and chain.
    """

    bootstrap: Annotated[tuple[_ServerField, ...], Field(min_length=1)]
    ca: _PathField
    certificate: _PathField


class RegistrySettings(_Section):
    """Where the signed registry comes from, and why it is believed.

    Attributes:
        source: A folder or an ``https://`` address with the TUF repository.
        root: The root metadata this party started to trust, obtained out of band.
        cache: Folder for what was read last.
    """

    source: _SourceField
    root: _PathField
    cache: _PathField


class Profile(_Section):
    """What every process needs to know.

    Attributes:
        name: Short name of the party, for logs and group names.
        oin: The party's OIN.
        development: Accept test keys and weaker Kafka settings; never in production.
        clock: File with the offset of a sandbox's time; only where *development* is true.
    """

    name: _NameField
    oin: _OinField
    kafka: KafkaSettings
    registry: RegistrySettings
    development: bool = False
    clock: _PathField | None = None

    @field_validator("clock")
    @classmethod
    def _only_in_a_sandbox(cls, clock: Path | None, info: ValidationInfo) -> Path | None:
        """Whoever can write that file moves the time: decisions and terms would be anybody's."""
        if clock is not None and info.data.get("development") is not True:
            raise ValueError("only a sandbox has a clock of its own: it needs development = true")
        return clock


class AgencyProfile(Profile):
    """One agency: schakel.toml.

    Attributes:
        roles: The capacities in which the agency acts.
        system: Name of the system that sends, part of the source of each message.
        keys: Folder with the agency's private keys.
        inbox: SQLite file that remembers what was handed over.
        instance: Name of this subscriber alone among those that share the work: after a crash it takes its
            place again at once, instead of when Kafka misses it.
    """

    roles: Annotated[tuple[_RoleField, ...], Field(min_length=1)]
    system: _NameField
    keys: _PathField
    inbox: _PathField
    instance: _NameField | None = None


class GateProfile(Profile):
    """The gate: gate.toml.

    Attributes:
        keys: Folder with the gate's signing keys.
        instance: Name of this gate alone among those that share the work, as for an agency.
    """

    keys: _PathField
    instance: _NameField | None = None


class WitnessesSettings(_Section):
    """Who cosigns the checkpoints of a ledger.

    Attributes:
        policy: File in the form of C2SP tlog-policy: witnesses with keys and addresses, and the quorum.
        every_seconds: From one round of the witnesses to the next.
    """

    policy: _PathField
    every_seconds: Annotated[float, Field(ge=0.1, le=600)] = 5.0


class LedgerProfile(Profile):
    """The ledger writer: ledger.toml.

    Attributes:
        database: ``sqlite:///FILE`` or ``postgresql://USER@HOST/NAME``, without a password.
        tlog: Folder of the tiles and checkpoints.
        origin: Name of the log, first line of each checkpoint.
        key: File with the Ed25519 key that signs checkpoints.
        key_mldsa: File with an ML-DSA-44 key that signs them as well.
        witnesses: Who cosigns them; without, nobody is asked.
        access_tlog: Folder of the published log of who looked; beside *tlog* by default.
    """

    database: _DatabaseField
    tlog: _PathField
    origin: Annotated[str, Field(pattern=r"^[^\s+]{1,200}$")]
    key: _PathField
    key_mldsa: _PathField | None = None
    witnesses: WitnessesSettings | None = None
    access_tlog: _PathField | None = None

    @property
    def access_folder(self) -> Path:
        """Where the access log is published."""
        return self.access_tlog or self.tlog.with_name(f"{self.tlog.name}-access")


class ViewerProfile(_Section):
    """Who looks into an audit trail, and where it is: inspector.toml.

    Attributes:
        name: Short name of the agency.
        oin: The agency whose person looks.
        role: In which capacity (docs/spec/audit.md 12).
        on_behalf: The agency that answers for it; that one itself by default.
        certificate: PEM file with the person's client certificate; without, the account is the identity.
        ledger: The ledger's profile.
    """

    name: _NameField
    oin: _OinField
    role: Literal["inspector", "chief-inspector", "auditor", "operator", "agency"]
    on_behalf: _OinField | None = None
    certificate: _PathField | None = None
    ledger: _PathField


class WitnessProfile(_Section):
    """A witness of other parties' logs: witness.toml.

    Attributes:
        name: Of the witness, in its signature lines and verifier keys.
        listen: Address that it answers on, ``host:port``.
        keys: Files with its Ed25519 or ML-DSA-44 keys: each adds a line to what it cosigns.
        store: SQLite file with what it cosigned.
        logs: Verifier keys of the logs that it watches; a log with two keys is there twice.
        development: Time may be moved; never in production.
        clock: File with the offset of a sandbox's time; only where *development* is true.
    """

    name: Annotated[str, Field(pattern=r"^[^\s+]{1,200}$")]
    listen: _ServerField
    keys: Annotated[tuple[_PathField, ...], Field(min_length=1, max_length=4)]
    store: _PathField
    logs: Annotated[tuple[str, ...], Field(min_length=1, max_length=64)]
    development: bool = False
    clock: _PathField | None = None

    @model_validator(mode="after")
    def _only_in_a_sandbox(self) -> WitnessProfile:
        if self.clock is not None and not self.development:
            raise ValueError("only a sandbox has a clock of its own: it needs development = true")
        return self


def is_viewer_profile(path: Path) -> bool:
    """Whether the profile in *path* says who looks, instead of what a process needs.

    Raises:
        ConfigurationError: The file cannot be read.
    """
    return "ledger" in read_toml(path)


_Kind = TypeVar("_Kind", bound=_Section)


def load_profile(path: Path, kind: type[_Kind]) -> _Kind:
    """Read the profile in *path*.

    Args:
        path: A TOML file.
        kind: What the file must be: `AgencyProfile`, `GateProfile`, `LedgerProfile` or `WitnessProfile`.

    Raises:
        ConfigurationError: The file cannot be read, or a field is unknown, missing or unusable.
    """
    document = read_toml(path)
    try:
        return kind.model_validate(document, context={"folder": path.absolute().parent})
    except ValidationError as error:
        faults = say_faults(error, document)
        raise ConfigurationError(
            f"{path} is not a usable {kind.__name__}",
            why="; ".join(f"{place or 'the document'}: {said}" for place, said in faults.items()),
            remedy="Correct the fields named here",
        ) from None
