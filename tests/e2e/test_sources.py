"""Sources as they are, each through the real command, a real browser and kill -9: the store equals the truth (RS-4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from e2e.command import CommandLine
from e2e.scripted_source import a_source

TEXTS = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}, "required": ["id"]}
PEOPLE: dict[str, Any] = {
    "name": "people",
    "coverage_strategy": "full_inventory",
    "schema": TEXTS,
    "primary_key": ["id"],
    "selection": {"resources": True},
}
ENUMERATES = """
const { people } = (await host.request("/people")).json;
for (const one of people) await host.emit({ stream: "people", key: one.id, data: one });
await host.enumerated("people");
"""


def people(*names: str) -> dict[str, Any]:
    return {"people": [{"id": name, "name": name.title()} for name in names]}


@pytest.mark.requirement("RS-4.5", "PR-2.6")
async def test_what_a_source_removed_is_deleted_once_a_run_has_read_all_of_it(
    command: CommandLine, tmp_path: Path
) -> None:
    async with a_source(command, tmp_path, [PEOPLE], ENUMERATES) as source:
        source.says("/people", people("ada", "bob", "cleo"))
        assert (await source.run()).exit_code == 0
        source.says("/people", people("ada"))
        assert (await source.run("--resource", "people=ada")).exit_code == 0  # that one alone was asked for
        for where in (
            "engine.run._translate:Translator.take_enumerated",
            "store.sqlite.record_writes:tombstone_unseen",
        ):
            await source.dies(f"polyhost.{where}")
            assert await source.keys("people") == ["ada", "bob", "cleo"]
        ended = await source.run()
        assert (ended.exit_code, ended.value["streams"]["people"]["deleted"]) == (0, 2)
        assert await source.keys("people") == ["ada"]
        assert await source.keys("people", "--deleted") == ["ada", "bob", "cleo"]
