"""Manifests are checked in full before anything starts (profile: manifest; requirements PR-4.3)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks import MESSAGES, manifest, manifest_json, stream
from polyhost.protocol.graph import dependents
from polyhost.protocol.manifest import ManifestError, load_manifest, manifest_faults

PARENTS = "parent_detail_accounting"


def child(name: str, *parents: str, **over: Any) -> dict[str, Any]:
    return stream(name, **{"parent_streams": list(parents), "coverage_strategy": PARENTS, **over})


def kept_by(name: str, parent: str, **over: Any) -> dict[str, Any]:
    return stream(name, **{"state_stream": parent, "coverage_strategy": "checkpoint_window", **over})


def partitioned(**over: Any) -> dict[str, Any]:
    return {**MESSAGES, "partition": {**MESSAGES["partition"], **over}}


MENTIONS = {"text": [{"field": "text"}], "mentions": {"user": "nobody"}}


@pytest.mark.requirement("PR-4.3")
@pytest.mark.parametrize(
    ("streams", "code", "where", "field"),
    [
        ([stream("a"), stream("a")], "duplicate_stream", "a", "name"),
        ([kept_by("a", "a")], "self_reference", "a", "state_stream"),
        ([child("a", "a")], "self_reference", "a", "parent_streams"),
        ([kept_by("a", "b")], "unknown_parent", "a", "state_stream"),
        ([stream("a"), child("b", "a", "c")], "unknown_parent", "b", "parent_streams"),
        ([stream("a"), child("b", "a", "a")], "duplicate_parent", "b", "parent_streams"),
        ([stream("a"), child("b", "a", state_stream="a")], "state_and_parent_streams", "b", "parent_streams"),
        ([stream("a"), child("b", state_stream="a")], "state_and_parent_streams", "b", "parent_streams"),
        ([child("a")], "empty_parent_streams", "a", "parent_streams"),
        ([child("a", "b"), child("b", "a")], "dependency_cycle", "a", "parent_streams"),
        (
            [stream("z"), kept_by("a", "b"), kept_by("b", "c"), child("c", "z", "a")],
            "dependency_cycle",
            "a",
            "parent_streams",
        ),
        ([stream("a"), kept_by("b", "a", coverage_strategy=None)], "strategy_mismatch", "b", "coverage_strategy"),
        ([stream("a"), kept_by("b", "a", coverage_strategy=PARENTS)], "strategy_mismatch", "b", "coverage_strategy"),
        (
            [stream("a"), child("b", "a", coverage_strategy="full_inventory")],
            "strategy_mismatch",
            "b",
            "coverage_strategy",
        ),
        ([stream("a", coverage_strategy=PARENTS)], "strategy_mismatch", "a", "coverage_strategy"),
        ([stream("a", primary_key=["nope"])], "unknown_primary_key", "a", "primary_key"),
        ([stream("a", primary_key=["id", "id"])], "duplicate_primary_key", "a", "primary_key"),
        ([stream("a", primary_key=[])], "manifest_field_invalid", "a", "primary_key"),
        ([stream("a", cursor_field="nope")], "unknown_cursor_field", "a", "cursor_field"),
        ([stream("a", consent_time_field="nope")], "unknown_consent_time_field", "a", "consent_time_field"),
        (
            [stream("a", selection={"resources": True, "resource_field": "nope"})],
            "unknown_resource_field",
            "a",
            "selection.resource_field",
        ),
        (
            [stream("a", selection={"resource_field": "text"})],
            "resource_field_without_resources",
            "a",
            "selection.resource_field",
        ),
        (
            [{**MESSAGES, "selection": {"resources": True, "resource_field": "thread"}}],
            "resource_field_not_partition",
            "messages",
            "selection.resource_field",
        ),
        ([stream("a", volatile_fields=["nope"])], "unknown_volatile_field", "a", "volatile_fields"),
        ([stream("a", identity=["nope"])], "unknown_identity_field", "a", "identity"),
        ([stream("a", reading={"text": [{"field": "nope.x"}]})], "unknown_reading_field", "a", "reading"),
        ([stream("a", reading=MENTIONS)], "unknown_reading_field", "a", "reading.mentions"),
        ([partitioned(field="nope")], "unknown_partition_field", "messages", "partition.field"),
        ([partitioned(cursor_field="nope")], "unknown_partition_cursor_field", "messages", "partition.cursor_field"),
        ([partitioned(group_field="nope")], "unknown_partition_group_field", "messages", "partition.group_field"),
        ([partitioned(inventory_stream="nope")], "unknown_inventory_stream", "messages", "partition.inventory_stream"),
        ([partitioned(label_field="nope")], "unknown_partition_label_field", "messages", "partition.label_field"),
        ([partitioned(order="random")], "manifest_field_invalid", "messages", "partition.order"),
        ([stream("a", schema={"type": "nope", "properties": {"id": {}, "at": {}}})], "schema_invalid", "a", "schema"),
        ([stream("a", properties={"x": {"pattern": "("}})], "schema_invalid", "a", "schema"),
        ([stream("a", properties={"x": {"$ref": "https://example.org/x"}})], "schema_invalid", "a", "schema"),
        ([stream("a", properties={"x": {"$ref": "file:///etc/passwd"}})], "schema_invalid", "a", "schema"),
        ([stream("a", schema=[])], "manifest_field_invalid", "a", "schema"),
        ([{"name": "a", "primary_key": ["id"]}], "manifest_field_missing", "a", "schema"),
        ([stream("a", required="yes")], "manifest_field_invalid", "a", "required"),
        ([stream("a", coverage_policy="maybe")], "manifest_field_invalid", "a", "coverage_policy"),
        ([stream("__proto__")], "manifest_field_invalid", "__proto__", "name"),
        ([stream("*")], "manifest_field_invalid", "*", "name"),
        ([stream(" a")], "manifest_field_invalid", " a", "name"),
        ([stream("")], "manifest_field_invalid", "#0", "name"),
        ([stream("a\nb")], "manifest_field_invalid", "a\nb", "name"),
    ],
)
def test_each_rule_has_its_own_error_that_names_stream_and_field(streams, code, where, field):
    with pytest.raises(ManifestError) as caught:
        load_manifest(manifest_json(*streams))
    assert (caught.value.code, caught.value.stream, caught.value.field) == (code, where, field)
    assert caught.value.instruction


@pytest.mark.requirement("PR-4.3")
@pytest.mark.parametrize("data", [None, [], "x", 1, {}, {"streams": 5}, {**manifest_json(), "streams": []}])
def test_what_is_no_manifest_is_refused(data):
    with pytest.raises(ManifestError):
        load_manifest(data)


@pytest.mark.parametrize(
    "over",
    [
        {"polyfill": {"script": "../x.js", "page": "https://x.org", "hosts": ["x.org"]}},
        {"polyfill": {"script": "/x.js", "page": "https://x.org", "hosts": ["x.org"]}},
        {"polyfill": {"script": "C:\\x.js", "page": "https://x.org", "hosts": ["x.org"]}},
        {"polyfill": {"script": "x.js", "page": "javascript:1", "hosts": ["x.org"]}},
        {"polyfill": {"script": "x.js", "page": "https://y.org", "hosts": ["x.org"]}},
        {"polyfill": {"script": "x.js", "page": "https://x.org", "hosts": []}},
        {"polyfill": {"script": "x.js", "page": "https://x.org", "hosts": ["x.org"], "session": {"signed_out": ["("]}}},
        {"stdio": {"command": []}},
        {"stdio": {"command": "node x.mjs"}},
        {"stdio": {"command": ["a"]}, "polyfill": {"script": "x.js", "page": "https://x.org", "hosts": ["x.org"]}},
    ],
)
def test_a_way_to_run_it_that_cannot_work_is_refused(over):
    with pytest.raises(ManifestError):
        load_manifest(manifest_json(**over))


@pytest.mark.requirement("SE-1")
@pytest.mark.parametrize("host", ["x.example,EXCLUDE *", "*", "*evil*", "*.com", "x.org/path", "X.org", ""])
def test_a_host_that_is_no_pattern_is_refused_by_the_manifest_with_its_place(host: str):
    page = {"script": "x.js", "page": "https://x.org", "hosts": ["x.org", host]}
    with pytest.raises(ManifestError, match=r"polyfill\.hosts\.1.* is not a valid host pattern: .*; use "):
        load_manifest(manifest_json(polyfill=page))


def test_two_streams_may_share_a_parent():
    of = manifest(stream("a"), child("b", "a"), child("c", "a"), kept_by("d", "a"))
    assert dependents(of) == {"a": ("a", "b", "c", "d")}


def test_streams_that_are_not_collected_hold_no_checkpoint_back():
    of = manifest(stream("a"), child("b", "a", coverage_policy="deferred"))
    assert dependents(of) == {"a": ("a",)}


def test_unknown_keys_are_passed_over_at_every_level():
    data = manifest_json(stream("a", novelty=1, selection={"fields": True, "more": 1}), novelty={"x": 1})
    assert load_manifest(data).stream("a") is not None


def test_a_stream_is_required_unless_it_says_otherwise():
    assert manifest(stream("a")).by_name["a"].required
    assert not manifest(stream("a", required=False)).by_name["a"].required


def test_the_runner_is_what_the_manifest_names():
    assert manifest().runner is None
    assert load_manifest(manifest_json(stdio={"command": ["node", "x.mjs"]})).runner == "stdio"
    page = {"script": "x.js", "page": "https://x.org", "hosts": ["x.org"]}
    assert load_manifest(manifest_json(polyfill=page)).runner == "polyfill"


@pytest.mark.parametrize("path", ["polyfills/slack/manifest.json", "tests/conformance/node/manifest.json"])
def test_the_manifests_of_this_project_are_valid(root, path):
    data = json.loads((root / path).read_text(encoding="utf-8"))
    assert [stream.name for stream in load_manifest(data).streams] == [stream["name"] for stream in data["streams"]]


@given(edges=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), unique=True, max_size=14))
def test_a_cycle_of_any_length_is_found_and_nothing_else_is_one(edges):
    """A naive model: repeatedly take away what has no parents left; what remains is on or below a cycle."""
    edges = [(low, high) for low, high in edges if low != high]
    names = [f"s{n}" for n in range(7)]
    parents = {name: [f"s{high}" for low, high in edges if f"s{low}" == name] for name in names}
    streams = [child(name, *parents[name]) if parents[name] else stream(name) for name in names]
    left = dict(parents)
    while free := [name for name, above in left.items() if not any(parent in left for parent in above)]:
        for name in free:
            del left[name]
    try:
        load_manifest(manifest_json(*streams))
        found = None
    except ManifestError as error:
        found = error.code
    assert found == ("dependency_cycle" if left else None)


def test_a_long_chain_of_parents_is_no_problem():
    streams = [stream("s0"), *(kept_by(f"s{n}", f"s{n - 1}") for n in range(1, 3000))]
    assert len(load_manifest(manifest_json(*reversed(streams))).streams) == 3000


def test_a_schema_reads_no_file(tmp_path):
    """Ours: a manifest is text from a stranger; what its schema refers to has to be inside it."""
    (tmp_path / "other.json").write_text('{"type": "string"}', encoding="utf-8")
    refers = stream("a", properties={"x": {"$ref": (tmp_path / "other.json").as_uri()}})
    with pytest.raises(ManifestError) as caught:
        load_manifest(manifest_json(refers))
    assert caught.value.code == "schema_invalid"


@pytest.mark.requirement("PR-4.3")
def test_an_author_is_told_every_rule_at_once_and_first_the_one_a_run_would_stop_at():
    several = manifest_json(
        stream("a", primary_key=["nope"], cursor_field="never"), child("b", "x", "x"), stream("c", schema={"type": 5})
    )
    faults = manifest_faults(several)
    assert [(fault.code, fault.stream) for fault in faults] == [
        ("unknown_primary_key", "a"),
        ("unknown_cursor_field", "a"),
        ("duplicate_parent", "b"),
        ("unknown_parent", "b"),
        ("unknown_parent", "b"),
        ("unknown_primary_key", "c"),
        ("unknown_consent_time_field", "c"),
        ("schema_invalid", "c"),
    ]
    with pytest.raises(ManifestError) as refused:
        load_manifest(several)
    assert str(refused.value) == str(faults[0])
    assert manifest_faults(manifest_json()) == []


def test_every_fault_of_a_manifests_shape_is_told_at_once():
    misshapen = {"streams": [{"name": "a"}, {"name": 5}]}
    told = {(fault.code, fault.stream, fault.field) for fault in manifest_faults(misshapen)}
    assert {
        ("manifest_field_missing", None, "connector_id"),
        ("manifest_field_missing", "a", "schema"),
        ("manifest_field_invalid", "#1", "name"),
    } <= told
    assert [fault.code for fault in manifest_faults([])] == ["manifest_not_an_object"]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (["notes"], ("#0", None)),
        ([{"schema": {}, "primary_key": ["id"]}], ("#0", "name")),
        ({"notes": {}}, (None, "streams")),
    ],
)
def test_a_stream_without_a_name_is_told_by_its_number(data: Any, place: tuple[str | None, str | None]):
    faults = manifest_faults({**manifest_json(), "streams": data})
    assert place in {(fault.stream, fault.field) for fault in faults}


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        (
            [partitioned(inventory_stream="nope", label_field="nope"), stream("a", primary_key=["nope"])],
            ["unknown_inventory_stream", "unknown_primary_key"],
        ),
        (
            [child("a", "b"), child("b", "a"), stream("c", properties={"x": {"pattern": "("}})],
            ["dependency_cycle", "schema_invalid"],
        ),
    ],
)
def test_what_follows_from_a_broken_rule_is_not_told_beside_it(streams: list[Any], expected: list[str]):
    """Of a stream that is not there no field can be missing, and one cycle is told once."""
    assert [str(fault.code) for fault in manifest_faults(manifest_json(*streams))] == expected


def test_a_session_can_be_told_by_an_address_or_a_probe():
    def told(**session: object) -> bool:
        page = {"script": "x.js", "page": "https://x.org/", "hosts": ["x.org"], "session": session}
        polyfill = load_manifest(manifest_json(polyfill=page)).polyfill
        assert polyfill is not None
        return polyfill.session.can_tell

    assert told(signed_in=["^https://x"])
    assert told(probe="probe.js")
    assert not told(signed_out=["^https://x"])
