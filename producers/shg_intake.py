"""The intake of an SHG: a report of domestic violence where children live goes to the AMK (E01).

    python -m producers.shg_intake --profile schakel.toml --tray DIR [--once]

Facts of the form: what E01 must assert (`domestic_violence_report`, `children_in_family`), and
`forwarded_by_amk` when it was the AMK that passed the report on.  The SHG must forward when all that the
type asserts holds (sources.md 4.5, L01); it never hands a report back to whom it came from (A23).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from producers.forms import Form, NotSent, Wanted
from producers.program import run

__all__ = ["forward_to_amk"]


def forward_to_amk(form: Form) -> Sequence[Wanted]:
    """E01, when the predicate of the law holds.

    Raises:
        NotSent: It does not, and which part of it; or the report came from the AMK.
    """
    predicate = [one.name for one in form.entry("E01").assertions if one.value == "true"]
    lacking = [name for name in predicate if not form.holds(name)]
    if lacking:
        raise NotSent("no-duty-to-forward", *lacking)
    if form.content["facts"].get("forwarded_by_amk"):
        raise NotSent("never-handed-back", "forwarded_by_amk")
    return [Wanted("E01", form.addressee("AMK"), form.record, dict.fromkeys(predicate, True))]


if __name__ == "__main__":
    sys.exit(run(forward_to_amk, "SHG"))
