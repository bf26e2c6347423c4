"""Reading a profile file: TOML on disk, and nothing said about what it means (see `broker.settings`)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from broker.errors import ConfigurationError

__all__ = ["read_toml"]

_LARGEST = 1 << 20


def read_toml(path: Path) -> dict[str, Any]:
    """The document in *path*.

    Raises:
        ConfigurationError: The file is not there, cannot be read, is larger than 1 MiB, or is not TOML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the profile {path}",
            why=error.strerror or "",
            remedy="Check the path and its rights",
        ) from None
    if len(content) > _LARGEST:
        raise ConfigurationError(f"{path} is larger than 1 MiB", remedy="Name a profile file")
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(
            f"{path} is not a TOML document", why=str(error), remedy="Correct the file"
        ) from None
