"""An audit event for people: as a plain document, and the Dutch page that goes with evidence."""

from __future__ import annotations

from broker.audit.events import AuditEvent, MessageFacts
from broker.moments import to_text

__all__ = ["README", "describe"]

README = """BEWIJSSTUK UIT HET AUDITLOGBOEK

Dit bestand bewijst dat een besluit over een bericht in het auditlogboek van de uitwisseling staat, en dat
het sindsdien niet is gewijzigd. Het bevat geen inhoud van het bericht en geen persoonsgegevens.

Controleren:

    schakel audit verify DIT-BESTAND.zip

Dat gaat zonder netwerk en zonder database. Uitkomst 0: alles klopt. Uitkomst 7: er klopt iets niet.
Uitkomst 8: niet alles kon worden gecontroleerd. Vergelijk daarna de sleutel in log.vkey met de sleutel
die het logboek zelf bekendmaakt: alleen dan weet u dat het bewijs uit dat logboek komt.

    entry.avro         de regel uit het logboek, precies zoals ondertekend en vastgelegd
    entry.json         dezelfde regel, leesbaar
    entry.tlog-proof   het bewijs dat de regel in het logboek staat (c2sp.org/tlog-proof)
    checkpoint         de ondertekende stand van het logboek (c2sp.org/tlog-checkpoint)
    log.vkey           de openbare sleutel van het logboek (c2sp.org/signed-note)
    decision.json      hash van het vrijgegeven bericht, openbare sleutels van de poort, registerversie
    signatures.avro    de handtekening van de poort over de regel en de hash van het bericht

Andere hulpmiddelen kunnen hetzelfde controleren: de formaten zijn openbaar (c2sp.org, RFC 9162) en staan
beschreven in docs/spec/audit.md.
"""


def describe(event: AuditEvent) -> dict[str, object]:
    """The event as a document of plain values; names only grow (docs/spec/audit.md 10)."""
    return {
        "decision_id": event.decision_id.hex(),
        "outcome": event.outcome.value,
        "reason": event.reason,
        "rule": event.rule,
        "step": event.step,
        "offending": list(event.offending),
        "emergency": event.emergency,
        "message": _message(event.message) if event.message else None,
        "source": {
            "topic": str(event.source.topic),
            "partition": event.source.partition,
            "offset": event.source.offset,
        },
        "record_digest": event.record_digest.hex(),
        "registry_version": event.registry_version,
        "decided_at": to_text(event.decided_at),
        "gate": event.gate,
        "trace_id": event.trace_id.hex(),
    }


def _message(facts: MessageFacts) -> dict[str, object]:
    return {
        "message_id": facts.message_id.hex(),
        "type": str(facts.message_type),
        "sender": {"oin": str(facts.sender.oin), "role": str(facts.sender.role)},
        "recipient": {"oin": str(facts.recipient.oin), "role": str(facts.recipient.role)},
        "case_ref": facts.case_ref.hex(),
        "correlation_id": facts.correlation_id.hex(),
        "causation_id": facts.causation_id.hex() if facts.causation_id else None,
        "subject_refs": [reference.hex() for reference in facts.subject_refs],
        "released": [str(group) for group in facts.released],
        "withheld": [str(group) for group in facts.withheld],
        "legal_basis": str(facts.legal_basis),
        "purpose": str(facts.purpose),
        "regime": facts.regime.value,
        "urgency": facts.urgency.value,
        "assertions": dict(facts.assertions),
        "agreement": {"id": str(facts.agreement_id), "digest": facts.agreement_digest.hex()},
        "schema_digest": facts.schema_digest.hex(),
        "statement_hash": facts.statement_hash.hex(),
        "producer_id": facts.producer_id.hex(),
        "sequence": facts.sequence,
        "created_at": to_text(facts.created_at),
    }
