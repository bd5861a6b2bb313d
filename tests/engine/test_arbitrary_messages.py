"""Whatever a connector says, a run settles: it takes the message, refuses it or fails, and raises nothing (RS-1.6)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arbitrary import anything, bent
from engine.rig import Rig, message
from playbooks import AT, MESSAGES, coverage, delete, details, done, gap, inventory, manifest, skip, state, stream
from polyhost.connectors.scripted import Said, ScriptHost
from polyhost.errors import PolyhostError
from polyhost.store.memory import MemoryStore

pytestmark = pytest.mark.requirement("RS-1.6")

WIDE = stream(
    "notes",
    properties={"tags": {"type": "array", "items": {"type": "string"}}, "of": {"type": "object"}},
    required=False,
)
DETAILS = stream("details", parent_streams=["notes"], coverage_strategy="parent_detail_accounting", required=False)
PAIRS = stream("pairs", primary_key=["id", "text"], required=False)
ALL = manifest(MESSAGES, WIDE, DETAILS, PAIRS)
NOTE = {"type": "RECORD", "stream": "notes", "key": "n1", "emitted_at": AT}
VALID = (
    message("m1", "C1", "1.0", at=AT, thread=None),
    message("m2", "C1", "2.0", thread="1.0"),
    {**NOTE, "data": {"id": "n1", "tags": ["a"], "of": {"b": 1}, "text": "t"}},
    {"type": "RECORD", "stream": "pairs", "key": ["a", "b"], "data": {"id": "a", "text": "b"}, "emitted_at": AT},
    delete("messages", "m1"),
    inventory("messages", "C1", "C2"),
    coverage("messages", "C1", None, "2.0", groups=["1.0"], limited_before="0.5"),
    coverage("messages", "C1", "1.0", "2.0"),
    state("notes", {"page": 2}),
    skip("notes", reason="not_answered", resources=["n1"], recovery_hint="unknown", count=2),
    details("details", "notes", ["a"], ["a"], gap_keys=[]),
    gap("details", "a", "notes"),
    {"type": "PROGRESS", "message": "on", "stream": "notes", "count": 1, "total": 2.5},
    done(0),
    done(1, "failed", code="broken", recovery_hint={"action": "unknown"}),
)
ENDINGS = {"complete", "complete_with_gaps", "failed", "needs_owner", "cancelled"}


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.one_of(bent(*VALID), st.dictionaries(st.text(max_size=5), anything, max_size=3)), max_size=8))
async def test_a_run_over_any_messages_settles(said: list[dict[str, Any]]) -> None:
    rig = await Rig(MemoryStore()).connected(ALL)

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        for one in said:
            yield one
        yield done(sum(one.get("type") == "RECORD" for one in said))

    for _ in range(2):  # what the first one left behind is what the second begins with
        assert (await rig.run(script, batch=3))["status"] in ENDINGS


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(request=st.dictionaries(st.sampled_from(["streams", "resources", "time_range", "fields", "x"]), anything))
async def test_any_request_is_refused_or_run(request: dict[str, Any]) -> None:
    rig = await Rig(MemoryStore()).connected(ALL)

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield done(0)

    try:
        result = await rig.run(script, request)
    except PolyhostError:
        return
    assert result["status"] in ENDINGS
