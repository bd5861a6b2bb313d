"""Makes fixtures/mediawiki anew, from a wiki of its own: two runs, with changes between them.

    PYTHONPATH=host:tests .venv/bin/python -m servers.mediawiki.recorded

Nothing in it is anybody's, so what only looks like a secret is waived.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from checkout import ROOT
from servers.mediawiki import test_changes as changes
from servers.mediawiki.wiki import make_template
from servers.mediawiki.world import NAME, World, a_world

FIXTURES = ROOT / "fixtures" / "mediawiki"
PORTS = (8181, 8182)
SETTLED = 6
"""Seconds after which nothing is touched in the same second again."""
BEFORE = (changes.uploaded, changes.watched, changes.new_edit)
BETWEEN = (
    *(changes.edit_again, changes.backdated_by_another, changes.deleted_own_page, changes.deleted_page_of_another),
    *(changes.hidden_text, changes.unwatched, changes.uploaded_again, changes.talked_to),
)
WAIVED = ("answer", "answer query.allimages.*.url", "answer query.pages.*.(key)", "data.url")


async def record(world: World, scenario: str, *words: str) -> None:
    waivers = [word for place in WAIVED for word in ("--waive", f"{place}=of a wiki that was made for this")]
    await asyncio.sleep(SETTLED)
    ended = await world.command("fixture", "record", NAME, str(FIXTURES / scenario), *words, *waivers)
    if ended.exit_code != 0:
        raise SystemExit(ended.stderr)


async def main() -> None:
    shutil.rmtree(FIXTURES, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        template = make_template(Path(folder) / "template")
        place = Path(folder) / "world"
        place.mkdir()
        async with a_world(template, place, PORTS) as world:
            for change in BEFORE:
                await change(world)
            await record(world, "first")
            for change in BETWEEN:
                await change(world)
            await record(world, "second", "--after", str(FIXTURES / "first"))


if __name__ == "__main__":
    asyncio.run(main())
