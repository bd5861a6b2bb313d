"""Values that a script hands over: each arrives exactly, or is named; in a real page (RS-1.1, RS-1.2, RS-1.6; ours)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from fakes.page_runs import PageRuns, QuietCalls, collect
from fakes.site import SiteHost
from playbooks import MESSAGES, manifest, stream
from polyhost.connectors.page import stream_rules

RULES = stream_rules(manifest(MESSAGES, stream("quiet")))
HERE = Path(__file__).parent
EXACT = json.loads((HERE / "exact_values.json").read_text(encoding="utf-8"))
"""Values as a script writes them, and as they arrive."""
ODD: dict[str, str] = json.loads((HERE / "odd_values.json").read_text(encoding="utf-8"))
"""Values that JSON cannot carry, and the word that is told of each."""


async def handed_over(pages: PageRuns, site: SiteHost, values: list[str]) -> list[dict[str, Any]]:
    """The record that comes of each of them, beside a field that is well."""
    site.page()
    emits = "".join(
        f"await host.emit({{stream: 'quiet', key: 'k', data: {{id: 'k', it: {value}}}}});" for value in values
    )
    got = await pages.run(site, emits, polyfill={"rules": RULES})
    assert got.done["status"] == "succeeded", got.done
    assert len(got.of("RECORD")) == got.done["records_emitted"] == len(values)
    return got.of("RECORD")


@pytest.mark.requirement("RS-1.1")
async def test_what_json_can_carry_arrives_as_it_was(pages: PageRuns, site: SiteHost) -> None:
    came = await handed_over(pages, site, [*EXACT])
    for record, (value, expected) in zip(came, EXACT.items(), strict=True):
        assert (record["data"], record.get("mended")) == ({"id": "k", "it": expected}, None), value


@pytest.mark.requirement("RS-1.1")
async def test_a_zero_keeps_its_sign(pages: PageRuns, site: SiteHost) -> None:
    below, above, within = await handed_over(pages, site, ["-0", "0", "[{a: -0}]"])
    assert math.copysign(1, below["data"]["it"]) == -1
    assert math.copysign(1, above["data"]["it"]) == 1
    assert math.copysign(1, within["data"]["it"][0]["a"]) == -1
    assert "mended" not in below


@pytest.mark.requirement("RS-1.2")
@pytest.mark.parametrize("place", ["{}", "[{}]", "{{a: [1, {{b: {}}}]}}"])
async def test_what_json_cannot_carry_costs_its_field_and_says_what_it_was(
    pages: PageRuns, site: SiteHost, place: str
) -> None:
    inside = [place.format(f"({value})") for value in ODD]
    for record, (value, word) in zip(await handed_over(pages, site, inside), ODD.items(), strict=True):
        assert (record["data"], record["mended"]) == ({"id": "k"}, [["it", word]]), value


@pytest.mark.requirement("RS-1.2")
async def test_text_cut_through_an_emoji_keeps_the_rest_and_is_counted_names_in_objects_too(
    pages: PageRuns, site: SiteHost
) -> None:
    text, name, clash, own = await handed_over(
        pages,
        site,
        [
            r"'a\ud83d'",
            r"{a: [{'b\ud83d': 'c\udc00d'}]}",
            r"{'b\ud83d': 1, 'b\udc00': 2}",
            r"1, 'n\ud83d': 2",
        ],
    )
    assert (text["data"]["it"], text["mended"]) == ("a�", [["it", "half_surrogate"]])
    assert (name["data"]["it"], name["mended"]) == ({"a": [{"b�": "c�d"}]}, [["it", "half_surrogate"]])
    assert (clash["data"], clash["mended"]) == ({"id": "k"}, [["it", "name_taken"]])
    assert (own["data"], own["mended"]) == ({"id": "k", "it": 1, "n�": 2}, [["n�", "half_surrogate"]])


@pytest.mark.requirement("RS-1.1")
async def test_data_that_is_no_plain_object_costs_its_record_which_is_told_by_its_key(
    pages: PageRuns, site: SiteHost
) -> None:
    site.page()
    body = """
      const no = () => { throw new Error('no'); };
      const all = [new Map([['id', 'a']]), new Date(0), new Proxy({}, {ownKeys: no}), new (class Own { id = 'b'; })()];
      await host.emitEach('quiet', all, (data, at) => ({key: `${at}`, data}));
      for (const [at, data] of all.entries()) await host.emit({stream: 'quiet', key: `${at}`, data});
    """
    got = await pages.run(site, body, polyfill={"rules": RULES})
    words = ["map", "date", "unreadable", "class_instance"]
    expected = [(str(at), {}, [["*", word]]) for at, word in enumerate(words)]
    assert [(one["key"], one["data"], one["mended"]) for one in got.of("RECORD")] == expected * 2
    assert (got.done["status"], got.traffic.refused) == ("succeeded", {})


@pytest.mark.requirement("RS-1.1", "RS-1.7")
async def test_a_record_larger_than_a_message_may_be_keeps_what_says_which_one_it_is(
    pages: PageRuns, site: SiteHost
) -> None:
    site.page()
    body = """
      const big = 'x'.repeat(17 * 1024 * 1024);
      await host.emit({stream: 'quiet', key: 'k', data: {id: 'k', text: big, list: [big], at: 5}, mended: ['other']});
    """
    got = await pages.run(site, body, polyfill={"rules": RULES})
    (record,) = got.of("RECORD")
    assert record["data"] == {"id": "k", "at": 5}
    assert record["mended"] == ["other", ["text", "too_large"], ["list", "too_large"]]
    assert got.done["status"] == "succeeded"


@pytest.mark.requirement("RS-1.6")
async def test_a_cursor_is_kept_exactly_or_refused_with_the_place_of_what_it_holds(
    pages: PageRuns, site: SiteHost
) -> None:
    site.page()
    cursors = [*EXACT, *ODD, r"'a\ud83d'", "undefined"]
    body = f"""
      const told = [];
      const attempt = (...given) => host.state('messages', ...given).then(() => null, (error) => error.message);
      for (const make of [{",".join(f"() => ({value})" for value in cursors)}])
        told.push(await attempt({{at: make()}}));
      told.push(await attempt({{seen: [{{}}, {{at: NaN}}]}}), await attempt());
      await host.emit({{stream: 'quiet', key: 'k', data: {{id: JSON.stringify(told)}}}});
    """
    got = await pages.run(site, body, polyfill={"rules": RULES})
    assert got.done["status"] == "succeeded", got.done
    told = json.loads(got.data[-1]["id"])
    assert [state["cursor"] for state in got.of("STATE")] == [*({"at": value} for value in EXACT.values()), {}]
    assert all(told[len(EXACT) : -3])
    assert all(why.startswith("host.state: cursor") for why in told if why)
    assert told[-2:] == [
        "host.state: cursor.seen[1].at is NaN, which JSON cannot carry",
        "host.state: cursor is missing",
    ]


@pytest.mark.requirement("RS-1.6")
async def test_every_call_takes_an_odd_argument_or_says_which_one_it_is_and_nothing_else_is_lost(
    pages: PageRuns, site: SiteHost
) -> None:
    site.page()
    body = (HERE / "odd_calls.js").read_text(encoding="utf-8")
    got = await pages.run(site, f"await host.emit({FIRST}); {body}", polyfill={"rules": RULES})
    first, *_, last = got.of("RECORD")
    assert got.done["status"] == "succeeded", got.done
    assert last["data"]["wrong"] == []
    assert last["data"]["tried"] > 2000
    assert last["data"]["refused"] > 1000
    assert (first["key"], last["key"]) == ("first", "last")
    assert got.done["records_emitted"] == len(got.of("RECORD"))
    assert got.restarts == []


FIRST = "{stream: 'messages', key: 'first', data: {id: 'first'}}"


@pytest.mark.requirement("RS-1.6")
async def test_a_script_that_registers_no_function_is_told_so(pages: PageRuns, site: SiteHost) -> None:
    async with pages.connector(site, "polyfill(5);").open(QuietCalls()) as session:
        got = await collect(session)
    assert "polyfill: collect is not a function" in got.done["error"]["message"]
