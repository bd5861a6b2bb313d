"""What a run says of the pauses that its site asked for (ours: obeyed is only what was told)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.rig import Rig
from playbooks import done, manifest, stream
from polyhost.connectors.scripted import Said, ScriptHost

ONE = manifest(stream("notes"))


@pytest.mark.parametrize(
    ("asked", "untold", "words"),
    [
        (3, 0, "The site asked to slow down, and was obeyed."),
        (3, 3, "The site asked to slow down and did not say for how long; polyhost chose the pauses itself."),
        (3, 1, "1 of 3 times it did not say for how long"),
    ],
)
async def test_only_pauses_that_the_site_told_are_called_obeyed(rig: Rig, asked: int, untold: int, words: str) -> None:
    await rig.connected(ONE)

    async def slowed(host: ScriptHost) -> AsyncIterator[Said]:
        host.traffic.rate_limited, host.traffic.untold_pauses = asked, untold
        yield done(0)

    result = await rig.run(slowed)
    (said,) = [one for one in result["diagnostics"] if one["code"] == "rate_limited"]
    assert words in said["message"]
    assert said["count"] == asked
