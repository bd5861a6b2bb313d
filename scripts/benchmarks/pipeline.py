"""`bench pipeline`: how fast records come from a page into the store, beside the naive way and the bare bridge.

Owns: the cases of one round, and the report. Must not know: how a case is run.
"""

from __future__ import annotations

from typing import Any

from benchmarks.report import Line, show
from benchmarks.rounds import Rounds, run_rounds

__all__ = ["pipeline"]

_NAIVE_SHARE = 100
"""The naive way gets one record in so many, and its rate is what counts: it would take minutes otherwise."""
_NAIVE_LEAST = 1_000
_TITLES = {
    "naive": "naive: expose_binding, one object at a time",
    "bridge": "bridge alone, nothing stored",
    "unchecked": "page to SQLite, no schema and no scope",
    "store": "page to SQLite",
    "scoped": "page to SQLite, narrowed to resources",
}


def pipeline(*, records: int, rounds: int) -> tuple[dict[str, Any], list[str]]:
    """Measure; the figures as JSON, and as lines to print."""
    naive = max(_NAIVE_LEAST, records // _NAIVE_SHARE)
    cases = {name: ("pipeline", name, "--records", str(naive if name == "naive" else records)) for name in _TITLES}
    found = run_rounds(cases, rounds)
    summary = _summary(found)
    return {"records": records, "rounds": found.as_json(), "summary": summary}, _lines(found, summary, records)


def _summary(found: Rounds) -> dict[str, float]:
    rate = "records_per_second"
    return {
        "records_per_second": found.median("store", rate),
        "times_naive": found.ratio("store", "naive", rate),
        "share_of_bridge": found.ratio("store", "bridge", rate),
        "cost_of_checks": 1 - found.ratio("scoped", "unchecked", rate),
        "memory_peak_mib": found.worst("store", "memory_peak_mib"),
        "memory_growth_mib": found.worst("store", "memory_growth_mib"),
    }


def _lines(found: Rounds, summary: dict[str, float], records: int) -> list[str]:
    table = [("", "records/s", "host CPU µs/record", "peak MiB", "growth MiB")]
    for name, title in _TITLES.items():
        figures = ("records_per_second", "cpu_microseconds_per_record", "memory_peak_mib", "memory_growth_mib")
        rate, cpu, peak, growth = (found.median(name, figure) for figure in figures)
        table.append((title, f"{rate:,.0f}", f"{cpu:.1f}", f"{peak:.0f}", f"{growth:.0f}"))
    targets = [
        Line("page to SQLite", summary["records_per_second"], "≥ 20,000 records/s", least=20_000),
        Line("times the naive way", summary["times_naive"], "≥ 20", least=20),
        Line("share of the bare bridge", summary["share_of_bridge"]),
        Line("cost of scope and schema", summary["cost_of_checks"], "< 0.40 of throughput", most=0.40),
        Line(f"memory growth over {records:,} records, MiB", summary["memory_growth_mib"], "≤ 50", most=50),
    ]
    return show(table, targets)
