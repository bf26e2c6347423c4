"""What the agencies of the demonstration say: a realistic, entirely invented case, in Dutch."""

from __future__ import annotations

from broker.names import GroupName
from broker.records.model import GroupValue

__all__ = ["decision", "feedback", "police_data", "report"]

_SHG_CASE = "SHG-2014-00317"
_AMK_CASE = "AMK-2014-01102"


def report() -> dict[GroupName, GroupValue]:
    """E01: the SHG forwards a report of domestic violence in a family with two children."""
    return {
        GroupName("REF"): {
            "case_ref_sender": _SHG_CASE,
            "case_start_date": "2014-03-03",
            "registration_date": "2014-03-03",
        },
        GroupName("CH"): [
            _child("Fenna", "2006-05-17", "vrouw"),
            _child("Daan", "2009-11-02", "man"),
        ],
        GroupName("GU"): [
            {"name": "Voorbeeld-Test, Marijke", "authority_status": "gezag"},
            {"name": "Voorbeeld, Jeroen", "authority_status": "gezag"},
        ],
        GroupName("RP"): {"reporter_capacity_code": "onderwijs"},
        GroupName("CO"): {
            "abuse_nature_codes": ["getuige_partnergeweld"],
            "child_role_code": "getuige",
            "observed_period": "februari en maart 2014",
            "concern_description": (
                "School meldt dat Fenna in twee weken drie keer te laat en overstuur binnenkwam en "
                "vertelde dat papa mama slaat als Daan huilt. Moeder bevestigt ruzies en wil geen "
                "aangifte doen."
            ),
        },
        GroupName("SA"): {
            "acute_flag": False,
            "immediate_measures": "Moeder logeert met de kinderen bij haar zus.",
            "weapon_flag": False,
        },
        GroupName("DE"): {"status": "melding_ontvangen", "status_start_date": "2014-03-03"},
        GroupName("WK"): {"worker_name": "Testmedewerker, A.", "worker_function": "maatschappelijk werker"},
    }


def police_data() -> dict[GroupName, GroupValue]:
    """What the catalogue would allow in E01, and this convenant does not."""
    return {GroupName("PO"): {"incident_number": "TEST-2014-000117", "declaration_status": "geen_aangifte"}}


def decision() -> dict[GroupName, GroupValue]:
    """E04: the AMK decides to investigate."""
    return {
        GroupName("REF"): {"case_ref_sender": _AMK_CASE, "case_ref_recipient": _SHG_CASE},
        GroupName("DE"): {
            "taken_in_investigation_flag": True,
            "decision_date": "2014-03-06",
            "decided_by_count": 2,
            "status": "in_onderzoek",
        },
        GroupName("WK"): {"worker_name": "Testmedewerker, B.", "worker_function": "vertrouwensarts"},
    }


def feedback() -> dict[GroupName, GroupValue]:
    """E05: the AMK tells the SHG what it did with the report."""
    return {
        GroupName("REF"): {"case_ref_sender": _AMK_CASE, "case_ref_recipient": _SHG_CASE},
        GroupName("FB"): {
            "steps_taken_codes": ["onderzoek_gestart", "gesprek_met_gezin"],
            "feedback_date": "2014-03-07",
        },
        GroupName("WK"): {"worker_name": "Testmedewerker, B.", "worker_function": "vertrouwensarts"},
    }


def _child(first_name: str, birth_date: str, sex: str) -> dict[str, object]:
    return {
        "surname": "Voorbeeld",
        "first_names": first_name,
        "birth_date": birth_date,
        "sex": sex,
        "postcode": "0000AA",
        "house_number": "12",
    }
