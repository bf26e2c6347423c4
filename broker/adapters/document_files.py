"""Documents as files of an agency: whole or not there at all, durable, and readable by their owner only."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["keep_document", "make_folders", "move_document", "write_document"]


def make_folders(folder: Path, *names: str) -> None:
    """Have *folder* and the folders *names* in it, closed to others."""
    for place in (folder, *(folder / name for name in names)):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_document(path: Path, document: Mapping[str, object]) -> None:
    """Write *document* at *path*; what stood there is replaced."""
    _beside(path, document).replace(path)
    _settle(path.parent)


def keep_document(path: Path, document: Mapping[str, object]) -> bool:
    """Write *document* at *path* unless something is there.

    Returns:
        Whether *document* is what stands there now; False when it is something else.
    """
    beside = _beside(path, document)
    try:
        os.link(beside, path)
    except FileExistsError:
        return path.read_bytes() == beside.read_bytes()
    finally:
        beside.unlink()
    _settle(path.parent)
    return True


def move_document(path: Path, folder: Path) -> Path:
    """Move the file at *path* into *folder*; where its name is taken, it gets a number behind its own.

    Returns:
        Where it is now.
    """
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}.{number}{path.suffix}"
    path.rename(target)
    _settle(folder)
    return target


def _beside(path: Path, document: Mapping[str, object]) -> Path:
    """A file with *document* that no reader of ``*.json`` sees, durable before it gets its name."""
    beside = path.with_name(f"{path.name}.part")
    text = json.dumps(document, ensure_ascii=False, indent=2)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
        f.write(f"{text}\n")
        f.flush()
        os.fsync(f.fileno())
    return beside


def _settle(folder: Path) -> None:
    """What was named in *folder* keeps its name when the power fails."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
