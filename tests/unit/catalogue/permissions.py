"""Domain 4.4 read a second time: what each recipient role must and may get, and who may send it.

Written from the reference (sources.md 4, domain 2 and 4.2 to 4.5) without `schemas/catalogue.yaml` at
hand, so that two readings of the law meet.  `test_permissions` compares them, and `test_matrix` plays
every line of this one.

1. The sender's own case number (REF) and the worker (WK) are required in every message between
   agencies.  What only accompanies a message (receipt, refusal, reminder, justification, waiver) and a
   table of counts have neither: there is no content in them.
2. "CH or UB" is two allowed groups of which one must be there: `ALTERNATIVES`.
3. What the reference allows only *unless* or *if* is allowed here; the agreement narrows it.
4. Where 4.4 names fields, `FIELDS` has them; a group that it does not name is free.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["ALTERNATIVES", "ANY", "BY_ROLE", "FIELDS", "NEVER_FIELDS", "OTHERWISE", "PERMISSIONS", "SENDERS"]

ANY = "ANY"
"""Every role: the type follows whatever another message went between."""

_REPORTERS = "SHG POL ZH GGZ HA INST"
_ASKERS = "AMK BJZ RvdK"

_ROWS: tuple[tuple[str, str, str, str], ...] = (
    # Reports and forwards
    ("E01", "AMK", "REF WK CH GU RP CO SA DE", "HH AP RPI PO IN AT"),
    ("E02", "SHG", "REF WK CH GU AP RP CO SA", "HH IN RPI"),
    ("E03", ANY, "RC", ""),
    ("E04", _REPORTERS, "REF WK DE", "FB"),
    ("E05", f"{_REPORTERS} {_ASKERS} BURG", "REF WK FB", "DE"),
    # Information from mental health care and general practitioners (E23 puts HA in the place of GGZ)
    ("E06", "GGZ HA", "REF WK QU BA IN", "CH GU"),
    ("E07", _ASKERS, "REF WK BA", "AN MP MC AT"),
    ("E08", "GGZ HA", "REF WK FB DE", "OU"),
    # Protection
    ("E09", "RvdK", "REF WK GU IN AT", "CH UB CO HI RPI"),
    ("E10", "RvdK BJZ", "REF WK SA CO RP", "CH UB GU HH RPI"),
    ("E11", "BJZ AMK CGM", "REF WK DE", "CH UB"),
    ("E12", "BJZ AMK CGM", "REF WK DE ME", "CH UB"),
    ("E13", "KR", "REF WK CH ME", ""),
    ("E14", "RvdK BJZ CGM", "WK ME", "REF CH"),
    ("E15", "RvdK", "REF WK EV", ""),
    # Police and prosecution
    ("E16", "AMK", "REF WK CH GU RP CO SA PO", "AP HH DG"),
    ("E17", "POL OM", "REF WK CH AP CO SA", "MC DG HI RPI"),
    ("E17R", "AMK", "REF WK PO", "IN"),
    # Restraining order
    ("E18A", "BJZ AMK", "REF WK CH AP SA CO", "HV"),
    ("E18B", "SHG BJZ AMK", "REF WK HV", "CH HH SA"),
    ("E18C", "SHG BJZ AMK", "REF WK HV", "SA"),
    ("E18D", "POL BJZ", "REF WK AT ME", ""),
    # New sibling, history of a parent
    ("E19", "RvdK BJZ", "REF WK", "CH UB ME HI IN"),
    ("E20Q", _ASKERS, "REF WK PQ", ""),
    ("E20R", _ASKERS, "REF WK HI", ""),
    # Supervision
    ("E21I", "IJZ IGZ IvhO", "REF WK AC", "SA"),
    ("E21A", "AMK", "REF WK AC CH CO", "SA"),
    # Hospital
    ("E22", "AMK", "REF WK GU CH MP RP IN", "HH SA"),
    # Joint plan: each partner its own section
    ("E24", "GGZ ZH HA", "REF WK PL", "PLC"),
    ("E24", "AMK BJZ", "REF WK PL", "PLC PLK"),
    ("E24", "POL OM REC", "REF WK PL", "PLK"),
    ("E24", "RvdK", "REF WK PL", ""),
    # Interpretation of an injury
    ("E25Q", "FME", "REF WK LQ AT", "MC"),
    ("E25R", "AMK POL ZH RvdK", "REF WK LO", "AT"),
    # Informing the person concerned, figures
    ("E26", "AMK SHG BJZ RvdK", "REF WK IN", ""),
    ("E27", ANY, "ST", ""),
    # What the exchange needs
    ("E28", ANY, "NK", ""),
    ("E29", ANY, "REF WK KO", ""),
    ("E30", ANY, "JU", ""),
    ("E31", ANY, "OV", ""),
    ("E32", ANY, "WV", ""),
)
"""Type, recipient roles, required groups, allowed groups."""


def _permissions() -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    for code, roles, required, may in _ROWS:
        for role in roles.split():
            yield (code, role), (required, may)


PERMISSIONS: dict[tuple[str, str], tuple[str, str]] = dict(_permissions())
"""Required and allowed groups by type and recipient role."""

SENDERS: dict[str, str] = {
    "E01": "SHG",
    "E02": "AMK",
    "E03": ANY,
    "E04": "AMK",
    "E05": f"AMK SHG IJZ IGZ IvhO {_REPORTERS} BJZ RvdK OM REC",
    "E06": _ASKERS,
    "E07": "GGZ HA",
    "E08": _ASKERS,
    "E09": "BJZ AMK",
    # BJZ and AMK send E09 instead, acute: they are not the third party of this exchange (L16).
    "E10": f"RvdK {_REPORTERS}",
    "E11": "RvdK",
    "E12": "RvdK",
    "E13": "RvdK",
    "E14": "KR RvdK",
    "E15": "BJZ",
    "E16": "POL",
    "E17": "AMK",
    "E17R": "POL OM",
    "E18A": "BURG",
    "E18B": "BURG",
    "E18C": "BURG",
    "E18D": "KR",
    "E19": "BJZ RvdK",
    "E20Q": _ASKERS,
    "E20R": _ASKERS,
    "E21I": "INST",
    "E21A": "INST",
    "E22": "ZH",
    "E24": "AMK BJZ RvdK",
    "E25Q": "AMK POL ZH RvdK",
    "E25R": "FME",
    "E26": "AMK SHG BJZ RvdK",
    "E27": _ASKERS,
    "E28": ANY,
    "E29": ANY,
    "E30": ANY,
    "E31": "GATE",
    "E32": ANY,
}
"""Who may send each type (domain 4.3)."""

ALTERNATIVES: dict[str, str] = {
    "E06": "CH GU",
    "E07": "AN",
    "E09": "CH UB",
    "E10": "CH UB",
    "E11": "CH UB",
    "E12": "CH UB",
    "E19": "CH UB",
}
"""Groups of which at least one must be there; `OTHERWISE` says when none need be."""

OTHERWISE: dict[str, tuple[str, dict[str, dict[str, object]], dict[str, str]]] = {
    "E07": (
        "refusal",
        {
            "BA": {
                "disclosure_basis_code": "REFUSED",
                "refusal_flag": True,
                "refusal_reason_code": "geen_toestemming",
                "consent_ref": None,
            }
        },
        {"answer_kind": "refusal"},
    ),
}
"""What a document says that needs none of them: its name, fields by group, assertions ("AN or refusal")."""

BY_ROLE: dict[tuple[str, str], tuple[dict[str, dict[str, object]], dict[str, str]]] = {
    # BJZ executes; the others are told.
    ("E14", "RvdK"): ({}, {"execution_due": "false"}),
    ("E14", "CGM"): ({}, {"execution_due": "false"}),
    # Help is the task of the SHG; AMK and BJZ are told for the children.
    ("E18B", "BJZ"): ({}, {"help_body": "false"}),
    ("E18B", "AMK"): ({}, {"help_body": "false"}),
    # The question goes to the Raad, the reply to BJZ.
    ("E19", "BJZ"): ({}, {"sibling_check": "answered"}),
    # Each inspectorate has its sector, and what its law names (domain 4.5).
    ("E21I", "IGZ"): ({"AC": {"sector_code": "zorg", "suspected_act_code": "seksueel_misbruik"}}, {}),
    ("E21I", "IvhO"): ({"AC": {"sector_code": "onderwijs", "suspected_act_code": "seksueel_misbruik"}}, {}),
}
"""What a document says where that depends on who receives it: fields by group, assertions."""

FIELDS: dict[tuple[str, str], tuple[str, str]] = {
    ("E01", "CH"): ("surname first_names birth_date postcode house_number", "sex address phone email"),
    ("E01", "SA"): ("acute_flag", "immediate_measures staff_risk_flag weapon_flag"),
    ("E01", "DE"): ("status status_start_date", ""),
    ("E02", "CH"): ("surname first_names birth_date postcode house_number", "address"),
    ("E02", "CO"): ("abuse_nature_codes", "concern_description"),
    ("E03", "RC"): ("status_code received_at", "error_code"),
    ("E05", "DE"): ("", "taken_in_investigation_flag"),
    ("E05", "FB"): ("steps_taken_codes feedback_date", "question_contact"),
    ("E06", "BA"): ("patient_informed_flag", ""),
    ("E06", "QU"): (
        "question_text concern_nature_for_weighing severity_code",
        "question_codes reply_wanted_by",
    ),
    ("E08", "DE"): ("status", ""),
    ("E08", "OU"): ("", "follow_up_code"),
    ("E09", "IN"): (
        "parents_informed_flag",
        "child_informed_flag not_informed_reason_code inform_due_date extension_no",
    ),
    ("E11", "DE"): ("taken_in_investigation_flag status status_start_date", ""),
    ("E12", "ME"): ("", "petition_type"),
    ("E13", "ME"): ("petition_type", ""),
    ("E14", "ME"): (
        "ruling_date measure_imposed_flag",
        "measure_type placement_flag court_id period_from period_to executing_institution",
    ),
    ("E15", "EV"): ("event_code event_date", ""),
    ("E16", "PO"): ("incident_number incident_datetime", "offence_codes antecedents_summary"),
    ("E17R", "PO"): ("investigation_status", ""),
    ("E18D", "ME"): ("ruling_date", ""),
    ("E20R", "HI"): ("history_hit_flag", "history_contact"),
    ("E22", "MP"): ("parent_condition_code", "parent_facts_relevant_to_child"),
    ("E28", "NK"): ("reason_code", "agreement_id rule step offending refused_message_id"),
    ("E24", "PL"): ("plan_ref coordinator review_date section_safety", ""),
}
"""Fields of the dictionary (domain 4.2) that 4.4 requires and allows; names of ours may be added."""

NEVER_FIELDS: tuple[tuple[str, str], ...] = (
    ("E01", "child_bsn"),
    ("E01", "bsn"),
    ("E02", "child_bsn"),
    ("E02", "bsn"),
    ("E02", "suspect_status"),
    ("E04", "result_code"),
    ("E05", "result_code"),
    ("E08", "result_code"),
    ("E13", "ruling_date"),
    ("E17R", "antecedents_summary"),
    ("E20R", "history_summary"),
    ("E20R", "history_category_code"),
    ("E22", "treatment_status"),
    ("E24", "section_criminal"),
)
"""Fields that exist nowhere in the schema of a type."""
