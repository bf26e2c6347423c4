"""Makes every vector and `world.json` anew: ``python -m tests.vectors.make``.

HPKE, Cobblestone and ECDSA draw fresh randomness, so the files differ each time; what counts is the
committed set, on which two independent readers agree (README.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.envelope_world import AMK, BJZ, RAAD, SHG, directory
from tests.vectors.cases_accepted import accepted
from tests.vectors.cases_malformed import malformed
from tests.vectors.cases_opening import opening
from tests.vectors.cases_untrusted import untrusted
from tests.vectors.forge import Case

__all__ = ["main"]

HERE = Path(__file__).parent
VECTORS = HERE / "envelope"


def main() -> None:
    """Write all files; old vectors are removed first."""
    (HERE / "world.json").write_text(json.dumps(_world(), indent=2) + "\n", "utf-8")
    VECTORS.mkdir(exist_ok=True)
    for old in VECTORS.glob("*.vector"):
        old.unlink()
    for made in _all():
        path = VECTORS / f"{made.name}.vector"
        assert not path.exists(), made.name
        path.write_text(_text(made), "utf-8")


def _all() -> Iterator[Case]:
    yield from accepted()
    yield from malformed()
    yield from untrusted()
    yield from opening()


def _text(made: Case) -> str:
    lines = [
        f"expect: {made.expect}",
        f"comment: {made.comment}",
        f"topic: {made.topic.encode().hex()}",
        f"key: {'none' if made.key is None else made.key.hex()}",
        f"now: {made.now}",
    ]
    if made.recipient:
        lines.append(f"recipient: {made.recipient}")
    if made.reader:
        lines.append(f"reader: {made.reader}")
    lines += [f"opens: {group} {digest}" for group, digest in (made.opens or {}).items()]
    if made.fill:
        lines.append(f"fill: {made.fill}")
    return "\n".join([*lines, f"value: {made.value.hex()}"]) + "\n"


def _world() -> dict[str, object]:
    known = directory(hybrid=(SHG,))
    return {
        "agencies": [
            {
                "name": agency.name,
                "oin": agency.oin,
                "required": sorted(known.required[agency.oin]),
                "keys": [
                    {
                        "key_id": str(entry.key.key_id),
                        "algorithm": int(entry.key.algorithm),
                        "spki": entry.key.spki.hex(),
                        "valid_from": entry.valid_from,
                        "valid_until": entry.valid_until,
                        "revoked": entry.revoked,
                    }
                    for entry in known.keys.values()
                    if entry.owner == agency.oin
                ],
                "sealing_key": agency.unwrapper.sealing_key.raw.hex(),
            }
            for agency in (AMK, SHG, RAAD, BJZ)
        ],
        "schemas": [{"type": kind, "digest": str(digest)} for kind, digest in sorted(known.schemas)],
    }


if __name__ == "__main__":
    main()
