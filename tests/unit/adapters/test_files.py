"""The installed schemas."""

from __future__ import annotations

from broker.adapters.files import packaged_schemas
from broker.catalogue.load import load_catalogue


def test_the_installed_schemas_are_a_catalogue() -> None:
    """They load, so nothing was left out of the package."""
    assert load_catalogue(packaged_schemas()).version == 1
