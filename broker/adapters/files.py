"""The schemas that came with this installation."""

from __future__ import annotations

from schemas.reading import packaged

__all__ = ["packaged_schemas"]


def packaged_schemas() -> dict[str, bytes]:
    """Content by path within `schemas/`: what `broker.catalogue.load.load_catalogue` reads."""
    return packaged()
