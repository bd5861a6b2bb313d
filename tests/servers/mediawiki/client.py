"""The independent client (independent.py) as seen from a test: people who do things, and what is true.

Must not know: polyhost.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checkout import ROOT
from servers.mediawiki.wiki import PASSWORD

__all__ = ["PYTHON", "People", "people_of"]

PYTHON = ROOT / ".venv-servers" / "bin" / "python"
SCRIPT = Path(__file__).with_name("independent.py")
LONGEST = 60.0
LINE_BYTES = 64 << 20


@dataclass(slots=True)
class People:
    process: asyncio.subprocess.Process
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def do(self, who: str, what: str, token: str = "csrf", **parameters: Any) -> Any:  # noqa: S107  a kind of token
        """An action of the API, by its name and its parameters."""
        return await self._order({"as": who, "do": what, "token": token, "with": parameters})

    async def write(self, who: str, title: str, text: str, summary: str = "", **more: Any) -> int:
        """An edit; the number of its revision."""
        said = await self.do(who, "edit", title=title, text=text, summary=summary, **more)
        assert said["edit"]["result"] == "Success", said
        return int(said["edit"]["newrevid"])

    async def upload(self, who: str, name: str, content: bytes, comment: str = "") -> Any:
        return await self._order(
            {"as": who, "do": "upload_file", "name": name, "bytes": content.hex(), "comment": comment}
        )

    async def rename(self, who: str, old: str, new: str) -> None:
        said = await self._order({"as": who, "do": "rename_user", "from": old, "to": new})
        assert said["renamed"], said

    async def truth(self, who: str, name: str | None = None, also: Iterable[int] = ()) -> dict[str, Any]:
        """All that somebody can read of themselves; `name`: what they are called now; `also`: pages once theirs."""
        return await self._order({"as": who, "do": "truth", "name": name or who, "also": sorted(also)})

    async def _order(self, order: dict[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        async with self.lock, asyncio.timeout(LONGEST):
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            await self.process.stdin.drain()
            answer = json.loads(await self.process.stdout.readline())
        assert "ok" in answer, answer["error"]
        return answer["ok"]


@asynccontextmanager
async def people_of(address: str) -> AsyncIterator[People]:
    process = await asyncio.create_subprocess_exec(
        str(PYTHON),
        str(SCRIPT),
        address,
        PASSWORD,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES,
    )
    try:
        yield People(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
