"""Reads scenarios: from a file, or by name from those that come with the package.

A wrong scenario gives one sentence that names the place: ``steps.3.send.type``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from broker.document_faults import say_faults
from broker.errors import ConfigurationError, UsageError
from broker.sandbox.scenario.faults import faults_of
from broker.sandbox.scenario.model import Scenario

__all__ = ["named_scenario", "parse_scenario", "read_scenario", "scenario_files"]

_MOST_BYTES: Final = 256 * 1024
_MOST_FAULTS: Final = 3


def named_scenario(name: str) -> Scenario:
    """The scenario of that name among those of the package; a path to a file is read as it is.

    Raises:
        UsageError: There is none, or it is wrong.
    """
    files = {file.stem: file for file in scenario_files()}
    if name in files:
        return read_scenario(files[name])
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return read_scenario(Path(name))
    raise UsageError(
        f"there is no scenario {name}",
        why=f"there are {', '.join(files)}",
        remedy="Choose one, or give a file",
    )


def scenario_files() -> list[Path]:
    """The scenarios that come with this installation, by name: in the package, or in the source tree.

    Raises:
        ConfigurationError: It carries none.
    """
    here = Path(__file__).resolve()
    for directory in (here.parents[1] / "scenarios", here.parents[3] / "tests" / "scenarios"):
        if files := sorted(directory.glob("*.yaml")):
            return files
    raise ConfigurationError(
        "this installation lacks the scenarios", remedy="Install schakel again, or run it from a source tree"
    )


def read_scenario(file: Path) -> Scenario:
    """The scenario in *file*.

    Raises:
        UsageError: It cannot be read, or is wrong; says where.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"cannot read {file}", why=error.strerror or "", remedy="Give the path of a scenario"
        ) from error
    return parse_scenario(content, file.name)


def parse_scenario(content: bytes, name: str) -> Scenario:
    """A scenario from YAML.

    Args:
        name: What to call it in an error.

    Raises:
        UsageError: It is not a scenario, or speaks of an agency or label that is not there; says where.
    """
    if len(content) > _MOST_BYTES:
        raise _wrong(name, f"more than {_MOST_BYTES} bytes")
    read: object = None
    try:
        read = yaml.load(content, Loader=_Loader)  # noqa: S506 - a SafeLoader
        scenario = Scenario.model_validate(read)
    except ValidationError as error:
        said = say_faults(error, read, first=1)
        faults = [f"{place}: {sentence}" if place else sentence for place, sentence in said.items()]
        raise _wrong(name, "; ".join(faults[:_MOST_FAULTS])) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f"line {mark.line + 1}: "
        raise _wrong(name, f"{where}{getattr(error, 'problem', None) or 'not YAML'}") from error
    if faults := list(faults_of(scenario)):
        raise _wrong(name, "; ".join(faults[:_MOST_FAULTS]))
    return scenario


def _wrong(name: str, why: str) -> UsageError:
    return UsageError(f"{name} is not a scenario", why=why, remedy="See docs/how-to/scenarios.md")


class _Loader(yaml.SafeLoader):
    """Dates stay text, as message documents have them; a key given twice or an alias is an error."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias is not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        keys = [key.value for key, _ in node.value]
        if len(set(keys)) != len(keys):
            raise yaml.constructor.ConstructorError(None, None, "a key is given twice", node.start_mark)
        return dict(super().construct_mapping(node, deep))


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
