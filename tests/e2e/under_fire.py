"""Files of a workspace, fetched by a real process while its site is in trouble and the process is killed: what is there
afterwards, held to the truth.

Owns: the workspace, the kills, what has to hold after each. Must not know: how files are fetched or kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from e2e.command import CommandLine, Finished
from e2e.owner import NAME, Owner
from e2e.processes import browser_of, gone
from fakes.slack.contents import Made, digest_of
from fakes.slack.file_trouble import NAMED, FileTrouble
from fakes.slack.world import Workspace
from polyhost.ledger.files import is_given_up
from polyhost.operations.context import Context
from polyhost.store.base import FileQuery, FileRow

__all__ = ["MIB", "Fire", "Plan", "fiery"]

MIB = 1024 * 1024
WEIGHED = str(Path(__file__).parent / "weighed.py")
ROOMS = 8
BROWSER_SECONDS = 30
TWICE = 0.02
"""Share of files with the bytes of another one."""
REASON = re.compile(r"([a-z ]+): ([0-9]+(?:,[0-9]{3})*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`longest`: bytes of a file; `large`: this many have between a quarter of it and all of it, the others follow the
    logarithm up to `usual`; `kills`: how often a run is killed; `bytes_before`: a kill comes within so many."""

    seed: int
    files: int
    longest: int
    large: int
    usual: int
    kills: int
    bytes_before: int
    asked_before: int
    trouble: FileTrouble


def fiery(plan: Plan) -> Workspace:
    """A workspace in which every message brings a file."""
    die = random.Random(plan.seed)
    world = Workspace(domain="fire", name="Fire", team_id="T0FIRE0001", start="2026-01-05T08:00:00Z")
    me = world.add_user("mina", "Mina").id
    rooms = [world.create_channel(f"room-{number}", me) for number in range(ROOMS)]
    sizes = [die.randint(plan.longest // 4, plan.longest) for _ in range(plan.large - 1)]
    sizes += [1, plan.longest]
    sizes += [round(math.exp(die.uniform(0, math.log(plan.usual)))) for _ in range(plan.files - len(sizes))]
    die.shuffle(sizes)
    seeds = list(range(plan.files))
    for number, size in enumerate(sizes):
        if number and die.random() < TWICE:
            seeds[number], size = seeds[number - 1], sizes[number - 1]  # noqa: PLW2901  the same bytes once more
            sizes[number] = size
        file = world.upload(me, f"file-{number}.bin", Made(seeds[number], size), mimetype="application/octet-stream")
        world.post(die.choice(rooms).id, me, f"Number {number}", files=[file])
    return world


@dataclass(slots=True)
class Fire:
    """One owner's files under this plan. `killed`: what was on the disk by the time of each kill, in bytes."""

    owner: Owner
    command: CommandLine
    plan: Plan
    truth: Mapping[str, str] = field(init=False)
    """The SHA-256 of each file at the source, by its id."""

    def __post_init__(self) -> None:
        known: dict[Made, str] = {}
        truth: dict[str, str] = {}
        for file in self.owner.slack.world.files.values():
            assert isinstance(file.content, Made)
            truth[file.id] = known.setdefault(file.content, "") or digest_of(file.content)
            known[file.content] = truth[file.id]
        self.truth = truth

    async def run(self, *words: str) -> tuple[Finished, int]:
        """A run to its end, and the most memory its process took, in bytes."""
        weighed = replace(self.command, program=(WEIGHED,))
        async with weighed.running("run", NAME, *weighed.mapped(self.owner.slack), "--json", *words) as running:
            ended = await running.finished()
        return ended, int(ended.stderr.split()[-1]) * 1024

    async def be_killed(self) -> int:
        """As many runs as the plan kills, each at a random moment. How many were killed before they were over."""
        die, killed = random.Random(f"kills {self.plan.seed}"), 0
        for _ in range(self.plan.kills):
            by_bytes = die.random() < 0.5
            moment = self.owner.slack.files.after(
                sent=die.randint(1, self.plan.bytes_before) if by_bytes else 0,
                asked=0 if by_bytes else die.randint(1, self.plan.asked_before),
            )
            killed += await self._killed_at(moment)
            self.check_the_disk()
        return killed

    async def _killed_at(self, moment: asyncio.Event) -> bool:
        words = ("run", NAME, *self.command.mapped(self.owner.slack), "--json", "--files")
        async with self.command.running(*words) as running, asyncio.TaskGroup() as tasks:
            waits = tasks.create_task(moment.wait())
            over = tasks.create_task(running.process.wait())
            await asyncio.wait([waits, over], return_when=asyncio.FIRST_COMPLETED)
            browser = None if over.done() else await browser_of(running.process.pid)
            running.kill()
            code = await over
            waits.cancel()
        assert browser is None or await gone(browser, within=BROWSER_SECONDS)
        assert code in (-9, 0), code
        return code == -9

    def check_the_disk(self) -> None:
        """Under a final name there is the whole of what it names, which the source has; all else is partial."""
        source = set(self.truth.values())
        for path in self._kept():
            with path.open("rb") as file:
                assert hashlib.file_digest(file, "sha256").hexdigest() == path.name
            assert path.name in source
        others = {path.relative_to(self.owner.home / "files").parts[0] for path in self._others()}
        assert others <= {"partial", ".lock"}

    async def check_what_is_missing(self, ended: Finished) -> None:
        """What lastingly fails is missing, and little else; each by the reason of what struck it last, in the store and
        counted in what the run says."""
        trouble, rows = self.plan.trouble, await self.rows()
        missing_rows = {of: row.facts for of, row in rows.items() if row.facts.state != "here"}
        assert missing_rows.keys() >= {of for of in self.truth if trouble.lasts_for(of)}
        assert all(facts.state == "to_come" or is_given_up(facts) for facts in missing_rows.values())
        assert {of: facts.reason for of, facts in missing_rows.items()} == {
            of: NAMED[trouble.last[of]] for of in missing_rows
        }
        expected = Counter(str(facts.reason) for facts in missing_rows.values())
        assert (ended.exit_code, ended.value["status"]) == (3, "complete_with_gaps"), ended.stderr
        (missing,) = [one for one in ended.value["diagnostics"] if one["code"] == "media_missing"]
        assert missing["count"] == expected.total()
        named = {
            why.strip().replace(" ", "_"): int(count.replace(",", ""))
            for why, count in REASON.findall(missing["message"])
        }
        assert named == dict(expected)
        known = ended.value["receipt"]["files"]["known"]
        assert known["to_come"] + known["refused"] == expected.total()

    async def check_that_all_is_here(self, ended: Finished) -> None:
        """Every file is what it is at the source, each content once, nothing partial, nothing missing."""
        assert (ended.exit_code, ended.value["status"]) == (0, "complete"), ended.stderr
        assert not [one for one in ended.value["diagnostics"] if one["code"] == "media_missing"]
        rows = await self.rows()
        digests = {of: row.facts.content and row.facts.content.digest for of, row in rows.items()}
        assert digests == self.truth
        self.check_the_disk()
        assert sorted(path.name for path in self._kept()) == sorted(set(self.truth.values()))
        assert [path for path in self._others() if path.name != ".lock"] == []
        known = ended.value["receipt"]["files"]["known"]
        assert (known["here"], known["to_come"], known["refused"]) == (len(self.truth), 0, 0)

    async def rows(self) -> dict[str, FileRow]:
        """What the store knows, by the source's id."""
        found: dict[str, FileRow] = {}
        async with Context(home=self.owner.home).store(create=False) as store:
            row = await store.connections.get(NAME)
            assert row is not None
            after: str | None = None
            while True:
                page = await store.files.find(row.id, FileQuery(after=after, limit=500))
                found |= {one.facts.identity.removeprefix("id:"): one for one in page.files}
                if (after := page.next) is None:
                    return found

    def _kept(self) -> list[Path]:
        return list((self.owner.home / "files").glob("[0-9a-f][0-9a-f]/*"))

    def _others(self) -> Iterator[Path]:
        kept = set(self._kept())
        return (path for path in (self.owner.home / "files").rglob("*") if path.is_file() and path not in kept)
