"""Domain 4.4, copied by hand from the reference: what each recipient role must and may get.

Written independently of `schemas/catalogue.yaml`; the sender's case number (REF) and the worker (WK)
are required in every substantive message.
"""

from __future__ import annotations

__all__ = ["FIELDS", "NOT_IN", "PERMISSIONS"]

_REPORTERS = ("SHG", "POL", "ZH", "GGZ", "HA", "INST")

PERMISSIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("E01", "AMK"): ("REF WK CH GU RP CO SA DE", "HH AP RPI PO IN AT"),
    ("E02", "SHG"): ("REF WK CH GU AP RP CO SA", "HH IN RPI"),
    **{("E04", role): ("REF WK DE", "FB") for role in _REPORTERS},
    **{("E05", role): ("REF WK FB", "DE") for role in (*_REPORTERS, "AMK", "BJZ")},
    ("E03", "ANY"): ("RC", ""),
    ("E28", "ANY"): ("NK", ""),
}
"""Required and allowed groups by type and recipient role; ANY stands for every role."""

FIELDS: dict[tuple[str, str], str] = {
    ("E01", "CH"): "surname first_names birth_date sex postcode house_number address phone email",
    ("E02", "CH"): "surname first_names birth_date postcode house_number address",
    ("E02", "CO"): "abuse_nature_codes concern_description",
    ("E05", "DE"): "taken_in_investigation_flag",
    ("E05", "FB"): "steps_taken_codes feedback_date question_contact",
    ("E03", "RC"): "status_code received_at error_code",
    ("E28", "NK"): "reason_code agreement_id rule step offending refused_message_id",
}
"""The exact fields of groups whose list is narrower than the dictionary's, or is ours."""

NOT_IN: tuple[tuple[str, str], ...] = (
    ("E01", "child_bsn"),
    ("E01", "bsn"),
    ("E02", "child_bsn"),
    ("E02", "bsn"),
    ("E02", "suspect_status"),
    ("E04", "result_code"),
    ("E05", "result_code"),
)
"""Fields that must not exist anywhere in the schema of a type."""
