"""What one wrong record of a connector costs that is a process, from its line to the store: itself (RS-1.1, RS-1.6)."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arbitrary import anything
from engine.rig import Rig, message
from playbooks import AT, MESSAGES, coverage, done, inventory, manifest, record, state, stream, strict
from polyhost.connectors.stdio import StdioConnector
from polyhost.ledger import exceptions as rules
from polyhost.ledger.exceptions import StandingException
from polyhost.store.memory import MemoryStore

pytestmark = [pytest.mark.requirement("RS-1.1", "RS-1.6")]

CHATS = manifest(strict(MESSAGES, "text"), stream("notes", required=False))
SPEAKER = """
import sys
sys.stdin.readline()
sys.stdout.buffer.write(open("said", "rb").read())
sys.stdout.flush()
sys.stdin.read()
"""
PLACES = (
    "stream",
    "key",
    "data",
    "data.id",
    "data.channel",
    "data.ts",
    "data.text",
    "data.at",
    "emitted_at",
    "op",
    "x",
)
"""Where something odd may stand in a RECORD; its type says that it is one."""
ODD = (
    rb'"\ud83d"',
    b'"\xff"',
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"9" * 400,
    b"9" * 30,
    b"[" * 200 + b"]" * 200,
    b"[" * 3_000 + b"]" * 3_000,
    b'""',
    b'"' + b"k" * 2_000 + b'"',
    b"null",
    b"{}",
    b"5",
)


def sound(key: str, channel: str, ts: str, **data: Any) -> dict[str, Any]:
    return message(key, channel, ts, text="said", **data)


def at(place: str, value: bytes, key: str = "wrong") -> bytes:
    """The line of a record of C1 with this value, which may be none of JSON, in this place."""
    told = sound(key, "C1", "2.0", at=AT)
    outer, _, inner = place.partition(".")
    if inner:
        told["data"] = {**told["data"], inner: "@@"}
    else:
        told[outer] = "@@"
    return json.dumps(told).encode().replace(b'"@@"', value)


async def run(rig: Rig, folder: Path, lines: Sequence[bytes], **options: Any) -> dict[str, Any]:
    """One run of a process that says these lines."""
    folder.joinpath("said").write_bytes(b"".join(line + b"\n" for line in lines))
    return await rig.run(None, other=StdioConnector([sys.executable, "-I", "-S", "-c", SPEAKER], folder), **options)  # type: ignore[arg-type]


def line(said: dict[str, Any]) -> bytes:
    return json.dumps(said).encode()


def between(*wrong: bytes, emitted: int | None = None) -> list[bytes]:
    """These lines among sound neighbours, of the same partition, another one and another stream."""
    before = [inventory("messages", "C1", "C2"), sound("a", "C1", "1.0"), sound("b", "C2", "1.0")]
    after = [sound("c", "C1", "3.0"), sound("d", "C2", "3.0"), record("notes", "n1"), state("notes", {"page": 1})]
    claims = [coverage("messages", "C1", None, "9.0"), coverage("messages", "C2", None, "9.0")]
    end = done(5 + (len(wrong) if emitted is None else emitted))
    return [*map(line, before), *wrong, *map(line, after), *map(line, claims), line(end)]


async def connected() -> Rig:
    return await Rig(MemoryStore()).connected(CHATS)


async def standing(rig: Rig) -> list[StandingException]:
    return list(await rig.store.ledger.exceptions(rig.connection.id))


async def assert_neighbours_are_whole(rig: Rig) -> None:
    kept = set(await rig.keys("messages"))
    assert {"a", "b", "c", "d"} <= kept, kept
    assert "n1" in await rig.keys("notes")


@pytest.mark.parametrize("place", PLACES)
async def test_whatever_stands_in_any_place_of_a_record_costs_that_record_and_names_it(place: str, tmp_path: Path):
    """Stored, named, or, where it has no name, its range is not proven; and it heals with the source."""
    rig = await connected()
    lines = [at(place, value, f"wrong{number}") for number, value in enumerate(ODD)]
    result = await run(rig, tmp_path, between(*lines))
    assert result["status"] in {"complete", "complete_with_gaps"}, result.get("error")
    await assert_neighbours_are_whole(rig)
    named = {one.key for one in await standing(rig)}
    missed = {f"wrong{number}" for number in range(len(ODD))} - set(await rig.keys("messages")) - named
    if missed:
        assert ("range_unproven", "messages") in rig.codes(result), missed
        assert ("9.0") not in {until for _, until in await rig.covered("C1")}
    well = [line(sound(f"wrong{number}", "C1", "2.0")) for number in range(len(ODD))]
    healed = await run(rig, tmp_path, between(*well))
    assert (healed["status"], await standing(rig)) == ("complete", [])
    assert {f"wrong{number}" for number in range(len(ODD))} < set(await rig.keys("messages"))


@pytest.mark.parametrize(
    ("wrong", "detail"),
    [
        (at("emitted_at", b'"yesterday"'), "emitted_at_no_time at RECORD.emitted_at"),
        (at("op", b'"merge"'), "op_unknown at RECORD.op"),
        (at("data", b"NaN"), "data_type at RECORD.data"),
        (at("key", b'""'), "key_length at RECORD.key"),
        (at("key", b'"' + b"k" * 1_025 + b'"'), "key_length at RECORD.key"),
        (at("key", rb'"wro\ud800"'), "key_type at RECORD.key"),
        (at("data.text", b"NaN"), "not_a_number at /text"),
        (at("data.text", b"[" * 5_000 + b"]" * 5_000), "too_deep at /text"),
        (at("data.channel", rb'"C\ud800"'), "half_surrogate at /channel"),
    ],
)
async def test_it_is_named_by_its_key_or_by_that_of_its_data(wrong: bytes, detail: str, tmp_path: Path):
    rig = await connected()
    result = await run(rig, tmp_path, between(wrong))
    [one] = await standing(rig)
    assert (one.key, one.reason, one.detail) == ("wrong", "invalid", detail)
    assert result["status"] == "complete_with_gaps"
    if not detail.endswith(("data", "channel")):
        assert (one.partition, one.position) == ("C1", "2.0")
    again = await run(rig, tmp_path, between(wrong))
    assert ([one.tries for one in await standing(rig)], again["status"]) == ([2], "complete_with_gaps")


async def test_half_a_character_costs_itself(tmp_path: Path):
    """As in a page: it is kept as U+FFFD. What names a record, or says where it belongs, is never kept so."""
    rig = await connected()
    result = await run(rig, tmp_path, between(at("data.text", rb'"so \ud83d"')))
    assert (await rig.data("messages"))["wrong"]["text"] == "so \ufffd"
    assert (result["status"], await standing(rig)) == ("complete", [])
    assert rig.codes(result) == [("field_mended", "messages")]
    assert result["streams"]["messages"]["mended"] == 1


async def test_a_record_of_no_stream_may_be_of_any(tmp_path: Path):
    """No cursor moves behind it, and nothing is called read."""
    rig = await connected()
    result = await run(rig, tmp_path, between(at("stream", b"5")))
    assert set(rig.codes(result)) == {
        ("invalid_record", None),
        ("range_unproven", "messages"),
        ("range_unproven", "notes"),
    }
    assert (await rig.covered("C1"), await rig.cursors()) == ([], {})


async def test_a_record_that_nothing_names_holds_the_cursor_of_its_stream_back(tmp_path: Path):
    rig = await connected()
    nameless = line({"type": "RECORD", "stream": "notes", "key": 5, "data": {"id": ""}, "emitted_at": AT})
    result = await run(rig, tmp_path, between(nameless))
    assert rig.codes(result) == [("invalid_record", "notes"), ("range_unproven", "notes")]
    assert (result["withheld"], await rig.cursors()) == ({"notes": "record_refused"}, {})
    assert (await rig.covered("C1")) == [(None, "9.0")], "of another stream it says nothing"
    await run(rig, tmp_path, between())
    assert await rig.cursors() == {"notes": {"page": 1}}


async def test_a_wrong_record_that_nobody_asked_for_is_no_exception(tmp_path: Path):
    rig = await connected()
    request = {"streams": ["messages"], "resources": {"messages": ["C2"]}}
    lines = [line(sound("b", "C2", "1.0")), at("emitted_at", b"NaN"), line(done(2))]
    result = await run(rig, tmp_path, lines, request=request)
    assert (await rig.keys("messages"), await standing(rig)) == (["b"], [])
    assert ("out_of_scope_record", "messages") in rig.codes(result)


@pytest.mark.parametrize("entry", [b"5", b"null", b'{"key":5}', b'{"key":""}', rb'{"key":"C\ud800"}', b'{"label":"x"}'])
async def test_an_entry_that_cannot_be_read_costs_itself_and_leaves_the_inventory_unproven(
    entry: bytes, tmp_path: Path
):
    rig = await connected()
    await run(rig, tmp_path, between())
    odd = line(inventory("messages", "C1", "@@")).replace(b'{"key": "@@"}', entry)
    assert entry in odd
    result = await run(rig, tmp_path, [odd, line(inventory("messages")), line(record("notes", "n1")), line(done(1))])
    assert result["status"] == "complete_with_gaps"
    assert set(rig.codes(result)) == {("inventory_unproven", "messages")}, "nobody is called missing"
    healed = await run(rig, tmp_path, between())
    assert healed["status"] == "complete"


async def test_a_label_that_is_no_text_costs_the_label(tmp_path: Path):
    rig = await connected()
    odd = [line(inventory("messages", "C1", "C2")).replace(b'"C1"', b'"C1", "label": NaN, "status": 5'), *between()[1:]]
    assert (await run(rig, tmp_path, odd))["status"] == "complete"


async def test_a_byte_order_mark_costs_nothing(tmp_path: Path):
    rig = await connected()
    marked = [b"\xef\xbb\xbf" + one for one in between()]
    assert (await run(rig, tmp_path, marked))["status"] == "complete"


@pytest.mark.parametrize(
    "torn",
    [
        b"Warning: deprecated",
        line(sound("x", "C1", "2.0"))[:40],
        line(sound("x", "C1", "2.0")) * 2,
        b'{"type":"STATE","stream":"notes","cursor":NaN}',
        b'{"type":"RECROD"}',
        b"[]",
    ],
)
async def test_a_line_that_may_be_anything_ends_the_run(torn: bytes, tmp_path: Path):
    """PR-4.5. What came before is kept; no cursor moves."""
    rig = await connected()
    result = await run(rig, tmp_path, between(torn, emitted=0))
    assert (result["status"], result["error"]["code"]) == ("failed", "protocol_violation")
    assert (await rig.keys("messages"), await rig.cursors()) == (["a", "b"], {})


# ------------------------------------------------------------------ the later word counts


def report(key: str = "wrong") -> dict[str, Any]:
    return {
        "type": "EXCEPTION",
        "stream": "messages",
        "kind": "record",
        "key": key,
        "reason": "unmappable",
        "partition": "C1",
        "position": "2.0",
    }


@pytest.mark.parametrize("first", [line(report()), at("emitted_at", b"5"), at("data.text", b"5")])
async def test_a_record_that_comes_well_formed_later_in_the_run_is_well(first: bytes, tmp_path: Path):
    rig = await connected()
    well = line(sound("wrong", "C1", "2.0"))
    emitted = 2 if b"RECORD" in first else 1
    result = await run(rig, tmp_path, between(first, first, well, emitted=2 * emitted - 1))
    assert (result["status"], result["diagnostics"], result["exceptions"]) == ("complete", [], [])
    assert result["streams"]["messages"]["rejected"] == 0
    assert (await standing(rig), "wrong" in await rig.keys("messages")) == ([], True)
    assert await rig.covered("C1") == [(None, "9.0")]


@pytest.mark.parametrize("later", [line(report()), at("emitted_at", b"5"), at("data.text", b"5")])
async def test_a_record_that_cannot_be_taken_any_more_later_in_the_run_stands_out(later: bytes, tmp_path: Path):
    """What is stored of it stays: nothing says that it is gone."""
    rig = await connected()
    well = line(sound("wrong", "C1", "2.0"))
    result = await run(rig, tmp_path, between(well, later, emitted=1 + (b"RECORD" in later)))
    assert result["status"] == "complete_with_gaps"
    assert [one["key"] for one in result["exceptions"]] == ["wrong"]
    assert set(rig.codes(result)) == {("invalid_record", "messages"), ("record_exception", "messages")}
    assert "wrong" in await rig.keys("messages")


# ------------------------------------------------------------------ anything at all


@st.composite
def wrong_lines(draw: st.DrawFn) -> bytes:
    place = draw(st.sampled_from(PLACES))
    value = draw(st.one_of(st.sampled_from(ODD), anything.map(lambda value: json.dumps(value).encode())))
    return at(place, value)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(wrong=st.lists(wrong_lines(), min_size=1, max_size=12))
async def test_any_values_in_any_places_lose_no_neighbour(wrong: list[bytes], tmp_path: Path):
    rig = await connected()
    for _ in range(2):  # what the first one left behind is what the second begins with
        result = await run(rig, tmp_path, between(*wrong))
        assert result["status"] in {"complete", "complete_with_gaps"}, result.get("error")
        await assert_neighbours_are_whole(rig)


async def test_what_no_exception_names_is_counted_on_every_surface(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of a stream without partitions no range says so; no cursor moves behind it."""
    monkeypatch.setattr(rules, "MAX_STANDING", 2)
    rig = await connected()
    wrong = [line({**record("notes", f"w{number}"), "emitted_at": "soon"}) for number in range(5)]
    result = await run(rig, tmp_path, between(*wrong))
    assert len(await standing(rig)) == 2
    assert result["streams"]["notes"]["unnamed"] == result["receipt"]["counts"]["unnamed"] == 3
    assert "3 refused without a name" in result["receipt"]["summary"]
    assert ("range_unproven", "notes") in rig.codes(result)
    assert (result["withheld"], await rig.cursors()) == ({"notes": "record_refused"}, {})
    healed = await run(rig, tmp_path, between(*[line(record("notes", f"w{number}")) for number in range(5)]))
    assert (healed["status"], healed["receipt"]["counts"]["unnamed"]) == ("complete", 0)
    assert await rig.cursors() == {"notes": {"page": 1}}
