"""One import, from a recognised file to its settled result: a run whose records come out of a file.

Owns: whose data a file may be added to, whether this very file is known, what the file did to how far things are
covered, and the preview, which is the same import into a store that writes nothing. Must not know: surfaces, archives,
any site.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from polyhost.artifacts.base import Artifact, Importer, Recognition
from polyhost.connectors.loading import LoadedSource
from polyhost.coverage.facts import ArtifactFacts, BatchFacts
from polyhost.coverage.picture import stream_picture, stream_summary
from polyhost.engine.imports._artifact_store import ArtifactStore, IdentityRule
from polyhost.engine.imports._files_told import FilesTold
from polyhost.engine.imports._hand_over import TakeFiles
from polyhost.engine.imports._import_files import ImportFiles
from polyhost.engine.imports.connector import ImporterConnector, StoreContext
from polyhost.engine.run.collect import Collection, RunContext, collect
from polyhost.engine.run.outcome import Ended
from polyhost.engine.run.partition_rules import partition_rules
from polyhost.engine.run.result_json import RunResult, stored_result
from polyhost.errors import ErrorCode, RefusedError
from polyhost.protocol.declarations import ImporterDecl
from polyhost.protocol.diagnostics import FINISHED, Diagnostic, RunStatus
from polyhost.protocol.scope import Scope
from polyhost.protocol.scope_request import ABSENT, resolve_scope
from polyhost.store import memos
from polyhost.store.base import ConnectionRow, RecordQuery, Store, WriteCounts
from polyhost.store.preview import PreviewStore

__all__ = ["Import", "TakeFiles", "import_artifact"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What to import into what."""

    connection: ConnectionRow
    source: LoadedSource
    declared: ImporterDecl
    importer: Importer
    artifact: Artifact
    recognition: Recognition
    trigger: str
    preview: bool = False
    files: TakeFiles | None = None
    """Where its files are asked for, too."""

    @property
    def scope(self) -> Scope:
        """Everything the importer fills."""
        return resolve_scope(self.source.manifest, streams=list(self.declared.streams) or ABSENT)

    @property
    def file_key(self) -> str:
        """A newer importer may read more out of the same file, so its version belongs to what is known."""
        return f"{self.artifact.digest} {self.recognition.version} {self.source.manifest.version}"


@dataclass(frozen=True, slots=True)
class _Before:
    """This very file's import, if there was one."""

    facts: BatchFacts
    diagnostics: tuple[Diagnostic, ...]


async def import_artifact(what: Import, around: RunContext) -> RunResult:
    """Import it, or say what importing would come to. RefusedError where it belongs to another account."""
    if not what.preview:
        return await _import(what, around)
    store = PreviewStore(around.store)
    try:
        return await _import(what, replace(around, store=store))
    finally:
        await store.close()


async def _import(what: Import, around: RunContext) -> RunResult:
    store, connection = around.store, what.connection
    await _check_account(store, what)
    before = await _known_file(store, what)
    keeping = ArtifactStore(store, _identity_rules(what), what.importer.merge, now=around.clock.iso())
    await keeping.learn(connection.id, partition_rules(what.source.manifest, what.scope))
    facts = ArtifactFacts(
        digest=what.artifact.digest,
        format=what.recognition.version,
        truncated=what.artifact.truncated,
        same_as=None if before is None else before.facts.batch_id,
        covered_before=await _covered_through(store, what),
        next_artifact=what.declared.next_artifact,
    )

    def correct(ended: Ended) -> None:
        if before is not None and ended.outcome is not None and ended.outcome.status == "succeeded":
            _restate(ended, before)
        ended.artifact = replace(facts, covered_through=_newest(ended))

    told = FilesTold(what.source.manifest, what.importer, what.artifact)
    context = StoreContext(store, connection.id, around.clock.iso())
    connector = ImporterConnector(what.importer, what.artifact, context, told, skip=before is not None)

    files = ImportFiles(
        take=what.files,
        told=told,
        unread=None if before is None else connector.messages(),
        artifact=what.artifact,
        around=around,
        connection_id=connection.id,
        is_preview=what.preview,
    )
    collection = Collection(
        connection=connection,
        manifest=what.source.manifest,
        scope=what.scope,
        connector=connector,
        method="owner_artifact",
        trigger=what.trigger,
        artifact=facts,
        correct=correct,
        then=files.tell,
    )
    try:
        result = await collect(collection, replace(around, store=keeping))
    finally:
        told.close()
    if RunStatus(result["status"]) in FINISHED and not what.preview:
        await _remember(store, what, result)
    return result


def _identity_rules(what: Import) -> dict[str, IdentityRule]:
    """Two methods may fill one stream only where it says what makes two records the same (CH-2.9)."""
    rules: dict[str, IdentityRule] = {}
    for stream in what.scope.streams:
        declared = what.source.manifest.by_name[stream.name]
        if declared.identity is None and what.source.manifest.runner is not None:
            raise RefusedError(
                f"{what.source.name}: the stream {stream.name!r} does not declare which fields identify a record",
                "Files can only be added to what a connector collects where `identity` is declared.",
                code=ErrorCode.IDENTITY_UNDECLARED,
            )
        rules[stream.name] = IdentityRule(
            newest_by=what.declared.newest_by.get(stream.name), volatile=frozenset(declared.volatile_fields)
        )
    return rules


async def _check_account(store: Store, what: Import) -> None:
    """Two accounts never get mixed: what the file says of whose it is must fit what is known."""
    found = what.recognition.accounts
    if not found:
        return
    known = frozenset(what.connection.account.get("accounts", ()))
    if what.declared.account_stream is not None:
        page = await store.records.page(what.connection.id, what.declared.account_stream, RecordQuery(limit=10))
        known = frozenset(record.key for record in page.records) or known
    if known and not known & found:
        raise RefusedError(
            f"the file is of another account than {what.connection.name}",
            "Import it under a name of its own: polyhost import OTHER FILE.",
            code=ErrorCode.OTHER_ACCOUNT,
        )


async def _known_file(store: Store, what: Import) -> _Before | None:
    """None for a file that ends early, too: it is read again, so that what is missing is told each time."""
    if what.artifact.truncated:
        return None
    files = await store.connections.memo(what.connection.id, memos.IMPORTED_FILES)
    earlier = files.get(what.file_key)
    if earlier is None:
        return None
    batch, run = await store.runs.batch(earlier["batch"]), await store.runs.get(earlier["run"])
    if batch is None or run is None:
        return None
    result = stored_result(run.result)
    told = () if result is None else tuple(Diagnostic.from_json(one) for one in result.get("diagnostics", ()))
    return _Before(BatchFacts.from_json(batch.facts), told)


async def _remember(store: Store, what: Import, result: RunResult) -> None:
    """A file that was read to its end need not be read again; whose it is binds the connection."""
    connection = what.connection
    files = dict(await store.connections.memo(connection.id, memos.IMPORTED_FILES))
    is_told_anew = what.files is not None  # what it lacks and holds is other now
    if (what.file_key not in files or is_told_anew) and not what.artifact.truncated:
        files[what.file_key] = {"batch": result["receipt"]["batch_id"], "run": result["run_id"]}
        await store.connections.save_memo(connection.id, memos.IMPORTED_FILES, files)
    if what.recognition.accounts and not connection.account.get("accounts"):
        account = {**connection.account, "accounts": sorted(what.recognition.accounts)}
        await store.connections.update(connection.id, account=account)


def _restate(ended: Ended, before: _Before) -> None:
    """The earlier import's facts, all of its records known now."""
    streams = before.facts.streams
    for name, counts in streams.items():
        known = counts.new + counts.updated + counts.unchanged + counts.deleted
        ended.tally.streams[name] = WriteCounts(unchanged=known)
    ended.rejected = {name: counts.rejected for name, counts in streams.items()}
    ended.invalid = {name: counts.invalid for name, counts in streams.items()}
    ended.unparsable = {name: counts.unparsable for name, counts in streams.items()}
    for moment in before.facts.event_time or ():
        ended.tally.happened_at(moment)
    for diagnostic in before.diagnostics:
        ended.tally.report(diagnostic)


async def _covered_through(store: Store, what: Import) -> str | None:
    found: list[str] = []
    for name, rule in partition_rules(what.source.manifest, what.scope).items():
        views = stream_picture(await store.ledger.partitions(what.connection.id, name), rule)
        if (through := stream_summary(views, rule)["covered_through"]) is not None:
            found.append(through)
    return max(found, default=None)


def _newest(ended: Ended) -> str | None:
    streams = ended.ledger.streams().values()
    summaries = (stream_summary(stream_picture(one.states.values(), one.rule), one.rule) for one in streams)
    return max((through for one in summaries if (through := one["covered_through"]) is not None), default=None)
