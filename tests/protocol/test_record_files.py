"""Which files a record holds, as its stream declares them: whatever a source writes there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrary import anything
from playbooks import manifest, stream
from polyhost.protocol.manifest import ManifestError
from polyhost.protocol.record_files import FileReader, Said, file_rules

pytestmark = pytest.mark.requirement("SL-2")

ANY = {"type": ["object", "array", "string", "null"]}
DECLARED = {
    "each": "files",
    "id": "id",
    "address": ["download", "url"],
    "member": "path",
    "name": "name",
    "type": "mimetype",
    "size": "size",
    "state": {"field": "mode", "gone": ["tombstone"], "hidden": ["limited"], "external": ["external", "true"]},
}


def reader(*declared: dict[str, Any], **fields: Any) -> FileReader:
    properties = {"files": ANY, "raw": ANY, "file": ANY, "url": ANY, "size": ANY, **fields}
    return FileReader(file_rules(manifest(stream("notes", properties=properties, files=[*declared]))))


def files(data: dict[str, Any], *declared: dict[str, Any]) -> list[Any]:
    return [*reader(*(declared or (DECLARED,))).read("notes", "n1", {"id": "n1", **data}).files]


def test_a_file_is_read_from_where_its_fields_are():
    told = {
        "id": "F1",
        "url": "https://x.example/f",
        "name": "a.png",
        "mimetype": "image/png",
        "size": 5,
        "path": "m/a",
    }
    (file,) = files({"files": [told]})
    assert (file.identity, file.name, file.type, file.size) == ("id:F1", "a.png", "image/png", 5)
    assert (file.address, file.member, file.said, file.is_thumbnail) == (
        "https://x.example/f",
        "m/a",
        Said.THERE,
        False,
    )


def test_the_first_address_with_a_text_is_it():
    (file,) = files({"files": [{"id": "F1", "download": None, "url": "second"}]})
    assert file.address == "second"


def test_one_object_a_list_and_lists_within_lists_are_gone_through():
    assert len(files({"files": {"id": "F1"}})) == 1
    nested = {**DECLARED, "each": "raw.blocks.files"}
    held = {"blocks": [{"files": [{"id": "F1"}, {"id": "F2"}]}, {"files": {"id": "F3"}}, {}, None]}
    assert [one.identity for one in files({"raw": held}, nested)] == ["id:F1", "id:F2", "id:F3"]


def test_a_record_may_be_the_file():
    (file,) = files({"url": "https://x.example/f", "size": "12"}, {"address": "url", "size": "size"})
    assert (file.identity, file.size) == ("address:https://x.example/f", 12)


def test_originals_and_thumbnails_are_told_apart():
    small = {"each": "files", "id": "id", "address": "thumb", "thumbnail": True}
    found = files({"files": [{"id": "F1", "url": "u", "thumb": "t"}]}, DECLARED, small)
    assert [(one.identity, one.is_thumbnail, one.address) for one in found] == [
        ("id:F1", False, "u"),
        ("id:F1", True, "t"),
    ]


@pytest.mark.parametrize(
    ("mode", "said"),
    [("hosted", "there"), ("tombstone", "gone"), ("limited", "hidden"), ("external", "external"), (True, "external")],
)
def test_what_the_source_says_of_it(mode: Any, said: str):
    (file,) = files({"files": [{"id": "F1", "mode": mode}]})
    assert file.said == said


def test_without_an_id_the_address_tells_which_file_it_is_and_without_both_its_place_in_the_record():
    found = files({"files": [{"url": "u"}, {"path": "m/a"}, {"name": "b"}, {"size": 4}]})
    assert [one.identity for one in found] == ["address:u", "at:notes/n1/0.1", "at:notes/n1/0.2"]


def test_the_same_file_twice_in_a_record_is_one():
    assert len(files({"files": [{"id": "F1"}, {"id": "F1", "name": "again"}]})) == 1


def test_the_moment_is_that_of_the_record():
    found = reader(DECLARED).read("notes", "n1", {"id": "n1", "at": "2026-01-01T00:00:00Z", "files": [{"id": "F1"}]})
    assert found.moment == 1_767_225_600


@given(value=anything)
def test_whatever_stands_there_is_no_fault(value: Any):
    for data in ({"files": value}, {"files": [value]}, {"files": [{"id": value, "size": value, "mode": value}]}):
        for file in files(data):
            assert file.identity
            assert file.size is None or file.size >= 0


@given(size=st.one_of(st.integers(), st.floats(), st.text(max_size=30)))
def test_a_size_is_a_number_of_bytes_or_none(size: Any):
    (file,) = files({"files": [{"id": "F1", "size": size}]})
    assert file.size is None or (isinstance(file.size, int) and 0 <= file.size <= 1 << 50)


def test_a_record_of_very_many_files_holds_a_thousand():
    assert len(files({"files": [{"id": f"F{number}"} for number in range(5_000)]})) == 1_000


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ({"each": "nothing", "address": "url"}, "unknown_files_field"),
        ({"address": "nothing"}, "unknown_files_field"),
        ({"each": "files"}, "manifest_field_invalid"),
        ({"each": "files.*", "address": "url"}, "manifest_field_invalid"),
        ({"each": "files", "address": ["url", ""]}, "manifest_field_invalid"),
        ({"each": "files", "address": "url", "state": {"gone": ["x"]}}, "manifest_field_missing"),
    ],
)
def test_a_declaration_that_cannot_be_right_is_refused(declared: dict[str, Any], code: str):
    with pytest.raises(ManifestError) as refused:
        reader(declared)
    assert refused.value.code == code


def test_rules_are_told_apart_by_their_text():
    streams = stream("notes", properties={"files": ANY}, files=[DECLARED])
    one = file_rules(manifest(streams))
    assert one.as_text() == file_rules(manifest(streams)).as_text()
    other = stream("notes", properties={"files": ANY}, files=[{**DECLARED, "size": None}])
    assert one.as_text() != file_rules(manifest(other)).as_text()


def test_all_that_a_record_declares_in_several_places_is_bounded_together():
    many = [{"id": f"F{number}", "url": "u", "path": "p"} for number in range(800)]
    other = {"each": "raw", "id": "id", "address": "url"}
    found = files({"files": many, "raw": [{"id": f"G{number}"} for number in range(800)]}, DECLARED, other)
    assert len(found) == 1_000


def test_a_number_is_as_good_an_id_as_a_text_and_true_is_none():
    assert [one.identity for one in files({"files": [{"id": 7}, {"id": True, "url": "u"}]})] == ["id:7", "address:u"]


def test_a_record_that_is_the_file_says_by_a_field_of_its_own_that_it_is_gone():
    declared = {"address": "url", "state": {"field": "file", "gone": ["removed"]}}
    (file,) = files({"url": "u", "file": "removed"}, declared)
    assert file.said == "gone"
    with pytest.raises(ManifestError, match="'nothing'"):
        reader({**declared, "state": {"field": "nothing"}})
