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
    "CancelRequest",
    "CommitRequest",
    "ConnectRequest",
    "ConnectionsRequest",
    "DemoRequest",
    "DisconnectRequest",
    "ImportRequest",
    "PauseRequest",
    "QuestionsRequest",
    "RenameRequest",
    "ResumeRequest",
    "RunDetailsRequest",
    "RunRequest",
    "RunsRequest",
    "StartRequest",
    "UploadRequest",
]

MAX_SIGN_IN_SECONDS = 86_400
"""How long a window may wait for its owner: nobody comes back to it after a day."""
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
class RunsRequest:
    name: str = argument("The connection.")
    limit: int = limit("At most this many, newest first.", default=20)


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
