"""The post box of a general practice: the questions of mental health care, put to a GP (E23).

    python -m consumers.gp --profile schakel.toml --desk DIR [--once]

The same types (E06, E07), the same weighing, another role.
"""

from __future__ import annotations

import sys

from consumers.ggz_post_box import prepare
from consumers.program import run

__all__ = ["prepare"]


if __name__ == "__main__":
    sys.exit(run(prepare, ["HA"]))
