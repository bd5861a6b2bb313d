"""Diagnostics are bounded where they are made, and their statuses are exit statuses (requirements PR-1.2)."""

from __future__ import annotations

import json
from itertools import starmap
from typing import get_args

import pytest

from polyhost.protocol.diagnostics import (
    MAX_PARTITIONS,
    MAX_TEXT,
    Diagnostic,
    DiagnosticCode,
    RunState,
    RunStatus,
    Severity,
    bound_diagnostics,
    partitions_diagnostic,
)


def told(message: str = "m", severity: Severity = Severity.GAP, **over: object) -> Diagnostic:
    return Diagnostic(code=DiagnosticCode.RANGE_UNPROVEN, severity=severity, message=message, **over)  # type: ignore[arg-type]


def size(*found: Diagnostic) -> int:
    return len(json.dumps([one.as_json() for one in found], ensure_ascii=False, separators=(",", ":")).encode())


def test_results_may_have_every_status_and_no_other():
    assert get_args(RunState) == tuple(RunStatus)


@pytest.mark.parametrize(
    "over",
    [
        {},
        {"stream": "messages", "partitions": ("C1", "C2"), "keys": ("a",), "total": 7},
        {"truncated": True, "count": 3, "recovery_hint": "retry_by_runtime"},
    ],
    ids=["short", "named", "counted"],
)
def test_a_diagnostic_comes_back_from_what_is_stored_as_it_was(over: dict[str, object]):
    """What does not apply is not there: neither null nor empty."""
    shown = told(**over).as_json()
    assert set(shown) == {"code", "severity", "message", *over}
    assert Diagnostic.from_json(json.loads(json.dumps(shown))) == told(**over)


def test_every_status_ends_a_command_in_its_own_way_and_only_what_is_whole_ends_well():
    exits = {str(status): status.exit_code for status in RunStatus}
    assert exits == {
        "running": 0,
        "complete": 0,
        "complete_with_gaps": 3,
        "failed": 1,
        "needs_owner": 4,
        "cancelled": 130,
    }


def test_texts_are_cut_and_the_cut_is_seen():
    long = "x" * (MAX_TEXT + 1)
    cut = told(long, stream=long, recovery_hint=long)
    assert {cut.message, cut.stream, cut.recovery_hint} == {"x" * (MAX_TEXT - 1) + "…"}
    whole = told("x" * MAX_TEXT)
    assert whole.message == "x" * MAX_TEXT


@pytest.mark.requirement("PR-1.2")
@pytest.mark.parametrize(
    ("given", "total", "expected"),
    [
        (MAX_PARTITIONS, None, (MAX_PARTITIONS, None, None)),
        (MAX_PARTITIONS + 1, None, (MAX_PARTITIONS, MAX_PARTITIONS + 1, True)),
        (MAX_PARTITIONS + 1, 900, (MAX_PARTITIONS, 900, True)),
    ],
)
def test_of_many_partitions_the_first_are_named_and_the_rest_counted(given, total, expected):
    found = told(partitions=tuple(f"C{number}" for number in range(given)), total=total)
    assert (len(found.partitions or ()), found.total, found.truncated) == expected


@pytest.mark.requirement("PR-1.2")
@pytest.mark.parametrize(("count", "truncated"), [(MAX_PARTITIONS, False), (MAX_PARTITIONS + 1, True)])
def test_partitions_are_named_in_order_with_how_many_there_are(count, truncated):
    keys = [f"C{number:03}" for number in reversed(range(count))]
    code = DiagnosticCode.PARTITION_MISSING
    found = partitions_diagnostic(code, "notes", keys, severity=Severity.GAP, message="m", recovery_hint="h")
    assert found.partitions == tuple(sorted(keys)[:MAX_PARTITIONS])
    assert (found.total, found.truncated) == (count, truncated)


def test_what_does_not_fit_is_counted_in_the_last_that_does():
    three = list(starmap(told, [("a" * 100, Severity.INFO), ("b" * 100, Severity.ERROR), ("c" * 100, Severity.GAP)]))
    limit = size(three[1], three[2]) + 60
    kept = bound_diagnostics(three, limit)
    assert [one.severity for one in kept] == [Severity.ERROR, Severity.GAP]
    assert kept[1].message.endswith("[1 more not shown]")
    assert size(*kept) <= limit


def test_where_the_words_about_the_rest_do_not_fit_another_gives_way_and_is_counted():
    three = [told("a" * 20), told("b" * 20), told("c" * 20)]
    limit = size(three[0], three[1]) + 1
    assert len(bound_diagnostics(three[:2], limit)) == 2
    [kept] = bound_diagnostics(three, limit)
    assert kept.message == "a" * 20 + " [2 more not shown]"
    assert bound_diagnostics(three, size(three[0])) == ()
