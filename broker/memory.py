"""What a long-lived process does about Python's garbage collector, once, when it has started.

A registry, 38 schemas and the libraries around them are some half a million objects that live as long as
the process.  Left alone, the collector looks through all of them now and then: a pause of 100 ms or more
in which no message moves.
"""

from __future__ import annotations

import gc

__all__ = ["settle_memory"]

_YOUNG = 10_000
"""Objects made before the collector looks at the young ones: a few messages, not every one."""


def settle_memory() -> None:
    """Keep everything that is alive now out of the collector's rounds; what comes later is collected as ever.

    For a process of its own, when what lives long is there: its registry is read, its connections are
    open.  Not for a library inside somebody else's process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)
