"""BLOB: files that a connector hands over beside its records (SL-2)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks import AT, done, like, manifest, manifest_json, play, record, stream
from polyhost.connectors.lines import LineDecoder
from polyhost.errors import ErrorCode
from polyhost.ledger.files import FileState, met
from polyhost.protocol.blob_message import Blob, WrongBlobError, read_blob
from polyhost.protocol.blobs import CapabilityError, match_capabilities
from polyhost.protocol.commands import EndRun, PersistRecords, TakeBlob
from polyhost.protocol.declarations import MAX_BLOB
from polyhost.protocol.manifest import Manifest, ManifestError, load_manifest
from polyhost.protocol.record_files import FileReader, Said, blob_identity, file_rules

pytestmark = pytest.mark.requirement("SL-2")

DIGEST = "ab" * 32
REFERENCE = {"blob_id": f"sha256:{DIGEST}", "mime_type": "application/json", "size_bytes": 12, "sha256": DIGEST}
CHATS = stream("chats", properties={"blob_ref": {"type": "object"}})
NOTES = stream("notes", required=False)
DECLARED: dict[str, Any] = {"protocol_capabilities": ["BLOB"]}
HANDS_OVER = manifest(CHATS, NOTES, **DECLARED)


def named(*streams: str, **more: Any) -> dict[str, Any]:
    return {**DECLARED, "capabilities": {"host_blob_write": {"version": 1, "streams": list(streams), **more}}}


def blob(**over: Any) -> dict[str, Any]:
    told = {"stream": "chats", "key": "c1", "file": "one.json", "mime_type": "application/json"}
    return {"type": "BLOB", **told, "size_bytes": 12, "sha256": DIGEST, **over}


def told(of: Manifest, *said: dict[str, Any], request: Any = None) -> tuple[list[Blob], list[Any]]:
    """What is taken, and what the run says of the rest; it succeeds."""
    book = play(of, request)
    for message in said:
        book >> message
    (book >> done(sum(message["type"] == "RECORD" for message in said))).finish()
    assert like(EndRun, status="succeeded").matches(book.of(EndRun)[0])
    return [command.blob for command in book.of(TakeBlob)], book.diagnostics


# the message


def test_a_blob_says_of_which_stream_it_is_and_where_its_bytes_lie():
    assert read_blob(blob(more="unknown")) == Blob("chats", "one.json", "application/json", 12, DIGEST)
    assert read_blob(blob(key=["a", "b"], file="A" + "x" * 127)).file == "A" + "x" * 127


WRONG: dict[str, list[Any]] = {
    "stream": [None, "", 5, "s" * 129, ["chats"]],
    "key": [None, "", 5, [], ["a", ""], ["a", 1], {"a": 1}, True],
    "file": [None, "", "../x", "a/b", ".hidden", "-x", "a..b", "a\n", "x" * 129, "a\\b", "a b", "é", 5, "a\0b", "C:x"],
    "mime_type": [
        None,
        "",
        "json",
        "a/b/c",
        "Text/Plain",
        "text/plain; charset=utf-8",
        "a/",
        5,
        "x" * 70 + "/y",
        "a/b\n",
    ],
    "size_bytes": [None, 0, -1, 1.0, 12.5, "12", True, [12]],
    "sha256": [None, "", "ab", DIGEST.upper(), DIGEST + "0", DIGEST + "\n", f"sha256:{DIGEST}"[:64], 5],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_a_field_that_is_none_is_named_without_what_stood_there(field: str, value: Any):
    with pytest.raises(WrongBlobError) as caught:
        read_blob(blob(**{field: value}))
    assert (caught.value.rule, caught.value.where) == ("blob_malformed", f"BLOB.{field}")


@pytest.mark.parametrize("field", ["stream", "key", "file", "mime_type", "size_bytes", "sha256"])
def test_no_field_can_be_left_out(field: str):
    message = blob()
    del message[field]
    with pytest.raises(WrongBlobError):
        read_blob(message)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=140),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ["stream", "key", "file", "mime_type", "size_bytes", "sha256"]


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
def test_whatever_stands_in_it_no_run_ends_and_no_path_gets_through(over: dict[str, Any]):
    taken, said = told(HANDS_OVER, blob(**over), record("chats", "c1"))
    assert len(taken) + sum(one.count or 0 for one in said if "blob" in one.message) == 1
    for one in taken:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", one.file), one
        assert ".." not in one.file
        assert 0 < one.size <= MAX_BLOB
        assert re.fullmatch(r"[0-9a-f]{64}", one.digest)
        assert one.stream == "chats"


# what is declared


def test_a_blob_is_taken_beside_its_record_and_is_no_record():
    book = play(HANDS_OVER) >> blob() >> record("chats", "c1")
    assert [type(command) for command in book.finish().all if type(command) in (TakeBlob, PersistRecords)] == [
        TakeBlob,
        PersistRecords,
    ]
    assert book.machine.records_emitted == 1


@pytest.mark.parametrize(
    ("of", "message", "rule", "at"),
    [
        (manifest(CHATS), blob(), "blob_not_declared", "chats"),
        (manifest(CHATS), blob(stream="nobody"), "blob_not_declared", None),
        (HANDS_OVER, blob(stream="nobody"), "blob_stream_not_declared", None),
        (HANDS_OVER, blob(stream="notes"), "blob_stream_not_declared", "notes"),
        (HANDS_OVER, blob(size_bytes=MAX_BLOB + 1), "blob_too_large", "chats"),
        (manifest(CHATS, **named("chats", max_blob_bytes=11)), blob(), "blob_too_large", "chats"),
        (manifest(CHATS, NOTES, **named("notes")), blob(), "blob_stream_not_declared", "chats"),
        (HANDS_OVER, blob(file="/etc/passwd"), "blob_malformed at BLOB.file", "chats"),
        (HANDS_OVER, blob(stream=["chats"]), "blob_malformed at BLOB.stream", None),
    ],
)
def test_one_that_cannot_be_taken_costs_itself_and_is_counted(of: Manifest, message: Any, rule: str, at: str | None):
    taken, said = told(of, message, message, record("chats", "c1"))
    assert taken == []
    (found,) = [one for one in said if one.code == "media_missing"]
    assert (found.severity, found.stream, found.count) == ("gap", at, 2)
    assert f"({rule}" in found.message
    assert "passwd" not in found.message


def test_as_many_bytes_as_are_declared_are_taken():
    taken, _ = told(HANDS_OVER, blob(size_bytes=MAX_BLOB), record("chats", "c1"))
    assert [one.size for one in taken] == [MAX_BLOB]
    of = manifest(CHATS, **named("chats", max_blob_bytes=12))
    assert told(of, blob(), record("chats", "c1"))[0]
    assert manifest(CHATS, **named("chats", max_blob_bytes=MAX_BLOB * 2)).max_blob == MAX_BLOB


def test_one_of_a_stream_that_nobody_asked_for_is_no_gap():
    both = manifest(CHATS, stream("notes", properties={"blob_ref": {"type": "object"}}), **DECLARED)
    taken, said = told(both, blob(), record("notes", "n1"), request={"streams": ["notes"]})
    assert taken == []
    assert [(one.code, one.severity, one.count) for one in said] == [("out_of_scope_record", "info", 1)]


def test_streams_that_files_are_handed_over_for():
    assert manifest(CHATS, NOTES).blob_streams == frozenset()
    assert HANDS_OVER.blob_streams == {"chats"}
    assert manifest(CHATS, NOTES, **named("notes", "nobody")).blob_streams == {"notes"}


@pytest.mark.parametrize("wrong", [{"version": 2}, {"max_blob_bytes": 0}, {"streams": "chats"}])
def test_a_declaration_that_is_not_one_is_refused(wrong: Any):
    declared = manifest_json(CHATS, **DECLARED, capabilities={"host_blob_write": wrong})
    with pytest.raises(ManifestError):
        load_manifest(declared)


def test_what_nothing_here_takes_is_refused_before_it_starts():
    match_capabilities(HANDS_OVER, ["BLOB"])
    match_capabilities(manifest(CHATS), [])
    for offered in ((), ("STREAM_EVIDENCE",)):
        with pytest.raises(CapabilityError) as caught:
            match_capabilities(HANDS_OVER, offered)
        assert (caught.value.capability, caught.value.code) == ("BLOB", ErrorCode.CAPABILITY_MISSING)


def test_half_a_character_in_it_costs_it_alone():
    line = json.dumps(blob(key="c\ud83d")).encode() + b"\n"
    ((message, _),) = LineDecoder(1_000_000).feed(line)
    book = play(HANDS_OVER) >> message
    (book >> record("chats", "c1") >> done(1)).finish()
    assert book.of(TakeBlob) == []
    assert like(EndRun, status="succeeded").matches(book.of(EndRun)[0])
    assert ("media_missing", "chats", 1) in book.codes


# what a record names


def files_of(data: dict[str, Any], of: Manifest = HANDS_OVER) -> Any:
    return FileReader(file_rules(of)).read("chats", "c1", {"id": "c1", "at": AT, **data}).files


def test_a_record_names_a_file_by_its_digest():
    (file,) = files_of({"blob_ref": REFERENCE})
    assert file.identity == blob_identity(DIGEST)
    assert (file.type, file.size, file.member, file.address) == (
        "application/json",
        12,
        f"sha256:{DIGEST}",
        None,
    )
    assert (file.said, met(None, "chats", file, None).state) == (Said.THERE, FileState.TO_COME)


@pytest.mark.parametrize("reference", [None, {}, "x", [], {**REFERENCE, "sha256": "0" * 64, "size_bytes": 1}])
def test_a_record_that_names_none_has_none(reference: Any):
    assert files_of({"blob_ref": reference}) == []


def test_files_of_its_own_declaration_stay_what_they_are():
    declared = {**CHATS, "files": [{"address": "text", "id": "id"}]}
    own, handed = files_of({"text": "https://x.example/1", "blob_ref": REFERENCE}, manifest(declared, **DECLARED))
    assert (own.identity, handed.identity) == ("id:c1", blob_identity(DIGEST))
    assert file_rules(manifest(declared)).streams["chats"][0] == manifest(declared).by_name["chats"].files


def test_without_the_capability_a_field_of_that_name_is_a_field():
    assert file_rules(manifest(CHATS)).streams == {}
