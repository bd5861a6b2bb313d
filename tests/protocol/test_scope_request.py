"""Requests become scopes or are refused, by one function for every surface (requirements PR-3)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks import MESSAGES, manifest, stream
from polyhost.protocol.scope_request import ABSENT, ScopeError, resolve_request, resolve_scope

OF = manifest(
    stream("notes"),
    stream("tags", consent_time_field=None, selection={"fields": True}),
    MESSAGES,
    stream("later", coverage_policy="deferred"),
    stream("pairs", primary_key=["id", "text"], selection={"resources": True}),
)


@pytest.mark.requirement("PR-3.2", "PR-3.6")
@pytest.mark.parametrize(
    ("request_", "code", "where"),
    [
        (None, "not_an_object", "request"),
        ([], "not_an_object", "request"),
        ("notes", "not_an_object", "request"),
        (7, "not_an_object", "request"),
        (True, "not_an_object", "request"),
        ({"stream": ["notes"]}, "unknown_key", "request.stream"),
        ({"__proto__": {}}, "unknown_key", "request.__proto__"),
        ({"mode": "full"}, "mode_invalid", "mode"),
        ({"files": "yes"}, "files_invalid", "files"),
        ({"files": None}, "files_invalid", "files"),
        ({"streams": None}, "not_an_array", "streams"),
        ({"streams": "notes"}, "not_an_array", "streams"),
        ({"streams": {}}, "not_an_array", "streams"),
        ({"streams": {"notes": {}}}, "not_an_array", "streams"),
        ({"streams": []}, "empty", "streams"),
        ({"streams": ["*"]}, "unknown_stream", "streams[0]"),
        ({"streams": ["notes", "nots"]}, "unknown_stream", "streams[1]"),
        ({"streams": ["notes", "notes"]}, "duplicate", "streams[1]"),
        ({"streams": [1]}, "not_a_string", "streams[0]"),
        ({"streams": [" notes"]}, "padded", "streams[0]"),
        ({"streams": [""]}, "empty_string", "streams[0]"),
        ({"streams": ["later"]}, "stream_not_collected", "streams[0]"),
        ({"streams": ["constructor"]}, "reserved_name", "streams[0]"),
        ({"resources": None}, "not_an_object", "resources"),
        ({"resources": []}, "not_an_object", "resources"),
        ({"resources": ["n1"]}, "not_an_object", "resources"),
        ({"resources": "n1"}, "not_an_object", "resources"),
        ({"resources": 1}, "not_an_object", "resources"),
        ({"resources": {}}, "empty", "resources"),
        ({"resources": {"__proto__": ["n1"]}}, "reserved_name", "resources.__proto__"),
        ({"resources": {"prototype": ["n1"]}}, "reserved_name", "resources.prototype"),
        ({"resources": {"nots": ["n1"]}}, "unknown_stream", "resources.nots"),
        ({"resources": {"": ["n1"]}}, "stream_name_invalid", "resources."),
        ({"resources": {"notes": None}}, "not_an_array", "resources.notes"),
        ({"resources": {"notes": "n1"}}, "not_an_array", "resources.notes"),
        ({"resources": {"notes": {}}}, "not_an_array", "resources.notes"),
        ({"resources": {"notes": []}}, "empty", "resources.notes"),
        ({"resources": {"notes": [None]}}, "not_a_string", "resources.notes[0]"),
        ({"resources": {"notes": [5]}}, "not_a_string", "resources.notes[0]"),
        ({"resources": {"notes": [True]}}, "not_a_string", "resources.notes[0]"),
        ({"resources": {"notes": [["n1"]]}}, "not_a_string", "resources.notes[0]"),
        ({"resources": {"notes": [""]}}, "empty_string", "resources.notes[0]"),
        ({"resources": {"notes": ["  "]}}, "empty_string", "resources.notes[0]"),
        ({"resources": {"notes": ["n1", "n2 "]}}, "padded", "resources.notes[1]"),
        ({"resources": {"notes": ["n1", "n1"]}}, "duplicate", "resources.notes[1]"),
        ({"resources": {"notes": ["x" * 2000]}}, "resource_too_long", "resources.notes[0]"),
        ({"resources": {"notes": [f"n{n}" for n in range(10_001)]}}, "too_many_resources", "resources.notes"),
        ({"resources": {"tags": ["t1"]}}, "scope_not_supported", "resources.tags"),
        ({"resources": {"later": ["t1"]}}, "stream_not_collected", "resources.later"),
        ({"resources": {"pairs": ["a"]}}, "resource_not_a_key", "resources.pairs[0]"),
        ({"resources": {"pairs": ['["a", "b"]']}}, "resource_not_a_key", "resources.pairs[0]"),
        ({"streams": ["tags"], "resources": {"notes": ["n1"]}}, "resource_stream_not_selected", "resources.notes"),
        ({"time_range": None}, "not_an_object", "time_range"),
        ({"time_range": []}, "not_an_object", "time_range"),
        ({"time_range": {}}, "empty", "time_range"),
        ({"time_range": {"from": "2024-01-01"}}, "unknown_key", "time_range.from"),
        ({"time_range": {"since": None}}, "time_invalid", "time_range.since"),
        ({"time_range": {"since": 1704067200}}, "time_invalid", "time_range.since"),
        ({"time_range": {"since": "yesterday"}}, "time_invalid", "time_range.since"),
        ({"time_range": {"since": "2024-13-01"}}, "time_invalid", "time_range.since"),
        ({"time_range": {"until": "2024-01-01T10:00:00"}}, "time_naive", "time_range.until"),
        (
            {"streams": ["notes"], "time_range": {"since": "2024-01-02", "until": "2024-01-01"}},
            "empty_range",
            "time_range.until",
        ),
        (
            {"streams": ["notes"], "time_range": {"since": "2024-01-01", "until": "2024-01-01"}},
            "empty_range",
            "time_range.until",
        ),
        (
            {"time_range": {"since": "2024-01-01T12:00:00+02:00", "until": "2024-01-01T10:00:00Z"}},
            "empty_range",
            "time_range.until",
        ),
        ({"streams": ["notes", "tags"], "time_range": {"since": "2024-01-01"}}, "scope_not_supported", "time_range"),
        ({"fields": ["text"]}, "not_an_object", "fields"),
        ({"fields": {}}, "empty", "fields"),
        ({"fields": {"notes": []}}, "empty", "fields.notes"),
        ({"fields": {"notes": ["txt"]}}, "unknown_field", "fields.notes[0]"),
        ({"streams": ["tags"], "fields": {"notes": ["text"]}}, "field_stream_not_selected", "fields.notes"),
        ({"fields": {"pairs": ["text"]}}, "scope_not_supported", "fields.pairs"),
    ],
)
def test_a_request_that_is_not_understood_is_refused_with_code_and_place(request_: Any, code: str, where: str):
    with pytest.raises(ScopeError) as caught:
        resolve_request(OF, request_)
    assert (caught.value.code, caught.value.where) == (code, where)


@pytest.mark.requirement("PR-3.6")
def test_a_connector_that_collects_nothing_cannot_be_asked_for_everything():
    idle = manifest(stream("a", coverage_policy="deferred"), stream("b", coverage_policy="deferred"))
    with pytest.raises(ScopeError) as refused:
        resolve_request(idle, {})
    assert (refused.value.code, refused.value.where) == ("nothing_to_collect", "streams")


def test_a_misspelt_word_is_met_with_the_near_one():
    with pytest.raises(ScopeError) as caught:
        resolve_request(OF, {"resources": {"mesages": ["C1"]}})
    assert "'messages'" in caught.value.instruction


@pytest.mark.requirement("PR-3.2")
@pytest.mark.parametrize("part", ["streams", "resources", "since", "until", "fields"])
def test_null_is_a_value_and_refused_whichever_part_it_stands_for(part: str):
    with pytest.raises(ScopeError):
        resolve_scope(OF, **{part: None})


def test_absent_parts_mean_every_stream_the_connector_collects():
    scope = resolve_scope(OF, streams=ABSENT, resources=ABSENT)
    assert [found.name for found in scope.streams] == ["notes", "tags", "messages", "pairs"]
    assert scope.as_start_scope() == {"streams": [{"name": found.name} for found in scope.streams]}


@pytest.mark.requirement("PR-3.1")
def test_resources_select_their_streams_and_no_other_and_stay_as_written():
    scope = resolve_request(OF, {"resources": {"messages": ["C2", "C1"], "pairs": ['["a","ü"]']}})
    assert scope.as_start_scope() == {
        "streams": [{"name": "messages", "resources": ["C2", "C1"]}, {"name": "pairs", "resources": ['["a","ü"]']}]
    }
    assert scope.is_resource_scoped("messages")
    assert scope.resources("notes") is None


def test_streams_selected_beside_resources_are_collected_whole():
    scope = resolve_request(OF, {"streams": ["tags", "notes"], "resources": {"notes": ["n1"]}})
    assert [found.as_json() for found in scope.streams] == [{"name": "notes", "resources": ["n1"]}, {"name": "tags"}]


def test_a_bare_date_is_midnight_utc():
    scope = resolve_request(
        OF, {"streams": ["notes"], "time_range": {"since": "2024-01-01", "until": "2024-01-02 10:00z"}}
    )
    assert scope.streams[0].as_json()["time_range"] == {"since": "2024-01-01T00:00:00Z", "until": "2024-01-02T10:00Z"}


@pytest.mark.requirement("PR-3.3")
def test_a_stream_that_cannot_be_held_to_a_time_range_is_left_out_and_named():
    scope = resolve_request(OF, {"time_range": {"since": "2024-01-01"}})
    assert "tags" not in [found.name for found in scope.streams]
    assert scope.skipped == ("tags",)


@pytest.mark.requirement("PR-3.7")
def test_fields_are_widened_only_by_what_no_record_can_do_without():
    scope = resolve_request(OF, {"streams": ["notes"], "fields": {"notes": ["text"]}})
    assert scope.streams[0].as_json() == {"name": "notes", "fields": ["id", "text"]}
    timed = resolve_request(
        OF, {"streams": ["notes"], "fields": {"notes": ["text"]}, "time_range": {"since": "2024-01-01"}}
    )
    assert timed.streams[0].as_json()["fields"] == ["id", "at", "text"]
    placed = resolve_request(OF, {"streams": ["messages"], "fields": {"messages": ["text"]}})
    assert placed.streams[0].as_json()["fields"] == ["id", "text", "channel", "ts", "thread"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from(["", " ", "notes", "messages", "__proto__", "C1", "2024-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["streams", "resources", "time_range", "since", "notes", "messages", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
PARTS = st.dictionaries(
    st.sampled_from(["streams", "resources", "time_range", "fields", "mode", "resource"]), JSON, max_size=3
)


@pytest.mark.requirement("PR-3.2", "PR-3.6")
@given(request=JSON | PARTS)
def test_whatever_is_asked_is_refused_or_narrower_than_everything(request: Any):
    """A naive model of what a scope may be: nothing is selected that was not asked for, no boundary goes missing."""
    try:
        scope = resolve_request(OF, request)
    except ScopeError:
        return
    assert isinstance(request, dict)
    asked = request.get("resources")
    if "resources" in request:
        assert {found.name: list(found.resources) for found in scope.streams if found.resources is not None} == asked
    if "streams" in request:
        assert {found.name for found in scope.streams} == set(request["streams"])
    elif asked is not None:
        assert {found.name for found in scope.streams} == set(asked)
    if "time_range" in request:
        assert all(found.time_range is not None for found in scope.streams)
    assert scope.streams
