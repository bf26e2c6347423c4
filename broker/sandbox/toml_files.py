"""Profiles of a sandbox, written as TOML."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["TomlValue", "write_toml"]

TomlValue = str | bool | Sequence[str] | Mapping[str, "TomlValue"]


def write_toml(path: Path, profile: Mapping[str, TomlValue]) -> None:
    """Write *profile* as TOML, in one step: values first, then the sections."""
    values = [f"{name} = {_toml(value)}" for name, value in profile.items() if not isinstance(value, Mapping)]
    for section, content in profile.items():
        if isinstance(content, Mapping):
            values += ["", f"[{section}]", *(f"{name} = {_toml(value)}" for name, value in content.items())]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    draft.write_text("\n".join(values) + "\n", encoding="utf-8")
    draft.replace(path)


def _toml(value: TomlValue) -> str:
    # A JSON string, boolean and array of strings is one in TOML as well.
    return json.dumps(value if isinstance(value, str | bool) else list(value), ensure_ascii=False)
