"""What commands print, held against golden files. POLYHOST_GOLDENS=write writes them anew; read the diff."""

import os
from pathlib import Path

import pytest

from evidences import NOW, evidence, gap, run, stream
from polyhost.cli.render import render
from polyhost.cli.render.common import bullet
from polyhost.coverage.health import project
from polyhost.operations.catalog import commands

BY_NAME = {operation.name: operation for operation in commands()}
GOLDENS = Path(__file__).parent / "goldens"

RUN = {
    "run_id": "run_1",
    "connection": "slack",
    "source": "slack",
    "status": "complete_with_gaps",
    "seconds": 4.25,
    "requests": 1204,
    "traffic": {
        "rate_limited": 2,
        "by_endpoint": {},
        "retries": 2,
        "waited_seconds": 1.5,
        "blocked": {"tracker.test": 3, "a.test": 1},
    },
    "streams": {
        "users": {"new": 2, "updated": 0, "unchanged": 8, "deleted": 0, "rejected": 0},
        "messages": {"new": 12345, "updated": 4, "unchanged": 0, "deleted": 1, "rejected": 3},
    },
    "coverage": {
        "messages": {
            "partitions": 9,
            "complete": 7,
            "partial": 1,
            "limited": 0,
            "missing": 1,
            "untouched": 0,
            "became": 0,
            "deleted": 0,
            "retired": 0,
            "covered_through": "2026-11-21T08:00:00.000Z",
        }
    },
    "diagnostics": [
        {
            "code": "partition_missing",
            "severity": "gap",
            "stream": "messages",
            "partitions": ["C1", "C2", "C3", "C4", "C5", "C6"],
            "total": 60,
            "truncated": True,
            "message": "Partitions are gone.",
            "recovery_hint": "Retire them.",
        },
        {"code": "rate_limited", "severity": "info", "message": "Slowed down.", "count": 2},
    ],
    "receipt": {"summary": "12,347 new; 1 gap."},
}
PARTITION = {
    "key": "C1",
    "label": "a name\x1b[31m with [bold]markup[/] that is far too long for one line",
    "status": "present",
    "source_status": "archived",
    "extent": "partial",
    "covered_through": "2026-11-21T08:00:00.000Z",
    "looked_at": "2026-11-20T08:00:00.000+00:00",
    "spans": {
        "imported": [],
        "covered": [["2026-11-11T00:00:00.000Z", "2026-11-21T00:00:00.000Z"]],
        "holes": [["2026-11-01T00:00:00.000Z", "2026-11-11T00:00:00.000Z"]],
    },
    "explain": "Has holes.",
    "retired_reason": None,
    "hidden": [],
    "ended_since": None,
    "successor": None,
    "predecessors": [],
}
SUMMARY = {
    "partitions": 1,
    "partial": 1,
    "complete": 0,
    "missing": 0,
    "imported": 0,
    "limited": 0,
    "untouched": 0,
    "retired": 0,
    "covered_through": "2026-11-21T08:00:00.000Z",
}
FILE_TOTALS = {
    "here": 1204,
    "bytes": 987_654_321,
    "to_come": 3,
    "gone": 2,
    "hidden": 0,
    "external": 1,
    "refused": 4,
    "over_limit": 1,
}
STANDING = {
    "stream": "messages",
    "kind": "group",
    "partition": "C1",
    "key": "1.5 [bold]x[/]\x1b[31m",
    "position": "1.5",
    "reason": "not_answered",
    "explain": "the source does not answer for it",
    "detail": None,
    "since": "2026-11-21T08:00:00.000Z",
    "tries": 3,
    "last_tried": "2026-11-21T08:00:00.000Z",
    "set_aside": None,
}
COVERAGE = {
    "connection": "slack",
    "source": "slack",
    "nature": "live",
    "streams": {
        "users": {
            "records": 1,
            "deleted": 0,
            "partitions": None,
            "summary": None,
            "looks": None,
            "exceptions": [],
            "exceptions_total": 0,
            "files": None,
        },
        "messages": {
            "records": 5,
            "deleted": 1,
            "partitions": [PARTITION],
            "summary": SUMMARY,
            "looks": {"explain": "Edits since then may be unseen."},
            "exceptions": [STANDING],
            "exceptions_total": 7,
            "files": FILE_TOTALS,
        },
    },
}
RECORDS = {
    "records": [
        {
            "stream": "messages",
            "key": '["C1","1.5"]',
            "partition": "C1",
            "headline_field": "text",
            "data": {"text": "hello [red]there[/]\nagain"},
            "emitted_at": "2026-11-21T08:00:00Z",
            "version": 2,
            "deleted": False,
            "batch_id": "bat_1",
        },
        {
            "stream": "messages",
            "key": '["C1","1.6"]',
            "partition": "C1",
            "headline_field": None,
            "data": None,
            "emitted_at": "2026-11-21T08:00:00Z",
            "version": 1,
            "deleted": True,
            "batch_id": "bat_1",
        },
    ],
    "next": "abc",
}
HEAD = RECORDS["records"][0] | {"label": "a [bold]room[/]", "time": "2026-11-21T07:59:58.000Z", "members": 3}
GONE = RECORDS["records"][1] | {"label": None, "time": None, "members": 0}
FULL = HEAD | {
    "data": {"text": "hello [red]there[/]\nagain", "user_id": "U1", "files": [], "reactions": [{"name": "+1"}]}
}
COUNTS = {
    "connection": "slack",
    "stream": "messages",
    "records": 1234567,
    "deleted": 1,
    "partitions": [
        {"key": "C1", "label": "quiet", "records": 7, "deleted": 0},
        {"key": "C2", "label": None, "records": 1234560, "deleted": 1},
    ],
    "truncated": True,
}
HIT = {
    "connection": "slack",
    "source": "slack",
    "stream": "messages",
    "key": '["C1","1.5"]',
    "partition": "C1",
    "label": "a [bold]room[/]",
    "time": "2026-11-21T07:59:58.000Z",
    "version": 1,
    "deleted": False,
    "snippet": {
        "field": "text",
        "text": "the [red]harbour\nlights",
        "highlights": [[9, 16], [17, 23]],
        "cut_before": True,
        "cut_after": True,
    },
}
PERSON = HIT | {"stream": "users", "partition": None, "label": None, "time": None, "deleted": True, "snippet": None}
FOUND = {
    "query": "harbour lights",
    "hits": [PERSON, HIT],
    "next": "abc",
    "complete": False,
    "pending": 1234,
    "connections": [{"connection": "slack", "pending": 1234}],
}
EXPORTED = {
    "connection": "slack",
    "source": "slack",
    "format": "jsonl",
    "part": 2,
    "after_sequence": 8,
    "through_sequence": 9,
    "streams": {"messages": {"records": 1234567, "deleted": 1, "versions": 20}},
    "coverage": {
        "users": {"claim": "unproven", "ledger": None},
        "messages": {"claim": "proven", "ledger": SUMMARY},
        "notes": {"claim": "partial", "ledger": SUMMARY},
    },
    "directory": "~/out [bold]",
    "files": 1,
    "bytes": 1234567890,
}
FAILED = RUN | {
    "status": "failed",
    "diagnostics": [],
    "error": {"code": "x", "reason": "the page was lost", "instruction": "Run it again."},
}
ROW = {"stream": "messages", "partition": "C1", "label": "a [bold]room[/]", "windows": 1, "at_least": True}
PLAN = {
    "dry_run": True,
    "connection": "slack",
    "source": "slack",
    "scope": {},
    "plan": [
        ROW | {"purpose": "new", "since": "1790000000.000100", "until": None, "requests": 1},
        ROW | {"purpose": "backfill", "since": None, "until": "1780000000.000000", "windows": 2, "requests": 2},
        ROW
        | {"purpose": "refresh", "label": None, "since": "1785000000.000000", "until": "1790000000.000100"}
        | {"requests": 1234, "at_least": False},
    ],
    "requests": 1236,
    "note": "Partitions without news cost nothing for `new`; ones never seen before are not in this list.",
}
WELL = project(evidence(connection="home"), NOW).as_json()
UNWELL = project(
    evidence(
        run(status="needs_owner", error_code="signed_out"),
        run(gaps=(gap("media_missing", count=12, action="Download them again while the links last."),)),
        streams=(stream(missing=1, missing_keys=("C1",), partial=2, limited=1),),
        nature="test",
    ),
    NOW,
).as_json()
SCHEDULE = {
    "connection": "work",
    "status": "automatic",
    "reason": "automatic",
    "message": "Runs by itself every 6 hours. The next is due at 2026-11-22 14:03 UTC.",
    "mode": "automatic",
    "policy": "automatic",
    "every_seconds": 21600,
    "recommended_seconds": 3600,
    "least_seconds": 300,
    "quiet_hours": "22:00-07:00",
    "time_zone": "Europe/Berlin",
    "paused": False,
    "paused_until": None,
    "next_due": "2026-11-22T14:03:00.000Z",
    "failures": 0,
    "served": True,
    "changed_at": "2026-11-22T08:00:00.000Z",
}
SCHEDULES = [
    SCHEDULE,
    SCHEDULE
    | {
        "connection": "family",
        "status": "manual",
        "message": "Runs when you start it.",
        "next_due": None,
        "quiet_hours": None,
    },
    SCHEDULE
    | {
        "connection": "club",
        "status": "waiting",
        "message": "Runs by itself every hour; not until you have signed in again or started a run.",
        "next_due": None,
    },
]
LOST = {"code": "x", "reason": "the webhook did not take it: it answered 403", "instruction": "Check [notify] webhook."}
WAYS = {"ways": [{"way": "desktop", "problem": None}, {"way": "webhook", "problem": LOST}]}
FILE = {
    "id": 12,
    "name": "harbour [red]lights[/].png",
    "type": "image/png",
    "size": 48_213,
    "kind": "picture",
    "thumbnail": False,
    "state": "here",
    "reason": None,
    "why": None,
    "digest": "ab" * 32,
    "path": "/home/files/ab/abab",
    "stream": "messages",
    "key": "k",
    "partition": "C1",
    "label": "general",
    "time": "2026-11-22T03:15:58.000Z",
    "address": "https://files.example/F1",
}
FILES = {
    "connection": "slack",
    "source": "slack",
    "totals": FILE_TOTALS,
    "missing": [
        {
            "state": "to_come",
            "reason": None,
            "files": 3,
            "bytes": 3000,
            "why": "It has not been fetched yet.",
            "instruction": "polyhost run slack --files",
        },
        {"state": "gone", "reason": None, "files": 2, "bytes": 0, "why": "It is gone.", "instruction": ""},
    ],
    "files": [FILE, FILE | {"id": 3, "name": None, "state": "refused", "reason": "not_allowed", "label": None}],
    "next": "WyJt",
}
CASES = {
    "schedule": ("schedule set", SCHEDULE),
    "schedule_all": ("schedule show", {"connections": SCHEDULES}),
    "notify_test": ("notify test", WAYS),
    "status": ("status", UNWELL),
    "status_all": ("status", {"connections": [UNWELL, WELL]}),
    "run": ("run", RUN),
    "run_failed": ("run", FAILED),
    "dry_run": ("run", PLAN),
    "demo": ("demo", {"run": RUN, "home": "~/polyhost", "next": [["polyhost coverage slack", "See it."]]}),
    "coverage": ("coverage", COVERAGE),
    "records": ("records", RECORDS),
    "heads": ("records", {"records": [HEAD, GONE], "next": None}),
    "record": (
        "record",
        {"connection": "slack", "record": FULL, "versions": [FULL, FULL | {"version": 1, "data": {"text": "helo"}}]},
    ),
    "thread": (
        "thread",
        {"connection": "slack", "stream": "messages", "key": "k", "partition": "C1", "records": [HEAD, HEAD, GONE]}
        | {"next": "abc"},
    ),
    "counts": ("counts", COUNTS),
    "files": ("files", FILES),
    "search": ("search", FOUND),
    "nothing_found": ("search", FOUND | {"hits": [], "next": None, "complete": True, "pending": 0}),
    "export": ("export", EXPORTED),
    "exceptions": (
        "exceptions",
        {
            "connection": "slack",
            "total": 12,
            "next": "WyJt",
            "exceptions": [
                STANDING,
                STANDING
                | {"key": "U1", "partition": None, "set_aside": {"at": "2026-11-22T08:00:00Z", "reason": "left"}},
            ],
        },
    ),
    "exceptions_all": (
        "exceptions",
        {
            "connections": [
                {"connection": "slack", "total": 1, "exceptions": [STANDING], "next": None},
                {"connection": "family", "total": 0, "exceptions": [], "next": None},
                {"connection": "work", "total": 1, "exceptions": [STANDING], "next": None},
            ]
        },
    ),
    "exceptions_nowhere": ("exceptions", {"connections": []}),
    "hosts_all": (
        "hosts",
        {
            "connections": [
                {
                    "connection": "gulls",
                    "reaches": ["gulls.example", "any name below new.example"],
                    "unagreed": ["any name below new.example"],
                    "named": [],
                    "digest": "c1b3",
                },
                {"connection": "family", "reaches": [], "unagreed": [], "named": [], "digest": None},
            ]
        },
    ),
    "hosts_nowhere": ("hosts", {"connections": []}),
    "no_exceptions": ("exceptions", {"connection": "slack", "total": 0, "exceptions": [], "next": None}),
    "no_records": ("records", {"records": [], "next": None}),
    "no_runs": ("runs", {"connection": "slack", "runs": []}),
    "no_connections": ("connections", {"connections": []}),
}


@pytest.mark.parametrize("name", CASES)
def test_output_is_as_agreed(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TZ", "UTC")
    operation, value = CASES[name]
    render(BY_NAME[operation], value)
    shown = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines()) + "\n"
    golden = GOLDENS / f"{name}.txt"
    if os.environ.get("POLYHOST_GOLDENS") == "write":
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")


def test_what_was_found_stands_out_where_there_are_colours(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    render(BY_NAME["search"], FOUND)
    assert "the [red]\x1b[1;33mharbour\x1b[0m \x1b[1;33mlights\x1b[0m…" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["coverage", "exceptions", "records", "search"])
def test_foreign_text_cannot_act_on_the_terminal(name, capsys):
    """Control characters and markup in names and messages are shown as text."""
    operation, value = CASES[name]
    render(BY_NAME[operation], value)
    shown = capsys.readouterr().out
    assert "\x1b[31m" not in shown
    assert "[bold]" in shown or "[red]there[/]" in shown or "[red]harbour" in shown


def test_a_gap_says_how_many():
    told = {"severity": "gap", "code": "media_missing", "message": "without their media", "count": 1204}
    assert "without their media × 1,204" in bullet(told)
