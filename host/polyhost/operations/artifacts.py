"""Importing what an owner exported: from a path to an import that can start.

Owns: which source a file is of, which connection it goes into, what of a watched folder is new. Must not know: how an
import is carried out, what is in a file.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from polyhost.artifacts.base import Artifact, Importer, Recognition
from polyhost.artifacts.opening import open_artifact
from polyhost.connectors.loading import BrokenSource, LoadedSource, find_sources
from polyhost.engine.files.rubbish import tidy_up
from polyhost.engine.files.wanted import FilesWanted
from polyhost.engine.imports import import_run
from polyhost.engine.imports.connector import load_importer
from polyhost.engine.imports.watched_folder import (
    RefusedFile,
    dealt_with,
    keep_refused,
    refused_files,
    waiting_files,
    watched_folder,
)
from polyhost.engine.run.collect import RunContext
from polyhost.engine.settings.config import load_config
from polyhost.engine.sources.lookup import find_source
from polyhost.errors import ErrorCode, Failure, RefusedError
from polyhost.files.contents import Contents
from polyhost.operations.context import Context
from polyhost.operations.importing import Import, ImportRequest, WatchedImports
from polyhost.operations.operation import Result
from polyhost.operations.parsing import connection_name
from polyhost.protocol.declarations import ImporterDecl
from polyhost.protocol.diagnostics import RunStatus
from polyhost.store import memos
from polyhost.store.base import ConnectionRow, Store
from polyhost.store.memory import MemoryStore

__all__ = ["import_named", "import_one", "import_watched"]

_REFUSED = 2
_GRAVEST_FIRST = (130, 4, 1, _REFUSED, 3)
"""Exit statuses of the files of a folder, of which one is that of the whole."""


@dataclass(frozen=True, slots=True)
class _Recognised:
    source: LoadedSource
    declared: ImporterDecl
    importer: Importer
    recognition: Recognition


async def import_named(context: Context, request: ImportRequest) -> Result[Import]:
    """Import the file that is named, or preview it."""
    if request.file is None:
        raise RefusedError(
            "no file was named", "Give one: polyhost import NAME FILE, or --watched.", code=ErrorCode.NO_SUCH_FILE
        )
    result = await import_one(context, request, _path(request.file), trigger="upload")
    return Result(result, exit_code=_exit_code(result, request))


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _exit_code(result: Import, request: ImportRequest) -> int:
    status = RunStatus(result["status"])
    return 0 if status is RunStatus.COMPLETE_WITH_GAPS and request.allow_gaps else status.exit_code


async def import_one(context: Context, request: ImportRequest, path: Path, *, trigger: str) -> Import:
    """One file, or the preview of one, into the connection that is asked for; made where there is none."""
    name = connection_name(request.name)
    taking = _files(context, request)
    async with AsyncExitStack() as opened:
        artifact = opened.enter_context(open_artifact(path))
        real = await opened.enter_async_context(context.store()) if _may_write(context, request) else None
        store: Store = real or MemoryStore()
        row = await store.connections.get(name)
        _check_nature(row)
        found = _recognise(artifact, _candidates(context, request, row))
        is_new = row is None
        if row is None:
            # A preview must not make the connection either: it is shown what an empty one would come to.
            target: Store = MemoryStore() if request.preview else store
            row = await _create(target, context, name, found.source)
            store = target
        around = RunContext(
            store=store,
            clock=context.clock,
            watch=context.watch,
            answer=context.answer,
            cancelled=context.cancelled,
            pause=context.pause,
        )
        what = import_run.Import(
            connection=row,
            source=found.source,
            declared=found.declared,
            importer=found.importer,
            artifact=artifact,
            recognition=found.recognition,
            trigger=trigger,
            preview=request.preview,
            files=taking,
        )
        try:
            result = await import_run.import_artifact(what, around)
        except RefusedError:
            if is_new and not await store.runs.newest(row.id, limit=1):  # somebody else may import into it by now
                await store.connections.delete(row.id)  # it was made for this file alone
            raise
        if taking is not None and real is not None:
            await tidy_up(real, context.home)
    return Import(**result, preview=request.preview)


def _files(context: Context, request: ImportRequest) -> import_run.TakeFiles | None:
    """Where files are asked for, or a watched folder's are taken by what is set."""
    settings = load_config(context.home).files
    wanted = FilesWanted.of(settings, max_size=request.files_max_size, types=request.files_type)
    is_asked = request.files or (request.watched and settings.with_runs)
    if not is_asked and (request.files_max_size is not None or request.files_type):
        raise RefusedError("--files-max-size and --files-type are about files, and none are asked for", "Give --files.")
    return import_run.TakeFiles(wanted, Contents(context.home)) if is_asked else None


def _may_write(context: Context, request: ImportRequest) -> bool:
    """A preview into a home that does not exist leaves it at that."""
    return not request.preview or (context.home / "store.db").exists()


async def _create(store: Store, context: Context, name: str, source: LoadedSource) -> ConnectionRow:
    return await store.connections.create(
        name=name, source=source.reference, nature="live", options={}, account={}, at=context.clock.iso()
    )


def _check_nature(row: ConnectionRow | None) -> None:
    if row is not None and row.nature in {"demo", "replay"}:
        raise RefusedError(
            f"{row.name} was made from a recording; your own data must not get mixed into it",
            "Import under another name: polyhost import OTHER FILE",
            code=ErrorCode.IMPORT_INTO_REPLAY,
        )


def _candidates(context: Context, request: ImportRequest, row: ConnectionRow | None) -> list[LoadedSource]:
    if row is None and request.source is None:
        everything = find_sources(context.home / "polyfills")
        return [one for one in everything if not isinstance(one, BrokenSource) and one.manifest.importer is not None]
    source = find_source(request.source or (row.source if row is not None else ""), context.home)
    if row is not None and source.reference != find_source(row.source, context.home).reference:
        raise RefusedError(
            f"{row.name} is a connection of {row.source}, not of {source.name}",
            "Import under another name.",
            code=ErrorCode.OTHER_SOURCE,
        )
    return [source]


def _recognise(artifact: Artifact, candidates: list[LoadedSource]) -> _Recognised:
    found: list[_Recognised] = []
    for source in candidates:
        importer = load_importer(source)
        declared = source.manifest.importer
        recognition = importer.recognise(artifact)
        if recognition is not None and declared is not None:
            found.append(_Recognised(source, declared, importer, recognition))
    if len(found) == 1:
        return found[0]
    known = ", ".join(source.name for source in candidates)
    if not found:
        raise RefusedError(
            f"{artifact.name} is not an export that is known here",
            f"polyhost reads exports of: {known}. Was it the file itself, as it was downloaded?",
            code=ErrorCode.NOT_RECOGNISED,
        )
    both = " and ".join(one.source.name for one in found)
    raise RefusedError(
        f"{artifact.name} could be of {both}", "Choose one with --source SOURCE.", code=ErrorCode.RECOGNISED_TWICE
    )


async def import_watched(context: Context, request: ImportRequest) -> Result[WatchedImports]:
    """Files that are new in the watched folder, oldest first. One that cannot be imported does not stop the others."""
    if request.file is not None or request.preview:
        raise RefusedError("--watched goes alone", "Leave the file and --preview out.", code=ErrorCode.BAD_REQUEST)
    async with context.store(create=False) as store:
        row = await context.connection(store, request.name)
        folder, seen = watched_folder(row), await dealt_with(store, row)
        kept = await refused_files(store, row)
    if folder is None:
        raise RefusedError(
            f"{row.name} watches no folder",
            f"To watch a folder: polyhost connect {row.source} --name {row.name} --watch DIR",
            code=ErrorCode.NOT_WATCHING,
        )
    imported: list[Import] = []
    refused: list[Failure] = []
    waiting = waiting_files(folder, seen)
    before = [_told(one) for name, one in kept.items() if name not in {file.path.name for file in waiting}]
    for file in waiting:
        kept.pop(file.path.name, None)
        try:
            imported.append(await import_one(context, request, file.path, trigger="watched_folder"))
        except RefusedError as error:
            if error.code == ErrorCode.RUN_IN_PROGRESS:
                raise  # says nothing of the file: it stays where it is, and waits for the next time
            why = RefusedFile(file.stamp, context.clock.iso(), error.code, error.reason, error.instruction)
            kept[file.path.name] = why
            refused.append(_told(why))
        seen[file.path.name] = file.stamp
        async with context.store() as store:
            await store.connections.save_memo(row.id, memos.WATCHED_FILES, seen)
            await keep_refused(store, row, kept)
    codes = [_exit_code(result, request) for result in imported]
    if refused:
        codes.append(_REFUSED)
    value = WatchedImports(connection=row.name, imports=imported, refused=refused, refused_before=before)
    return Result(value, exit_code=next((code for code in _GRAVEST_FIRST if code in codes), 0))


def _told(refused: RefusedFile) -> Failure:
    return Failure(code=refused.code, reason=refused.reason, instruction=refused.instruction)
