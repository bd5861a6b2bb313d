"""What only a server does: runs in its own process, their questions, files that were uploaded.

Owns: from a request's raw boundary to a job; nothing of it is mended on the way, so that null, an empty list, an array
or a misspelt key reaches the one function that refuses it. Must not know: HTTP, when something is due.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from polyhost.engine.control.run_control import ANSWERS, OpenQuestion
from polyhost.engine.control.timeline import Timeline
from polyhost.engine.events import RunStarted
from polyhost.engine.hosting.run_host import Ended, Job, RunHost, Voice
from polyhost.engine.imports.uploads import Upload, Uploads
from polyhost.engine.schedule.scheduler import Work
from polyhost.errors import ErrorCode, Failure, PolyhostError, RefusedError
from polyhost.instants import iso_from_seconds
from polyhost.operations import reading
from polyhost.operations.artifacts import import_file
from polyhost.operations.collect import collect_wanted
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.parsing import connection_name
from polyhost.operations.requests import (
    AnswerRequest,
    CommitRequest,
    ImportRequest,
    QuestionsRequest,
    RunDetailsRequest,
    StartRequest,
)

__all__ = [
    "HostedWork",
    "Upload",
    "answer",
    "commit",
    "follow",
    "preview",
    "questions",
    "run_details",
    "start",
    "take_upload",
    "timeline",
]


async def start(context: Context, request: StartRequest) -> Result[Any]:
    """Start a run; what can be refused is refused before it has begun."""
    run_id = await _host(context).start(_run_job(context, request.name, request.wanted), connection=request.name)
    return Result({"run_id": run_id})


async def run_details(context: Context, request: RunDetailsRequest) -> Result[Any]:
    """As it is stored; of a run here that has not come so far, or was refused after all, what is known."""
    try:
        found = (await reading.run_details(context, request)).value
        run = _host(context).control(request.run)
        return Result(found if run is None or not run.is_alive else found | {"paused": run.is_paused})
    except RefusedError:
        known = _not_stored(_host(context), request.run)
        if known is None:
            raise
        return Result(known)


def timeline(context: Context, run_id: str) -> Timeline | None:
    """What a run has said so far, and says from now on; None where it is not known here (any more)."""
    run = _host(context).control(run_id)
    return None if run is None else run.timeline


async def follow(context: Context, request: RunDetailsRequest) -> Result[Any]:
    """How a run that is known by nobody here ended: what a late watcher is told. RefusedError `unknown_run`."""
    async with context.store(create=False) as store:
        row = await store.runs.get(request.run)
    if row is None:
        raise RefusedError(f"there is no run {request.run!r}", "See: polyhost runs NAME", code=ErrorCode.UNKNOWN_RUN)
    return Result({"status": row.status, "result": dict(row.result)})


async def answer(context: Context, request: AnswerRequest) -> Result[Any]:
    """Hand an answer on. It is kept nowhere."""
    status, data = _answer(request.answer)
    await _host(context).answer(request.run, request.request_id, status, data)
    return Result({"run_id": request.run, "request_id": request.request_id, "status": status})


async def questions(context: Context, request: QuestionsRequest) -> Result[Any]:
    """Everything that is waited for now."""
    del request
    return Result({"questions": [_question_json(question) for question in _host(context).questions()]})


async def take_upload(
    context: Context, chunks: AsyncIterator[bytes], *, name: str, connection: str, source: str | None, size: int
) -> Upload:
    """A file, written as it comes. `size`: what its sender says it has, 0 where that is not said. RefusedError
    `upload_too_large`, before anything is read where that is known by then."""
    uploads, wanted = _uploads(context), connection_name(connection)
    if size > uploads.max_bytes:
        raise uploads.too_large()
    return await uploads.take(chunks, name=name, connection=wanted, source=source)


async def preview(context: Context, request: Upload) -> Result[Any]:
    """What importing an uploaded file would come to. A file that cannot be imported is gone again."""
    wanted = ImportRequest(
        name=connection_name(request.connection), file=str(request.path), preview=True, source=request.source
    )
    try:
        found = (await import_file(context, wanted)).value
    except PolyhostError:
        _uploads(context).drop(request)
        raise
    return Result({"artifact_id": request.id, "expires_at": iso_from_seconds(request.expires_at), "preview": found})


async def commit(context: Context, request: CommitRequest) -> Result[Any]:
    """Import it, as a run of this process."""
    uploads = _uploads(context)
    upload = uploads.claim(request.artifact)
    wanted = ImportRequest(name=upload.connection, file=str(upload.path), source=upload.source)

    async def job(voice: Voice) -> Mapping[str, Any]:
        heard = _Begun(voice)
        try:
            return (await import_file(heard.context(context), wanted)).value
        finally:
            (uploads.drop if heard.begun else uploads.put_back)(upload)

    return Result({"run_id": await _host(context).start(job, connection=upload.connection)})


@dataclass(slots=True)
class _Begun:
    """Notes whether a run has begun: what was refused before may be tried again."""

    voice: Voice
    begun: bool = False

    def context(self, context: Context) -> Context:
        def watch(event: Any) -> None:
            self.begun = self.begun or isinstance(event, RunStarted)
            self.voice.watch(event)

        return replace(_heard(context, self.voice), watch=watch)


def _run_job(context: Context, name: str, wanted: object) -> Job:
    async def job(voice: Voice) -> Mapping[str, Any]:
        return await collect_wanted(_heard(context, voice), name, wanted)

    return job


def _heard(context: Context, voice: Voice) -> Context:
    return replace(context, watch=voice.watch, answer=voice.answer, cancelled=voice.cancelled, pause=voice.pause)


def _answer(given: object) -> tuple[str, Any]:
    """`{status, data?}`; nothing else, and nothing of it in a refusal."""
    if not isinstance(given, dict) or given.keys() - {"status", "data"} or given.get("status") not in ANSWERS:
        raise RefusedError(
            "that is not an answer",
            'Give {"status": "success", "data": {…}} or {"status": "cancelled"}.',
            code=ErrorCode.BAD_ANSWER,
        )
    status, data = given["status"], given.get("data")
    if status == "success" and not isinstance(data, dict):
        raise RefusedError(
            "an answer has to be an object", "Give each field by its name in data.", code=ErrorCode.BAD_ANSWER
        )
    if status == "cancelled" and data is not None:
        raise RefusedError("who does not answer gives no data", "Leave data out.", code=ErrorCode.BAD_ANSWER)
    return status, data


def _question_json(question: OpenQuestion) -> dict[str, Any]:
    return {
        "connection": question.connection,
        "run_id": question.run_id,
        "request_id": question.request_id,
        "kind": question.kind,
        "message": question.message,
        "until": question.until,
        "fields": [
            {"name": field.name, "label": field.label, "secret": field.secret, "rule": dict(field.rule)}
            for field in question.fields
        ],
    }


def _not_stored(host: RunHost, run_id: str) -> dict[str, Any] | None:
    run = host.control(run_id)
    if run is None:
        return None
    ended = host.ended(run_id)
    error = None if ended is None else ended.error
    value = {"run_id": run_id, "status": "running" if ended is None else "refused", "connection": run.connection}
    return value | {
        "paused": run.is_paused,
        "mode": None,
        "method": None,
        "scope": {},
        "started_at": None,
        "finished_at": None,
        "streams": {},
        "diagnostics": [],
        "requests": 0,
        "batch_id": None,
        "receipt": None,
        "error": None if error is None else _problem(error),
    }


def _problem(error: PolyhostError) -> Failure:
    return error.as_json()


def _host(context: Context) -> RunHost:
    if context.host is None:
        raise RefusedError("nothing runs in this process", "Start a server: polyhost serve", code=ErrorCode.NO_SERVER)
    return context.host


def _uploads(context: Context) -> Uploads:
    if context.uploads is None:
        raise RefusedError("nothing can be uploaded here", "Start a server: polyhost serve", code=ErrorCode.NO_SERVER)
    return context.uploads


@dataclass(frozen=True, slots=True)
class HostedWork(Work):
    """What the scheduler starts, through the same host as what the owner starts."""

    context: Context

    async def collect(self, connection: str) -> None:
        host = _host(self.context)
        job = _run_job(replace(self.context, trigger="schedule"), connection, {})
        ended: Ended | None = await host.finished(await host.start(job, connection=connection, trigger="schedule"))
        if ended is not None and ended.error is not None:
            raise ended.error

    async def import_watched(self, connection: str) -> None:
        await import_file(replace(self.context), ImportRequest(name=connection, watched=True))
