"""From what was measured to the document that is printed: medians over rounds, ratios between neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from broker.sandbox.bench.goals import goals
from broker.sandbox.bench.growth import Grown
from broker.sandbox.bench.machine import describe_machine
from broker.sandbox.bench.model import Plan, Stage, Variant, WireSizes
from broker.sandbox.bench.scenarios import Burst, Latency, Throughput
from broker.sandbox.bench.statistics import Times, median, spread

__all__ = ["Report", "Round", "document"]

_Item = TypeVar("_Item")

_METHOD = (
    "One Kafka node; five processes per variant on the same machine, started anew each round. bare: the same "
    "processes, topics, bytes, batches and commits without checks and databases. full: everything on. "
    "Processor time from /proc over the interval from the first publish call until the last receipt and "
    "ledger entry; latency counts from the moment a message was due; figures are medians over the rounds, "
    "ratios are between neighbouring measurements; growth is processor time of the core in one process per "
    "setting, taking turns."
)
_QUICK = "quick run without warm-up and with tiny counts: the figures mean nothing"


@dataclass(frozen=True, slots=True)
class Round:
    """What was measured on one start of one variant.

    Attributes:
        latency: By messages a second.
        peaks: Peak memory in MB by process.
    """

    throughput: Throughput
    burst: Burst
    latency: Mapping[int, Latency]
    peaks: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured.

    Attributes:
        large: End-to-end throughput by payload.
        grown: Cost of the core, first by agreements and then by payload.
        loads: Load average of the machine before and after.
    """

    plan: Plan
    sizes: WireSizes
    rounds: Sequence[Mapping[Variant, Round]]
    large: Mapping[int, Throughput]
    grown: Sequence[Grown]
    help_seconds: float
    loads: tuple[float, float]


def document(report: Report) -> dict[str, object]:
    """The report as plain values; keys only grow."""
    variants = {str(variant): _variant([one[variant] for one in report.rounds]) for variant in Variant}
    found: dict[str, object] = {
        "quick": report.plan.quick,
        "note": _QUICK if report.plan.quick else "",
        "machine": asdict(describe_machine()),
        "method": _METHOD,
        "counts": asdict(report.plan),
        "load_average": {"before": report.loads[0], "after": report.loads[1]},
        "bytes": _bytes(report.sizes),
        **variants,
        "ratio": _ratio(report.rounds),
        "latency": _by_rate(report),
        "burst": {str(variant): _burst([one[variant].burst for one in report.rounds]) for variant in Variant},
        "growth": _growth(report),
        "resident_mb": _peaks(report),
        "help_seconds": round(report.help_seconds, 3),
    }
    return found | {"goals": goals(found)}


def _variant(rounds: Sequence[Round]) -> dict[str, object]:
    throughputs = [one.throughput for one in rounds]
    rates = spread([one.messages_per_s for one in throughputs])
    return {
        "messages_per_s": round(rates.median, 1),
        "messages_per_s_range": [round(rates.lowest, 1), round(rates.highest, 1)],
        "cpu_us_per_message": _middle(throughputs, lambda one: one.cpu_us_per_message),
        "stages": {
            name: round(median([one.stages[name] for one in throughputs]), 1)
            for name in throughputs[0].stages
        },
    }


def _ratio(rounds: Sequence[Mapping[Variant, Round]]) -> dict[str, object]:
    rates = [
        one[Variant.FULL].throughput.messages_per_s / one[Variant.BARE].throughput.messages_per_s
        for one in rounds
    ]
    cpu = [
        one[Variant.BARE].throughput.cpu_us_per_message / one[Variant.FULL].throughput.cpu_us_per_message
        for one in rounds
    ]
    found = spread(rates)
    return {
        "messages_per_s": round(found.median, 3),
        "messages_per_s_range": [round(found.lowest, 3), round(found.highest, 3)],
        "cpu": round(median(cpu), 3),
    }


def _by_rate(report: Report) -> dict[str, object]:
    return {
        str(rate): {
            **{str(v): _latency([one[v].latency[rate] for one in report.rounds]) for v in Variant},
            "added": _added(report.rounds, rate),
        }
        for rate in report.plan.rates
    }


def _latency(measured: Sequence[Latency]) -> dict[str, object]:
    return {
        "deliver": _times([one.deliver for one in measured]),
        "receipt": _times([one.receipt for one in measured]),
    }


def _times(measured: Sequence[Times]) -> dict[str, object]:
    return {
        "p50_ms": _middle(measured, lambda one: one.p50_ms, 2),
        "p99_ms": _middle(measured, lambda one: one.p99_ms, 2),
        "max_ms": round(max(one.max_ms for one in measured), 2),
        "count": sum(one.count for one in measured),
    }


def _added(rounds: Sequence[Mapping[Variant, Round]], rate: int) -> dict[str, object]:
    """What the product adds to the bare path, in milliseconds."""
    full = [one[Variant.FULL].latency[rate] for one in rounds]
    bare = [one[Variant.BARE].latency[rate] for one in rounds]
    pairs = list(zip(full, bare, strict=True))
    return {
        "deliver_p50_ms": round(median([f.deliver.p50_ms - b.deliver.p50_ms for f, b in pairs]), 2),
        "deliver_p99_ms": round(median([f.deliver.p99_ms - b.deliver.p99_ms for f, b in pairs]), 2),
        "receipt_p50_ms": round(median([f.receipt.p50_ms - b.receipt.p50_ms for f, b in pairs]), 2),
        "receipt_p99_ms": round(median([f.receipt.p99_ms - b.receipt.p99_ms for f, b in pairs]), 2),
    }


def _burst(measured: Sequence[Burst]) -> dict[str, object]:
    return {
        "messages": measured[0].messages,
        "delivered_s": _middle(measured, lambda one: one.delivered_s, 3),
        "receipts_s": _middle(measured, lambda one: one.receipts_s, 3),
        "ledger_s": _middle(measured, lambda one: one.ledger_s, 3),
        "drained_s": _middle(measured, lambda one: one.drained_s, 3),
    }


def _growth(report: Report) -> dict[str, object]:
    by_agreements = report.grown[: len(report.plan.agreements)]
    by_payload = report.grown[len(report.plan.agreements) :]
    return {
        "agreements": [_grown(one, by_agreements[0]) for one in by_agreements],
        "payload": [
            _grown(one, by_payload[0]) | _end_to_end(report.large, one.payload) for one in by_payload
        ],
    }


def _grown(one: Grown, first: Grown) -> dict[str, object]:
    return {
        "agreements": one.agreements,
        "payload": one.payload,
        "cpu_us_per_message": round(one.cost.total_us, 1),
        "publish_us": round(one.cost.publish_us, 1),
        "gate_us": round(one.cost.gate_us, 1),
        "deliver_us": round(one.cost.deliver_us, 1),
        "times": round(one.cost.total_us / first.cost.total_us, 3),
        "index_seconds": round(one.index_seconds, 3),
        "resident_mb": round(one.resident_mb, 1),
    }


def _end_to_end(large: Mapping[int, Throughput], payload: int) -> dict[str, object]:
    first = next(iter(large.values()))
    here = large[payload]
    return {
        "end_to_end_cpu_us_per_message": round(here.cpu_us_per_message, 1),
        "end_to_end_messages_per_s": round(here.messages_per_s, 1),
        "end_to_end_times": round(here.cpu_us_per_message / first.cpu_us_per_message, 3),
    }


def _peaks(report: Report) -> dict[str, object]:
    return {
        str(variant): {
            name: round(max(one[variant].peaks[name] for one in report.rounds), 1)
            for name in (*map(str, Stage), "kafka")
        }
        for variant in Variant
    }


def _bytes(sizes: WireSizes) -> dict[str, int]:
    return {
        "message": sizes.message,
        "message_decision": sizes.message_decision,
        "receipt": sizes.receipt,
        "receipt_decision": sizes.receipt_decision,
        "headers": sum(len(name) + len(value) for name, value in sizes.headers),
    }


def _middle(measured: Sequence[_Item], figure: Callable[[_Item], float], digits: int = 1) -> float:
    return round(median([figure(one) for one in measured]), digits)
