"""What only a server has: runs of its own process, and files that were uploaded to it.

Owns: from a request's raw boundary to a job; nothing of it is mended on the way, so that null, an empty list, an array
or a misspelt key reaches the one function that refuses it. Must not know: HTTP, when something is due.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from polyhost.engine.control.timeline import Timeline
from polyhost.engine.events import RunStarted
from polyhost.engine.hosting.run_host import Ended, Job, RunHost, Voice
from polyhost.engine.imports.uploads import Upload, Uploads
from polyhost.engine.schedule.scheduler import Work
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.artifacts import import_watched
from polyhost.operations.collect import collect_wanted
from polyhost.operations.context import Context
from polyhost.operations.importing import ImportRequest
from polyhost.operations.parsing import connection_name

__all__ = ["Begun", "HostedWork", "Upload", "heard_by", "host_of", "run_job", "take_upload", "timeline", "uploads_of"]


def host_of(context: Context) -> RunHost:
    """The runs of this process. RefusedError `no_server` where it has none."""
    if context.host is None:
        raise RefusedError("no run goes on in this process", "Start a server: polyhost serve", code=ErrorCode.NO_SERVER)
    return context.host


def uploads_of(context: Context) -> Uploads:
    """What was uploaded to this process. RefusedError `no_server` where nothing can be."""
    if context.uploads is None:
        raise RefusedError("nothing can be uploaded here", "Start a server: polyhost serve", code=ErrorCode.NO_SERVER)
    return context.uploads


async def timeline(context: Context, run_id: str) -> Timeline | None:
    """What a run has said so far, and says from now on; None where it is not known here (any more)."""
    run = await host_of(context).sought(run_id)
    return None if run is None else run.timeline


async def take_upload(
    context: Context, chunks: AsyncIterator[bytes], *, name: str, connection: str, source: str | None, size: int
) -> Upload:
    """A file, written as it comes. `size`: what its sender says it has, 0 where that is not said. RefusedError
    `upload_too_large`, before anything is read where that is known by then."""
    uploads, wanted = uploads_of(context), connection_name(connection)
    if size > uploads.max_bytes:
        raise uploads.too_large()
    return await uploads.take(chunks, name=name, connection=wanted, source=source)


def run_job(context: Context, name: str, wanted: object) -> Job:
    """A run of a connection, as a host starts it."""

    async def job(voice: Voice) -> Mapping[str, Any]:
        return await collect_wanted(heard_by(context, voice), name, wanted)

    return job


def heard_by(context: Context, voice: Voice) -> Context:
    """The same surroundings, with a run of a host that is watched, asked and ended by it."""
    return replace(context, watch=voice.watch, answer=voice.answer, cancelled=voice.cancelled, pause=voice.pause)


@dataclass(slots=True)
class Begun:
    """Notes whether a run has begun: what was refused before may be tried again."""

    voice: Voice
    begun: bool = False

    def context(self, context: Context) -> Context:
        def watch(event: Any) -> None:
            self.begun = self.begun or isinstance(event, RunStarted)
            self.voice.watch(event)

        return replace(heard_by(context, self.voice), watch=watch)


@dataclass(frozen=True, slots=True)
class HostedWork(Work):
    """What the scheduler starts, through the same host as what the owner starts."""

    context: Context

    async def collect(self, connection: str) -> None:
        host = host_of(self.context)
        job = run_job(replace(self.context, trigger="schedule"), connection, {})
        ended: Ended | None = await host.finished(await host.start(job, connection=connection, trigger="schedule"))
        if ended is not None and ended.error is not None:
            raise ended.error

    async def import_watched(self, connection: str) -> None:
        await import_watched(replace(self.context), ImportRequest(name=connection, watched=True))
