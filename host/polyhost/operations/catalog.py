"""The table of operations. A surface shows exactly these."""

from __future__ import annotations

from polyhost.operations import requests
from polyhost.operations.registry import Operation

__all__ = ["GROUPS", "OPERATIONS"]

GROUPS = {
    "config": "The settings in this home's config.toml.",
    "partitions": "Let a missing partition go, or take it back.",
    "schedule": "When connections run by themselves, while polyhost serve runs.",
    "notify": "Being told when you are needed.",
    "polyfill": "The scripts that collect: list them, check them.",
}
"""Operations with two words in their name, by the first."""

OPERATIONS = (
    Operation(
        "demo",
        requests.DemoRequest,
        "polyhost.operations.collect:demo",
        "Replay the bundled Slack recording and show what came of it.",
        ("polyhost demo",),
    ),
    Operation(
        "connect",
        requests.ConnectRequest,
        "polyhost.operations.connections:connect",
        "Connect a source: sign in once in a window of your own, or hand a session over.",
        (
            "polyhost connect slack",
            "polyhost connect slack --name work",
            "polyhost connect slack --renew",
            "polyhost connect slack --all",
            "polyhost connect slack --cookies-from firefox",
            "polyhost connect slack --cdp http://127.0.0.1:9222",
            "polyhost connect slack --storage-state session.json",
        ),
    ),
    Operation(
        "connections",
        requests.ConnectionsRequest,
        "polyhost.operations.connections:connections",
        "List what is connected.",
        ("polyhost connections",),
    ),
    Operation(
        "run",
        requests.RunRequest,
        "polyhost.operations.collect:run",
        "Collect what is new, and say what is missing.",
        (
            "polyhost run slack",
            "polyhost run slack --dry-run",
            "polyhost run slack --resource messages=C024BE91L --since 2026-01-01",
            "polyhost run slack --json | jq .diagnostics",
        ),
    ),
    Operation(
        "import",
        requests.ImportRequest,
        "polyhost.operations.artifacts:import_file",
        "Import a file you exported yourself, or see first what that would come to.",
        (
            "polyhost import slack export.zip --preview",
            "polyhost import slack export.zip",
            "polyhost import family chat.zip --source whatsapp",
        ),
    ),
    Operation(
        "status",
        requests.StatusRequest,
        "polyhost.operations.status:status",
        "Show how each connection is: what works, how far it reaches, and what only you can do.",
        ("polyhost status", "polyhost status slack", "polyhost status slack --json | jq .next_actions"),
    ),
    Operation(
        "records",
        requests.RecordsRequest,
        "polyhost.operations.reading:records",
        "Read stored records.",
        ("polyhost records slack messages --partition C024BE91L --limit 10", "polyhost records slack users --json"),
    ),
    Operation(
        "record",
        requests.RecordRequest,
        "polyhost.operations.looking:record",
        "Show one record, and what it was before it was edited.",
        ('polyhost record slack messages \'["C024BE91L","1790000000.000100"]\' --versions',),
    ),
    Operation(
        "thread",
        requests.ThreadRequest,
        "polyhost.operations.looking:thread",
        "Show the group a record belongs to: a message with its replies.",
        ('polyhost thread slack messages \'["C024BE91L","1790000000.000100"]\'',),
    ),
    Operation(
        "counts",
        requests.CountsRequest,
        "polyhost.operations.looking:counts",
        "Count what a stream and its partitions hold.",
        ("polyhost counts slack messages", "polyhost counts slack messages --partition C024BE91L --json"),
    ),
    Operation(
        "search",
        requests.SearchRequest,
        "polyhost.operations.search:search",
        "Find text in everything that is stored, the newest first.",
        (
            "polyhost search 'harbour lights'",
            "polyhost search '\"harbour lights\" -berth' --connection slack --since 2026-01-01",
        ),
    ),
    Operation(
        "export",
        requests.ExportRequest,
        "polyhost.operations.export:export",
        "Write what is stored into files, for use without polyhost.",
        (
            "polyhost export slack --format jsonl --to ~/slack-export",
            "polyhost export slack --format html --to ~/slack-pages --stream messages --since 2026-01-01",
            "polyhost export slack --format jsonl --to ~/slack-export --changes",
        ),
    ),
    Operation(
        "coverage",
        requests.CoverageRequest,
        "polyhost.operations.reading:coverage",
        "Show how far each partition is covered, where the holes are, and what mends them.",
        ("polyhost coverage slack",),
    ),
    Operation(
        "runs",
        requests.RunsRequest,
        "polyhost.operations.reading:runs",
        "List past runs, newest first.",
        ("polyhost runs slack",),
    ),
    Operation(
        "cancel",
        requests.CancelRequest,
        "polyhost.operations.collect:cancel",
        "Ask a run in another process to stop and keep what it has read.",
        ("polyhost cancel run_019a…",),
    ),
    Operation(
        "partitions retire",
        requests.RetireRequest,
        "polyhost.operations.partitions:retire",
        "Accept that a missing partition is gone: keep its records, stop reporting it.",
        ('polyhost partitions retire slack messages C024BE91L --reason "left the project"',),
    ),
    Operation(
        "partitions restore",
        requests.RestoreRequest,
        "polyhost.operations.partitions:restore",
        "Take back a retirement.",
        ("polyhost partitions restore slack messages C024BE91L",),
    ),
    Operation(
        "schedule show",
        requests.ScheduleShowRequest,
        "polyhost.operations.schedule:show",
        "Show when each connection runs by itself, and what it waits for.",
        ("polyhost schedule show", "polyhost schedule show slack --json"),
    ),
    Operation(
        "schedule set",
        requests.ScheduleSetRequest,
        "polyhost.operations.schedule:set_schedule",
        "Choose how often a connection runs by itself, and when never.",
        (
            "polyhost schedule set slack --every 6h",
            "polyhost schedule set slack --quiet-hours 22:00-07:00",
            "polyhost schedule set slack --manual",
        ),
    ),
    Operation(
        "schedule pause",
        requests.SchedulePauseRequest,
        "polyhost.operations.schedule:pause",
        "Start no run of a connection by itself, until a time or until it is resumed.",
        ("polyhost schedule pause slack", "polyhost schedule pause slack --until 3d"),
    ),
    Operation(
        "schedule resume",
        requests.ScheduleResumeRequest,
        "polyhost.operations.schedule:resume",
        "Take a pause back.",
        ("polyhost schedule resume slack",),
    ),
    Operation(
        "batches",
        requests.BatchesRequest,
        "polyhost.operations.reading:batches",
        "List acquisition batches, newest first.",
        ("polyhost batches slack",),
    ),
    Operation(
        "notify test",
        requests.NotifyTestRequest,
        "polyhost.operations.notify:test",
        "Send a notification the way the settings say, to see whether it arrives.",
        ("polyhost notify test",),
    ),
    Operation(
        "polyfill list",
        requests.SourcesRequest,
        "polyhost.operations.sources:list_sources",
        "List what can be connected.",
        ("polyhost polyfill list",),
    ),
    Operation(
        "polyfill check",
        requests.CheckRequest,
        "polyhost.operations.polyfills:check",
        "Run a connector through every rule of the protocol and report what it keeps.",
        (
            "polyhost polyfill check ./my-connector",
            "polyhost polyfill check polyfills/slack --scenario fixtures/slack/small",
        ),
    ),
    Operation(
        "receipt",
        requests.ReceiptRequest,
        "polyhost.operations.reading:receipt",
        "Show the receipt of one batch or run.",
        ("polyhost receipt run_019a…",),
    ),
    Operation(
        "config explain",
        requests.ConfigExplainRequest,
        "polyhost.operations.config:explain",
        "Show every setting, what it is, and where its value comes from.",
        ("polyhost config explain", "polyhost config explain --json"),
    ),
    Operation(
        "config path",
        requests.ConfigPathRequest,
        "polyhost.operations.config:path",
        "Print where the settings are read from.",
        ("polyhost config path", '$EDITOR "$(polyhost config path)"'),
    ),
    Operation(
        "doctor",
        requests.DoctorRequest,
        "polyhost.operations.doctor:doctor",
        "Look over everything a run depends on, and say what to do about what is wrong.",
        (
            "polyhost doctor",
            "polyhost doctor --online",
            "polyhost doctor --json | jq '.findings[] | select(.grade != \"ok\")'",
        ),
    ),
    Operation(
        "disconnect",
        requests.DisconnectRequest,
        "polyhost.operations.leaving:disconnect",
        "Forget a connection's session, and keep or delete its data.",
        ("polyhost disconnect slack", "polyhost disconnect slack --keep-data", "polyhost disconnect old --delete-data"),
    ),
    Operation(
        "rename",
        requests.RenameRequest,
        "polyhost.operations.leaving:rename",
        "Give a connection another name.",
        ("polyhost rename slack work",),
    ),
)
