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


POSTS: dict[str, Any] = {
    "name": "posts",
    "schema": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("id", "board", "number")},
        "required": ["id", "board", "number"],
    },
    "primary_key": ["id"],
    "selection": {"resources": True, "resource_field": "board"},
    "partition": {"field": "board", "cursor_field": "number", "order": "numeric"},
}
WALKS = """
const { boards } = (await host.request("/boards")).json;
await host.inventory("posts", boards, true);
for (const { key, deleted, became } of boards) {
  if (deleted || became) continue;
  const { posts } = (await host.request(`/posts/${key}`)).json;
  for (const { since, until } of await host.windows("posts", key)) {
    const within = posts.filter(({ number }) => +number >= +(since ?? 0) && (!until || +number <= +until));
    for (const post of within) await host.emit({ stream: "posts", key: post.id, data: post });
    const newest = until ?? within.at(-1)?.number;
    if (newest) await host.covered({ stream: "posts", partition: key, since, until: newest });
  }
}
"""


def posts(board: str, *numbers: int) -> dict[str, Any]:
    return {"posts": [{"id": f"p{number}", "board": board, "number": str(number)} for number in numbers]}


@pytest.mark.requirement("RS-4.4", "PR-1.3")
async def test_a_partition_that_was_deleted_or_renamed_is_not_missing_and_its_history_is_read_as_one(
    command: CommandLine, tmp_path: Path
) -> None:
    async with a_source(command, tmp_path, [POSTS], WALKS) as source:
        source.says("/boards", {"boards": [{"key": "old"}, {"key": "gone"}]})
        source.says("/posts/old", posts("old", 1, 2))
        source.says("/posts/gone", {"posts": [{"id": "x", "board": "gone", "number": "7"}]})
        assert (await source.run()).exit_code == 0
        told = [{"key": "new"}, {"key": "old", "became": "new"}, {"key": "gone", "deleted": True}]
        source.says("/boards", {"boards": told})
        source.says("/posts/new", posts("new", 3))
        await source.dies("polyhost.engine.run.ledger:RunLedger.settle")
        learnt, idle = await source.run(), await source.run()
        assert (learnt.exit_code, idle.exit_code, idle.value["diagnostics"]) == (0, 0, [])
        partitions = {one["key"]: one for one in (await source.asks("coverage"))["streams"]["posts"]["partitions"]}
        assert {key: (one["status"], one["successor"], one["predecessors"]) for key, one in partitions.items()} == {
            "new": ("present", None, ["old"]),
            "old": ("became", "new", []),
            "gone": ("deleted", None, []),
        }
        assert await source.keys("posts", "--partition", "new") == ["p1", "p2", "p3"]
        assert await source.keys("posts", "--partition", "gone") == ["x"]
        refused = await command("partitions", "retire", "mine", "posts", "gone")
        assert (refused.exit_code, "deleted at its source" in refused.stderr) == (2, True)
        source.says("/boards", {"boards": [{"key": "new"}, {"key": "gone"}]})
        back = await source.run()
        assert back.exit_code == 0
        partitions = {one["key"]: one for one in (await source.asks("coverage"))["streams"]["posts"]["partitions"]}
        assert (partitions["gone"]["status"], partitions["old"]["status"]) == ("present", "became")


HIDES = """
const { posts, hidden } = (await host.request("/posts")).json;
await host.inventory("posts", [{ key: "b" }], true);
for (const { since, until } of await host.windows("posts", "b")) {
  const within = posts.filter(({ number }) => +number >= +(since ?? 0) && (!until || +number <= +until));
  for (const post of within) await host.emit({ stream: "posts", key: post.id, data: post });
  for (const stretch of hidden) await host.hidden({ stream: "posts", partition: "b", ...stretch, reason: "left_then" });
  const newest = until ?? within.at(-1)?.number;
  if (newest) await host.covered({ stream: "posts", partition: "b", since, until: newest });
}
"""


@pytest.mark.requirement("RS-4.3", "PR-2.6")
async def test_what_a_source_hides_is_stated_and_kept_and_read_once_it_is_shown(
    command: CommandLine, tmp_path: Path
) -> None:
    async with a_source(command, tmp_path, [POSTS], HIDES) as source:
        source.says("/posts", {**posts("b", 1, 2, 3, 6), "hidden": []})
        assert (await source.run()).exit_code == 0
        stretch = {"since": "2", "until": "6"}
        source.says("/posts", {**posts("b", 2, 6), "hidden": [stretch]})
        await source.dies("polyhost.engine.run._translate:Translator.take_word")
        assert await source.keys("posts") == ["p1", "p2", "p3", "p6"]
        ended = await source.run("--full")
        assert (ended.exit_code, ended.value["streams"]["posts"]["deleted"]) == (0, 1)
        assert await source.keys("posts") == ["p2", "p3", "p6"], "1 is gone, 3 is hidden"
        [shown] = (await source.asks("coverage"))["streams"]["posts"]["partitions"]
        told = [(one["since"], one["until"], one["reason"]) for one in shown["hidden"]]
        assert (told, shown["extent"], shown["holes"]) == ([("2", "6", "left_then")], "limited", [])
        source.says("/posts", {**posts("b", 2, 3, 4, 6), "hidden": []})
        assert (await source.run("--full")).exit_code == 0
        assert await source.keys("posts") == ["p2", "p3", "p4", "p6"]
        [shown] = (await source.asks("coverage"))["streams"]["posts"]["partitions"]
        assert (shown["hidden"], shown["extent"]) == ([], "complete")
