"""What the programs of the sending roles know of the law besides the catalogue: `rules.yaml`, read."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, ValidationError

from broker.catalogue.yaml_reading import read_yaml
from broker.errors import ConfigurationError
from broker.names import Regime

__all__ = ["CareReport", "LawRules", "Route", "Trigger", "law_rules", "parse_rules"]

_FILE = "rules.yaml"


class _Stated(BaseModel):
    """Something that stands in the file, with its source (sources.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str


class Route(_Stated):
    """Whom the law names in one sector, and by which provision (sources.md 4.5).

    Attributes:
        type: Code of the message.
        to: Role of the addressee.
    """

    sector: str
    regimes: tuple[Regime, ...]
    type: str
    to: str
    legal_basis: str


class Trigger(_Stated):
    """A reason of a visit after which a report is made, and the condition that goes with it."""

    reason: str
    condition: str


class CareReport(_Stated):
    """In how many hours after the incident a care report is due."""

    hours: int


class LawRules(BaseModel):
    """All of `rules.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    routes: tuple[Route, ...]
    triggers: tuple[Trigger, ...]
    care_report: CareReport


@cache
def law_rules() -> LawRules:
    """The rules that came with this installation.

    Raises:
        ConfigurationError: As `parse_rules`.
    """
    return parse_rules(files("producers").joinpath(_FILE).read_bytes())


def parse_rules(content: bytes) -> LawRules:
    """The rules in a file.

    Raises:
        ConfigurationError: It is not of this form; names the path of every fault.
    """
    try:
        return LawRules.model_validate(read_yaml(content, _FILE))
    except ValidationError as error:
        faults = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()]
        raise ConfigurationError(
            f"{_FILE} has not the form of the rules",
            why="; ".join(faults[:20]),
            remedy="Correct what is named, or install again",
        ) from error
