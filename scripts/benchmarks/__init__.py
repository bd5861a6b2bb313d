"""Measurements of polyhost: `./scripts/bench`. What each is for, and what came of it, is in docs/benchmarks.md.

Every measurement runs in a process of its own, so that memory is its own and no case warms another's caches; cases that
are compared take turns, so that a busy moment of the machine falls on all of them. Figures are medians; ratios are
medians of the ratios within one round.
"""
