"""Importing what an owner exported: a file that is there, a watched folder, or a file that is uploaded and committed.

Owns: what of an upload becomes of it. Must not know: how a file is recognised or imported (`artifacts`), HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

from polyhost.engine.run.result_json import RunResult
from polyhost.errors import ErrorCode, Failure, PolyhostError
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import Names, argument, flag, option
from polyhost.operations.operation import Exchange, Result, Route, Section, operation
from polyhost.operations.parsing import connection_name
from polyhost.operations.shared_results import Started

if TYPE_CHECKING:
    from polyhost.engine.hosting.run_host import Voice
    from polyhost.engine.imports.uploads import Upload
    from polyhost.operations.context import Context

__all__ = [
    "CommitRequest",
    "Import",
    "ImportRequest",
    "Previewed",
    "UploadRequest",
    "WatchedImports",
    "commit",
    "import_file",
    "preview",
]


class Import(RunResult):
    """What an import came to; or, `preview` true, what it would come to: nothing of it is stored, and its ids name
    nothing."""

    preview: bool


class WatchedImports(TypedDict):
    """What the new files of a watched folder came to. `refused_before`: files that were refused earlier, and are still
    there. No file is named: people are, in such names."""

    connection: str
    imports: list[Import]
    refused: list[Failure]
    refused_before: list[Failure]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    name: str = common.connection("The connection to import into; made where there is none.")
    file: str | None = argument(
        "An export: a ZIP, a folder or a file.", metavar="[FILE]", default=None, names=Names.FILE
    )
    preview: bool = flag("Say what importing would come to, and write nothing.")
    source: str | None = option(
        "What the export is of. Default: it is recognised.", metavar="SOURCE", names=Names.SOURCE
    )
    watched: bool = flag("Import what is new in the folder the connection watches (connect --watch).")
    files: bool = flag("Take the files of its records out of it, too: pictures, documents, recordings.")
    files_max_size: str | None = common.files_max_size()
    files_type: tuple[str, ...] = common.files_type()
    allow_gaps: bool = flag("End with status 0 although gaps were found.")


@operation(
    "import",
    "Import a file you exported yourself, or see first what that would come to.",
    section=Section.FIRST_STEPS,
    details="Takes in an export of your own, through the same checks as a run, and gives it a receipt. It is safe to "
    "repeat, in any order: what is known already is neither doubled nor taken back to an older version.",
    examples=(
        "polyhost import slack export.zip --preview",
        "polyhost import slack export.zip",
        "polyhost import slack export.zip --files --files-max-size 100MB",
        "polyhost import family chat.zip --source whatsapp",
    ),
    ends_as_a_run=True,
)
async def import_file(context: Context, request: ImportRequest) -> Result[Import | WatchedImports]:
    """Import a file, preview one, or import what is new in the watched folder."""
    from polyhost.operations.artifacts import import_named, import_watched

    return await (import_watched if request.watched else import_named)(context, request)


class Previewed(TypedDict):
    """A file that was uploaded, and what importing it would come to. It is kept until `expires_at`, to be committed."""

    artifact_id: str
    expires_at: str
    preview: Import


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRequest:
    name: str = common.connection("The connection to import into; made where there is none.")
    filename: str = argument("What the file is called: some exports are told by their names.")
    source: str | None = option("What the export is of. Default: it is recognised.")


@import_file.route(
    Route("POST", "/v1/connections/{name}/artifacts", 201, exchange=Exchange.UPLOAD),
    asked=UploadRequest,
    refusals=(ErrorCode.NOT_RECOGNISED, ErrorCode.OTHER_ACCOUNT),
)
async def preview(context: Context, request: Upload) -> Result[Previewed]:
    """What importing an uploaded file would come to. A file that cannot be imported is gone again."""
    from polyhost.instants import iso_from_seconds
    from polyhost.operations.artifacts import import_one
    from polyhost.operations.hosted import uploads_of

    wanted = ImportRequest(
        name=connection_name(request.connection), file=str(request.path), preview=True, source=request.source
    )
    try:
        found = await import_one(context, wanted, request.path, trigger="upload")
    except PolyhostError:
        uploads_of(context).drop(request)
        raise
    value = Previewed(artifact_id=request.id, expires_at=iso_from_seconds(request.expires_at), preview=found)
    return Result(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRequest:
    artifact: str = argument("The uploaded file's id.")
    files: bool = flag("Take the files of its records out of it, too: pictures, documents, recordings.")
    files_max_size: str | None = common.files_max_size()
    files_type: tuple[str, ...] = common.files_type()


@operation(
    "import commit",
    "Import an uploaded file, as its preview said.",
    routes=(Route("POST", "/v1/artifacts/{artifact}/commit", 202),),
    refusals=(ErrorCode.UNKNOWN_ARTIFACT,),
    command=False,
    only="In a terminal the file is there already: import NAME FILE, after import NAME FILE --preview.",
)
async def commit(context: Context, request: CommitRequest) -> Result[Started]:
    """Import it, as a run of this process."""
    from polyhost.operations.artifacts import import_one
    from polyhost.operations.hosted import Begun, host_of, uploads_of

    uploads = uploads_of(context)
    upload = uploads.claim(request.artifact)
    wanted = ImportRequest(
        name=upload.connection,
        file=str(upload.path),
        source=upload.source,
        files=request.files,
        files_max_size=request.files_max_size,
        files_type=request.files_type,
    )

    async def job(voice: Voice) -> Mapping[str, Any]:
        heard = Begun(voice)
        try:
            return await import_one(heard.context(context), wanted, upload.path, trigger="upload")
        finally:
            (uploads.drop if heard.begun else uploads.put_back)(upload)

    return Result(Started(run_id=await host_of(context).start(job, connection=upload.connection)))
