"""Reading the catalogue and the schemas, from this installation or from a folder."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

__all__ = ["access_rules", "packaged", "read"]

_FILES = ("CATALOGUE", "catalogue.yaml")
_FOLDERS = ("groups", "messages")


def access_rules() -> bytes:
    """Who may ask what of the audit trail, as this installation has it."""
    return files("schemas").joinpath("access.yaml").read_bytes()


def packaged() -> dict[str, bytes]:
    """The schemas that came with this installation: content by path within this folder."""
    return read(files("schemas"))


def read(root: Traversable) -> dict[str, bytes]:
    """The catalogue and the schemas in the folder *root*: content by path within it.

    Raises:
        OSError: It cannot be read.
    """
    found = {name: root.joinpath(name).read_bytes() for name in _FILES if root.joinpath(name).is_file()}
    for folder in _FOLDERS:
        found |= _below(root.joinpath(folder), folder)
    return found


def _below(folder: Traversable, path: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for item in folder.iterdir() if folder.is_dir() else ():
        here = f"{path}/{item.name}"
        if item.is_dir():
            found |= _below(item, here)
        elif item.name.endswith(".avsc"):
            found[here] = item.read_bytes()
    return found
