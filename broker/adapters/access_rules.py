"""Who may ask what of the audit trail, as this installation has it."""

from __future__ import annotations

from broker.trust.access_rules import AccessRules, parse_access_rules
from schemas.reading import access_rules

__all__ = ["installed_rules"]


def installed_rules() -> AccessRules:
    """The rules of `schemas/access.yaml`.

    Raises:
        ConfigurationError: They are not usable.
    """
    return parse_access_rules(access_rules())
