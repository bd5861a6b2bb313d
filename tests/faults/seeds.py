"""Which seeds a chaos test tries: a few, or as many as are asked for. Must not know: what a seed means."""

from __future__ import annotations

import os

__all__ = ["seeds"]


def seeds(usual: int) -> range:
    """`POLYHOST_SEEDS`: how many from 0 on, or `first-last`."""
    asked = os.environ.get("POLYHOST_SEEDS", str(usual))
    first, dash, last = asked.partition("-")
    return range(int(first), int(last) + 1) if dash else range(int(asked))
