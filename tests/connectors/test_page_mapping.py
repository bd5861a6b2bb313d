"""What the SDK offers for sources that send odd things, in a real page: fields, items, lists (RS-1.1, 1.2, 1.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakes.page_runs import PageRuns, QuietCalls, collect
from fakes.site import SiteHost
from playbooks import MESSAGES, manifest, stream
from polyhost.connectors.page import stream_rules

RULES = stream_rules(manifest(MESSAGES, stream("people")))

SHAPE = """{
  id: "text!", name: "text", size: "count", flags: ["text"], by: {is: "text", from: "author.name"},
  note: {is: "text", or: undefined}, files: [{id: "text!", made: "count"}],
  year: {is: (value) => (value > 1900 ? String(value) : undefined), or: "?"},
}"""
WHOLE = {
    "id": "1",
    "name": "a",
    "size": 2,
    "flags": ["x"],
    "author": {"name": "ada"},
    "note": "n",
    "files": [{"id": "F", "made": 3}],
    "year": 2000,
}
KEPT = {
    "id": "1",
    "name": "a",
    "size": 2,
    "flags": ["x"],
    "by": "ada",
    "note": "n",
    "files": [{"id": "F", "made": 3}],
    "year": "2000",
}


async def told(pages: PageRuns, site: SiteHost, body: str) -> Any:
    """What a body of a polyfill gives back."""
    got = await pages.run(site, f"say({{told: JSON.stringify(await (async () => {{ {body} }})())}})")
    assert got.done["status"] == "succeeded", got.done
    return json.loads(got.data[-1]["told"])


@pytest.mark.requirement("RS-1.2")
async def test_an_odd_part_is_left_out_and_named_and_one_that_is_absent_is_not(pages: PageRuns, site: SiteHost) -> None:
    cases: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
        "as expected": ({}, {}, []),
        "absent": (dict.fromkeys(("name", "size", "flags", "author", "files", "year")), NOTHING, []),
        "a number for a name": ({"name": 5}, {"name": None}, ["name"]),
        "half a size": ({"size": 2.5}, {"size": None}, ["size"]),
        "an odd item": ({"flags": ["x", None, "y"]}, {"flags": ["x", "y"]}, ["flags"]),
        "no list": ({"flags": "x"}, {"flags": []}, ["flags"]),
        "no object on the way": ({"author": "ada"}, {"by": None}, ["by"]),
        "an odd note": ({"note": {}}, {"note": None}, ["note"]),
        "files that are none": (
            {"files": [None, {"id": 5}, {"id": "F"}]},
            {"files": [{"id": "F", "made": None}]},
            ["files"],
        ),
        "an odd part of a file": (
            {"files": [{"id": "F", "made": 1.5}]},
            {"files": [{"id": "F", "made": None}]},
            ["files"],
        ),
        "what its own reader refuses": ({"year": 5}, {"year": "?"}, ["year"]),
        "what its own reader throws at": ({"year": {}}, {"year": "?"}, ["year"]),
    }
    raws = [WHOLE | changed for changed, _, _ in cases.values()]
    answers = await told(
        pages, site, f"const shape = {SHAPE}; return {json.dumps(raws)}.map((raw) => host.fields(raw, shape));"
    )
    for answer, (name, (_, changed, mended)) in zip(answers, cases.items(), strict=True):
        expected = KEPT | changed
        if name == "an odd note":
            del expected["note"]
        assert (answer["data"], answer["mended"]) == (expected, mended), name


NOTHING = {"name": None, "size": None, "flags": [], "by": None, "files": [], "year": "?"}


@pytest.mark.requirement("RS-1.1")
async def test_an_item_that_cannot_be_mapped_costs_itself(pages: PageRuns, site: SiteHost) -> None:
    site.page()
    body = """
      const items = [{id: 'a'}, null, {id: 'b', bad: true}, {id: 5}, {id: 'c', mend: true}, {id: 'd', none: true}];
      const came = await host.emitEach('messages', items, (item) => {
        if (item.bad) throw new Error('no');
        return item.none ? null : {key: item.id, data: {id: item.id}, mended: item.mend ? ['text'] : []};
      }, {name: (item) => ({key: item.id, partition: 'C1', position: '7.0'})});
      await host.emit({stream: 'messages', key: 'told', data: {id: JSON.stringify(came)}});
    """
    got = await pages.run(site, body, polyfill={"rules": RULES})
    assert got.done["status"] == "succeeded", got.done
    records = got.of("RECORD")
    assert [record["key"] for record in records] == ["a", "c", "told"]
    assert [record.get("mended") for record in records] == [None, ["text"], None]
    assert json.loads(records[-1]["data"]["id"]) == {"emitted": 2, "exceptions": 1, "unnamed": 2}
    (met,) = got.of("EXCEPTION")
    assert met == {
        "type": "EXCEPTION",
        "stream": "messages",
        "kind": "record",
        "reason": "unmappable",
        "key": "b",
        "partition": "C1",
        "position": "7.0",
    }
    assert [(skip["reason"], skip["count"]) for skip in got.of("SKIP_RESULT")] == [("unparsable", 2)]
    assert got.traffic.refused == {}


LIST = """
  let asked = 0;
  const list = host.pages(async (cursor, size) => {
    asked += 1;
    if (asked > 500) throw new Error('without end');
    const page = source(cursor, size);
    if (typeof page === 'string') throw new Error(page);
    return page;
  }, {ids: (page) => page.ids, next: (page) => page.next, stream: 'messages', sizes: [4, 2, 1],
      expired: (error) => error.message === 'expired', tooLarge: (error) => error.message === 'large'});
  let seen = [];
  try { for await (const page of list) seen.push(...page.ids); } catch (error) { seen = error.message; }
  const told = {seen, asked, ended: list.ended ?? null, gained: list.gained};
  await host.emit({stream: 'messages', key: 'k', data: {id: JSON.stringify(told)}});
"""
ABC = ["a", "b", "c"]
COURSES: dict[str, tuple[str, str | None, list[str], int]] = {
    "to the end": ("(c) => ({ids: [c || 'a'], next: {'': 'b', b: 'c', c: ''}[c]})", "end", ABC, 3),
    "a circle": ("(c) => ({ids: [c || 'a'], next: {'': 'b', b: 'c', c: 'a', a: 'b'}[c]})", "circle", ABC, 20),
    "a page that leads to itself": ("(c) => ({ids: ['a'], next: 'x'})", "circle", ["a"], 8),
    "cursors that are always new": ("(c) => ({ids: ['a'], next: `x${asked}`})", "stalled", ["a"], 24),
    "empty pages in between": (
        "(c) => (asked % 4 ? {ids: [], next: c || 'x'} : {ids: [`${asked}`], next: asked > 8 ? '' : 'x'})",
        "end",
        ["4", "8", "12"],
        12,
    ),
    "a cursor that always expires": ("(c) => (c ? 'expired' : {ids: ['a'], next: 'b'})", "expired", ["a"], 10),
    "a cursor that expires once": (
        "(c) => (c === 'b' && asked === 2 ? 'expired' : {ids: [c || 'a'], next: {'': 'b', b: 'c', c: null}[c]})",
        "end",
        ABC,
        5,
    ),
    "pages that are too large": (
        "(c, size) => (size > 1 ? 'large' : {ids: [c || 'a'], next: {'': 'b', b: ''}[c]})",
        "end",
        ["a", "b"],
        4,
    ),
    "a cursor that is none": ("(c) => ({ids: ['a'], next: {of: 5}})", "stalled", ["a"], 1),
    "an error of the source": ("(c) => (c ? 'broken' : {ids: ['a'], next: 'b'})", None, [], 2),
}


@pytest.mark.requirement("RS-1.5")
@pytest.mark.parametrize("course", COURSES)
async def test_a_list_ends_whatever_its_cursors_do(pages: PageRuns, site: SiteHost, course: str) -> None:
    source, ended, gained, most = COURSES[course]
    got = await pages.run(site, f"const source = {source};{LIST}", polyfill={"rules": RULES})
    assert got.done["status"] == "succeeded", got.done
    said = json.loads(got.of("RECORD")[-1]["data"]["id"])
    assert (said["ended"], said["gained"]) == (ended, len(gained) or said["gained"])
    if ended is None:
        assert said["seen"] == "broken"
    else:
        assert sorted(set(said["seen"])) == sorted(gained)
    assert said["asked"] <= most
    unfinished = [skip["reason"] for skip in got.of("SKIP_RESULT")]
    assert unfinished == ([] if ended in ("end", None) else ["list_unfinished"])


@pytest.mark.requirement("RS-1.4")
async def test_a_site_is_up_where_one_of_several_questions_is_answered(pages: PageRuns, site: SiteHost) -> None:
    site.page()
    body = """
      const no = async () => { throw new Error('500'); }, yes = async () => 1;
      const out = async () => { throw host.fail('signed_out', 'x'); };
      let through = ''; try { await host.isUp(no, out); } catch (error) { through = error.code; }
      return [await host.isUp(no, yes), await host.isUp(no, async () => false), await host.isUp(yes, out), through];
    """
    assert await told(pages, site, body) == [True, False, True, "signed_out"]


async def test_what_is_to_be_tried_again_is_asked_of_the_host(pages: PageRuns, site: SiteHost) -> None:
    standing = {"kind": "record", "key": "k", "partition": None, "position": None, "reason": "not_answered", "tries": 2}

    class Calls(QuietCalls):
        async def due_exceptions(self, stream: str, partition: str | None) -> list[dict[str, Any]]:
            return [standing] if (stream, partition) == ("people", None) else []

    site.page()
    script = (
        "polyfill(async (host) => host.emit({stream: 'm', key: 'k', data: {told: await host.exceptions('people')}}));"
    )
    async with pages.connector(site, script).open(Calls()) as session:
        got = await collect(session)
    assert got.data == [{"told": [standing]}]
