"""The typed requests of every operation. Plain dataclasses: the names and help texts are what owners read.

Must not know: how a request is carried out, or which surface it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from polyhost.errors import ErrorCode
from polyhost.operations.fields import argument, body, flag, limit, number, option

__all__ = [
    "AnswerRequest",
    "BatchesRequest",
    "CancelRequest",
    "CommitRequest",
    "ConnectRequest",
    "ConnectionsRequest",
    "CountsRequest",
    "CoverageRequest",
    "DemoRequest",
    "DisconnectRequest",
    "ExportRequest",
    "ImportRequest",
    "PauseRequest",
    "QuestionsRequest",
    "ReceiptRequest",
    "RecordRequest",
    "RecordsRequest",
    "RenameRequest",
    "RestoreRequest",
    "ResumeRequest",
    "RetireRequest",
    "RunDetailsRequest",
    "RunRequest",
    "RunsRequest",
    "SearchRequest",
    "StartRequest",
    "StatusRequest",
    "ThreadRequest",
    "UploadRequest",
]

MAX_SIGN_IN_SECONDS = 86_400
"""How long a window may wait for its owner: nobody comes back to it after a day."""
MAX_WAIT_SECONDS = 3_600
"""How long a search may take in what is new: more than the largest store takes."""
MAX_CHANGE = 2**63 - 1
"""Change numbers are 64-bit integers in every store."""
MAX_RECORDS = 1_000_000
"""Records one command prints; more is an export's job."""
_MAP_HOST = "Send a site's traffic to a loopback address instead (test servers only)."


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectRequest:
    source: str = argument("What to connect: a bundled source (slack) or a folder with a manifest.")
    name: str | None = option("The connection's name. Default: the source's.", metavar="NAME")
    cdp: str | None = option(
        "Take the session from a browser that runs already, by its debugging address; it is left as it is.",
        metavar="URL",
    )
    cookies_from: str | None = option(
        "Take the site's cookies from an installed browser: firefox, chrome, edge, brave…", metavar="BROWSER[:PROFILE]"
    )
    cookies: str | None = option("Take the site's cookies from a cookies.txt.", metavar="FILE")
    storage_state: str | None = option("A saved browser session (Playwright storage state).", metavar="FILE")
    workspace: tuple[str, ...] = option(
        "Connect this workspace of those you are signed in to, by id or name. Repeat for more.",
        metavar="ID",
        default=(),
    )
    all: bool = flag("Make a connection for each workspace you are signed in to.")
    wait: int = number(
        "How long to wait for you to sign in.",
        metavar="SECONDS",
        default=900,
        least=1,
        most=MAX_SIGN_IN_SECONDS,
        code=ErrorCode.BAD_WAIT,
    )
    map_host: tuple[str, ...] = option(_MAP_HOST, metavar="PATTERN=127.0.0.1:PORT", default=())
    insecure_tls: bool = flag("Accept any certificate from mapped hosts (test servers only).")
    watch: str | None = option("A folder where exports arrive; see import --watched.", metavar="DIR")
    renew: bool = flag("Give a connection that exists a new session; its data and its ledger stay.")
    legacy_state: str | None = option(
        "State kept by another tool: a cursor file to start from instead of the beginning.", metavar="FILE"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    name: str = argument("The connection to collect.")
    stream: tuple[str, ...] = option("Only this stream. Repeat for more.", metavar="STREAM", default=())
    resource: tuple[str, ...] = option(
        "Only these resources of a stream, e.g. messages=C1,C2. Repeat for more.", metavar="STREAM=ID,ID", default=()
    )
    since: str | None = option(
        "Only records from this time on (ISO 8601; a bare date is midnight UTC).", metavar="TIME"
    )
    until: str | None = option("Only records before this time.", metavar="TIME")
    full: bool = flag("Read everything again, also what is covered, to catch old edits and deletions.")
    dry_run: bool = flag("Say what would be fetched, by partition, and write nothing.")
    replay: str | None = option("Replay a recorded scenario offline instead of going to the site.", metavar="DIR")
    record: str | None = option("Record the run as a scenario, scrubbed of secrets and personal data.", metavar="DIR")
    map_host: tuple[str, ...] = option(_MAP_HOST, metavar="PATTERN=127.0.0.1:PORT", default=())
    insecure_tls: bool = flag("Accept any certificate from mapped hosts (test servers only).")
    headed: bool = flag("Show the browser while it collects.")
    trace: str | None = option(
        "Write what passed, without content, there; of a run that fails it is kept anyway.", metavar="DIR"
    )
    allow_gaps: bool = flag("End with status 0 although gaps were found.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    name: str = argument("The connection to import into; made where there is none.")
    file: str | None = argument("An export: a ZIP, a folder or a file.", metavar="[FILE]", default=None)
    preview: bool = flag("Say what importing would come to, and write nothing.")
    source: str | None = option("What the export is of. Default: it is recognised.", metavar="SOURCE")
    watched: bool = flag("Import what is new in the folder the connection watches (connect --watch).")
    allow_gaps: bool = flag("End with status 0 although gaps were found.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRequest:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionsRequest:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsRequest:
    name: str = argument("The connection.")
    stream: str = argument("The stream, e.g. messages.")
    partition: str | None = option("Only this partition, e.g. one channel's id.", metavar="KEY")
    since: str | None = option("Only records from this time on (ISO 8601).", metavar="TIME")
    until: str | None = option("Only records before this time.", metavar="TIME")
    limit: int = limit("At most this many (0: all).", default=50, least=0, most=MAX_RECORDS)
    after: str | None = option("Go on after this cursor (`next` of the page before).", metavar="CURSOR")
    newest: bool = flag("The newest first.")
    heads: bool = flag("Only heads of groups, e.g. no replies; says how many members each has.")
    deleted: bool = flag("Show records the source has deleted, too.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRequest:
    name: str = argument("The connection.")
    stream: str = argument("The stream, e.g. messages.")
    key: str = argument("The record's key, as records shows it.")
    versions: bool = flag("Show what it was before, too.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRequest:
    name: str = argument("The connection.")
    stream: str = argument("The stream, e.g. messages.")
    key: str = argument("The key of any record of the group, as records shows it.")
    limit: int = limit("At most this many at once.", default=1000)
    after: str | None = option("Go on after this cursor (`next` of the page before).", metavar="CURSOR")
    deleted: bool = flag("Show records the source has deleted, too.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsRequest:
    name: str = argument("The connection.")
    stream: str = argument("The stream, e.g. messages.")
    partition: tuple[str, ...] = option("Only this partition. Repeat for more.", metavar="KEY", default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    text: str = argument('What to find: words, "a phrase", -without, beginning*.')
    connection: tuple[str, ...] = option("Only in this connection. Repeat for more.", metavar="NAME", default=())
    stream: str | None = option("Only in this stream, e.g. messages.", metavar="STREAM")
    partition: str | None = option("Only in this partition, e.g. one channel's id.", metavar="KEY")
    since: str | None = option("Only what happened from this time on (ISO 8601).", metavar="TIME")
    until: str | None = option("Only what happened before this time.", metavar="TIME")
    limit: int = limit("At most this many.", default=20)
    after: str | None = option("Go on after this cursor (`next` of the page before).", metavar="CURSOR")
    deleted: bool = flag("Search what the source has deleted, too.")
    wait: float | None = number(
        "At most so long taking in what is new before searching. Default: 1; nothing of what is being collected now.",
        metavar="SECONDS",
        type=float,
        most=MAX_WAIT_SECONDS,
        code=ErrorCode.BAD_WAIT,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    name: str = argument("The connection.")
    format: str | None = option("jsonl, csv, sqlite, markdown or html.", metavar="FORMAT")
    to: str | None = option("The directory to write into; new, empty, or an earlier export.", metavar="DIR")
    stream: tuple[str, ...] = option("Only this stream. Repeat for more.", metavar="STREAM", default=())
    partition: str | None = option("Only this partition of streams that have any.", metavar="KEY")
    since: str | None = option("Only from this time on, of streams ordered by time (ISO 8601).", metavar="TIME")
    until: str | None = option("Only before this time.", metavar="TIME")
    deleted: bool = flag("Records the source has deleted, too.")
    versions: bool = flag("What records were before they were edited, too.")
    changes: bool = flag("Add what has changed since the export that is in the directory, deletions included.")
    changes_since: int | None = number(
        "Only what has changed after this change number.", most=MAX_CHANGE, code=ErrorCode.BAD_CHANGES_SINCE
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRequest:
    name: str = argument("The connection.")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    name: str | None = argument("The connection. Default: every one.", metavar="[NAME]", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsRequest:
    name: str = argument("The connection.")
    limit: int = limit("At most this many, newest first.", default=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireRequest:
    name: str = argument("The connection.")
    stream: str = argument("The stream, e.g. messages.")
    key: str = argument("The partition's key, as coverage shows it.")
    reason: str | None = option("Why, for the record.", metavar="TEXT")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequest:
    name: str = argument("The connection.")
    stream: str = argument("The stream, e.g. messages.")
    key: str = argument("The partition's key, as coverage shows it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    run: str = argument("A run's id, as runs shows it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRequest:
    run: str = argument("A run's id, as runs shows it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequest:
    run: str = argument("A run's id, as runs shows it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchesRequest:
    name: str = argument("The connection.")
    limit: int = limit("At most this many, newest first.", default=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRequest:
    batch: str = argument("A batch or run id.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectRequest:
    name: str = argument("The connection.")
    keep_data: bool = flag("Keep what was collected, readable and searchable.")
    delete_data: bool = flag("Delete what was collected, with its history, receipts and runs.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameRequest:
    name: str = argument("The connection.", metavar="OLD")
    to: str = argument("What it is called from now on.", metavar="NEW")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetailsRequest:
    run: str = argument("A run's id.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequest:
    run: str = argument("The id of the run that asks.")
    request_id: str = argument("The id of what it asks.")
    answer: Any = body("The answer, or that there is none.", of="Answer")  # noqa: RUF009  a field, as the others are


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionsRequest:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRequest:
    artifact: str = argument("The uploaded file's id.")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    name: str = argument("The connection to collect.")
    wanted: Any = body("What to collect; {} is everything that is new.", of="RunWanted")  # noqa: RUF009  a field, as the others are


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRequest:
    name: str = argument("The connection to import into; made where there is none.")
    filename: str = argument("What the file is called: some exports are told by their names.")
    source: str | None = option("What the export is of. Default: it is recognised.")
