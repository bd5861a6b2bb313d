"""What can only be written once it is known what is stored: looked up, decided, and made into write operations.

Owns: which records of a run wait for that, and in what each ends. Must not know: why a scope holds a record (the run
machine does), how the store finds one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from polyhost.engine.run._translate import Translator
from polyhost.protocol.commands import NoteException
from polyhost.protocol.machine import RunMachine
from polyhost.protocol.records import Record
from polyhost.store.base import RecordWrite, Store, WriteOp, WriteRecords

__all__ = ["LookUps", "NeedStored", "Target", "merged"]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a run's records go."""

    store: Store
    connection_id: int
    batch_id: str


@dataclass(frozen=True, slots=True)
class NeedStored:
    """Deletes that a scope cannot judge by themselves, records of which the run holds some fields only, and writes of a
    narrowed stream, which may change only what lies inside its boundary already."""

    undecided: Sequence[Record] = ()
    partial: Sequence[Record] = ()
    bounded: Sequence[RecordWrite] = ()


def merged(steps: Sequence[NeedStored | WriteOp]) -> Sequence[NeedStored | WriteOp]:
    """The same, with writes that wait for the same look-up in one step: each is a statement, and a turn of a thread."""
    found: list[NeedStored | WriteOp] = []
    for step in steps:
        last = found[-1] if found else None
        if isinstance(step, NeedStored) and step.bounded and isinstance(last, NeedStored) and last.bounded:
            found[-1] = NeedStored(bounded=[*last.bounded, *step.bounded])
        else:
            found.append(step)
    return found


class LookUps:
    """One run's. Asked in order, by the writer alone: what came before is in the store."""

    def __init__(self, machine: RunMachine, translator: Translator, target: Target) -> None:
        self._machine = machine
        self._translator = translator
        self._target = target

    def sorted_out(self, ops: Sequence[WriteOp]) -> Sequence[NeedStored | WriteOp]:
        """These, with writes that need it held back. A delete that was admitted has been judged by its key."""
        bounded = self._translator.bounded
        if not bounded:
            return ops
        steps: list[NeedStored | WriteOp] = []
        for op in ops:
            if isinstance(op, WriteRecords) and any(write.stream in bounded for write in op.records):
                steps.append(NeedStored(bounded=op.records))
            else:
                steps.append(op)
        return steps

    async def resolve(self, step: NeedStored) -> Sequence[WriteOp]:
        """What is to be written of it."""
        if step.bounded:
            return await self._bounded(step.bounded)
        admitted = [record for record in step.undecided if self._machine.decide(record, await self._stored(record))]
        told: list[WriteOp] = []
        for record in step.partial:
            stored = await self._stored(record)
            if self._stays_outside(record.stream, record.key, stored):
                told += self._note(record.stream, record.key, record.data or {})
                continue
            data = record.data if record.data is None or stored is None else {**stored, **record.data}
            admitted.append(record._replace(data=data))
        ops = self._translator.write_records(admitted)
        written = [write for op in ops if isinstance(op, WriteRecords) for write in op.records]
        return [*ops, *self._translator.arrived(written), *told]

    async def _bounded(self, writes: Sequence[RecordWrite]) -> Sequence[WriteOp]:
        stored = await self._all_stored(writes)
        kept: list[RecordWrite] = []
        told: list[WriteOp] = []
        for write in writes:
            known = stored.get((write.stream, write.key))
            if write.data is not None and self._stays_outside(write.stream, write.key, known):
                told += self._note(write.stream, write.key, orjson.loads(write.data))
            else:
                kept.append(write)
        return [*([WriteRecords(kept)] if kept else []), *self._translator.arrived(kept), *told]

    def _stays_outside(self, stream: str, key: str, stored: Mapping[str, Any] | None) -> bool:
        return stream in self._translator.bounded and self._machine.stays_outside(stream, key, stored)

    def _note(self, stream: str, key: str, data: dict[str, Any]) -> list[WriteOp]:
        fact = self._machine.stored_outside(stream, key, data)
        kept = self._translator.take_exception(NoteException(0, fact))
        if not kept:
            self._machine.not_kept(fact)
        return kept

    async def _all_stored(self, writes: Sequence[RecordWrite]) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        keys: defaultdict[str, list[str]] = defaultdict(list)
        for write in writes:
            if write.stream in self._translator.bounded:
                keys[write.stream].append(write.key)
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for stream, of in keys.items():
            content = await self._target.store.records.content(self._target.connection_id, stream, of)
            found |= {(stream, key): data for key, data in content.items()}
        return found

    async def _stored(self, record: Record) -> dict[str, Any] | None:
        found = await self._target.store.records.content(self._target.connection_id, record.stream, [record.key])
        return found.get(record.key)
