"""An owner who imports files: through the operations, in this process.

Must not know: what is in a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polyhost.engine.clock import Clock
from polyhost.operations.context import Context
from polyhost.operations.coverage import CoverageRequest, coverage
from polyhost.operations.importing import ImportRequest, import_file
from polyhost.operations.receipts import BatchesRequest, batches
from polyhost.operations.records import RecordsRequest, records

__all__ = ["Importing", "facts_of"]


@dataclass(slots=True)
class Importing:
    """One home and one connection in it."""

    home: Path
    name: str = "work"
    clock: Clock = field(default_factory=Clock)

    def context(self) -> Context:
        return Context(home=self.home, clock=self.clock)

    async def run(self, file: Path | None, **options: Any) -> dict[str, Any]:
        """One import; options are those of ImportRequest."""
        asked = ImportRequest(name=self.name, file=None if file is None else str(file), **options)
        return (await import_file(self.context(), asked)).value

    async def records(self, stream: str = "messages", **options: Any) -> list[dict[str, Any]]:
        asked = RecordsRequest(name=self.name, stream=stream, limit=0, **options)
        return (await records(self.context(), asked)).value["records"]

    async def contents(self, stream: str = "messages") -> dict[str, dict[str, Any]]:
        return {one["key"]: one["data"] for one in await self.records(stream)}

    async def partitions(self, stream: str = "messages") -> dict[str, dict[str, Any]]:
        found = (await coverage(self.context(), CoverageRequest(name=self.name))).value
        return {one["key"]: one for one in found["streams"][stream]["partitions"]}

    async def receipts(self) -> list[dict[str, Any]]:
        return (await batches(self.context(), BatchesRequest(name=self.name))).value["batches"]


def facts_of(result: dict[str, Any]) -> dict[str, Any]:
    """What an import says, without when it happened and what it was called."""
    passing = {"batch_id", "started_at", "finished_at"}
    receipt = {name: value for name, value in result["receipt"].items() if name not in passing}
    return {name: result[name] for name in ("status", "streams", "diagnostics", "coverage")} | {"receipt": receipt}
