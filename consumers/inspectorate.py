"""An inspectorate: a report that somebody's own staff possibly abuses (E21I), and what happens with it (E05).

    python -m consumers.inspectorate --profile schakel.toml --desk DIR --role IGZ [--once]

IJZ, IGZ and IvhO run the same program, each in its own role.  The institution that reported hears within a
working day that its report was taken up (sources.md A17).
"""

from __future__ import annotations

from consumers.counter import run
from consumers.desk import owed

__all__ = ["owed"]


if __name__ == "__main__":
    run(owed, ["IJZ", "IGZ", "IvhO"])
