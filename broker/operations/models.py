"""The packaged model agreements, by name."""

from __future__ import annotations

from importlib.resources import files

from broker.agreements.template import has_grant
from broker.errors import UsageError
from broker.names import MessageCode, Role

__all__ = ["model", "models_granting"]


def model(name: str) -> bytes:
    """The text of a model, with its places.

    Raises:
        UsageError: There is no such model.
    """
    models = _all()
    if name not in models:
        raise UsageError(
            f"there is no model {name}",
            remedy=f"Choose one of {', '.join(sorted(models))}, or give a file",
        )
    return models[name]


def models_granting(code: MessageCode, sender: Role, recipient: Role) -> list[str]:
    """Names of the models that let this type go from a party in one role to a party in the other."""
    return sorted(name for name, text in _all().items() if has_grant(text, code, sender, recipient))


def _all() -> dict[str, bytes]:
    folder = files("schemas") / "agreements"
    return {
        item.name.removesuffix(".yaml"): item.read_bytes()
        for item in folder.iterdir()
        if item.name.endswith(".yaml")
    }
