"""How the cost of a message grows with the number of agreements and with its size.

Each setting has a process of its own, so that the memory of one does not slow another; they take turns,
batch by batch, so that whatever the machine does meanwhile falls on all of them.

    python -m broker.sandbox.bench.growth FD
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

from broker.agreements.decide import RuleBook
from broker.agreements.model import Agreement, AgreementParty
from broker.crypto import sha256
from broker.errors import SchakelError
from broker.names import AgreementId, Oin
from broker.sandbox.bench.core import Core, Cost
from broker.sandbox.bench.line import Child
from broker.sandbox.bench.model import Failed, Go, Ready, Setting
from broker.sandbox.bench.statistics import median
from broker.sandbox.layout import Layout
from broker.trust.view import TrustView

__all__ = ["Grown", "grow", "invented", "main"]

_START_SECONDS = 180.0
_BATCH_SECONDS = 60.0
_WARM = 3


@dataclass(frozen=True, slots=True)
class Grown:
    """What a message costs there.

    Attributes:
        cost: Medians over the batches.
        index_seconds: To build the index of agreements.
        resident_mb: Peak memory of the process that did it all.
    """

    agreements: int
    payload: int
    cost: Cost
    index_seconds: float
    resident_mb: float


def grow(settings: Sequence[Setting], batches: int) -> list[Grown]:
    """Measure all *settings*, turn by turn.

    Raises:
        UnavailableError: A process could not go on.
    """
    with ExitStack() as stack:
        children = []
        for setting in settings:
            log = setting.directory / "run" / "bench-growth.out"
            child = Child("broker.sandbox.bench.growth", setting, log)
            stack.callback(child.stop)
            children.append(child)
        ready = [child.answer(Ready, _START_SECONDS) for child in children]
        costs = [
            [child.ask(Go(), Cost, _BATCH_SECONDS) for child in children] for _ in range(_WARM + batches)
        ]
        peaks = [child.usage.peak_mb for child in children]
    by_setting = zip(*costs[_WARM:], strict=True)
    return [
        Grown(setting.agreements, setting.payload, _middle(cost), one.index_seconds, peak)
        for setting, cost, one, peak in zip(settings, by_setting, ready, peaks, strict=True)
    ]


def _middle(costs: Sequence[Cost]) -> Cost:
    return Cost(
        median([cost.publish_us for cost in costs]),
        median([cost.gate_us for cost in costs]),
        median([cost.deliver_us for cost in costs]),
    )


def main(descriptor: int) -> None:
    """Be the process of one setting, until the pipe closes."""
    channel: Connection = Connection(descriptor)
    setting: Setting = channel.recv()
    with suppress(EOFError):
        try:
            core = Core(Layout(setting.directory), setting.payload)
            agreements = _agreements(core.view, setting.agreements)
            begin = time.perf_counter()
            book = RuleBook(core.view.rules.rules, agreements)
            channel.send(Ready(time.perf_counter() - begin))
            core.view = replace(core.view, rules=book)
            while channel.recv():
                channel.send(core.batch())
        except SchakelError as error:
            channel.send(Failed(str(error)))


def _agreements(view: TrustView, count: int) -> list[Agreement]:
    """*count* agreements: those of *view*, and others like the first between invented agencies."""
    real = view.rules.agreements
    return [*real, *invented(real[0], count - len(real))]


def invented(model: Agreement, count: int) -> Iterator[Agreement]:
    """*count* signed agreements like *model*, each between two invented agencies in its two roles."""
    roles = sorted({party.role for party in model.parties})
    for number in range(count):
        # Each agency is in about twenty agreements, as in a country with many regions.
        oins = (
            Oin(f"00000099{5_000_000 + number // 20:09d}000"),
            Oin(f"00000099{8_000_000 + number:09d}000"),
        )
        yield replace(
            model,
            id=AgreementId(f"bench-{number}"),
            digest=sha256(b"bench-%d" % number),
            parties=frozenset(AgreementParty(oin, role) for oin, role in zip(oins, roles, strict=True)),
            grants=tuple(replace(grant) for grant in model.grants),
            signed_by=frozenset(oins),
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
