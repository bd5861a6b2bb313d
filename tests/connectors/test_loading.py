"""From a folder to a source: what it names exists and stays inside, and every refusal says where (ours)."""

import json
from pathlib import Path
from typing import Any

import pytest

from polyhost.connectors import loading
from polyhost.connectors.loading import (
    BrokenSource,
    LoadedSource,
    bundled_folder,
    find_source,
    find_sources,
    load_connector_folder,
)
from polyhost.errors import RefusedError

PAGE = {"script": "polyfill.js", "page": "https://notes.test/", "hosts": ["notes.test"]}


def manifest(**parts: Any) -> dict[str, Any]:
    return {
        "protocol_version": "0.1.0",
        "connector_id": "https://example.org/notes",
        "version": "1",
        "display_name": "Notes",
        "streams": [
            {
                "name": "notes",
                "schema": {"type": "object", "properties": {"id": {"type": "string"}}},
                "primary_key": ["id"],
            }
        ],
        **parts,
    }


def folder_of(at: Path, content: Any, *files: str) -> Path:
    at.mkdir(parents=True, exist_ok=True)
    (at / "manifest.json").write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    for name in files:
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_text("polyfill(async () => {}); // ü", encoding="utf-8")
    return at


def refusal(folder: Path) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        load_connector_folder(folder)
    assert refused.value.instruction
    return refused.value


def test_a_page_polyfill_is_loaded_with_its_script(tmp_path):
    folder = folder_of(tmp_path / "notes", manifest(polyfill=PAGE), "polyfill.js")
    source = load_connector_folder(folder)
    assert (source.name, source.kind, source.reference) == ("notes", "page", str(folder))
    assert source.script == folder / "polyfill.js"
    assert source.read_script().endswith("ü")


def test_libraries_come_in_the_manifests_order_and_are_held_to_the_folder(tmp_path):
    """A polyfill of several files."""
    several = PAGE | {"libraries": ["lib/b.js", "a.js"]}
    folder = folder_of(tmp_path / "notes", manifest(polyfill=several), "polyfill.js", "a.js", "lib/b.js")
    (folder / "a.js").write_text("a", encoding="utf-8")
    assert [name for name, _ in load_connector_folder(folder).read_libraries()] == ["lib/b.js", "a.js"]
    (folder / "a.js").unlink()
    assert "polyfill.libraries[1] names 'a.js', which is missing" in refusal(folder).reason
    outside = manifest(polyfill=PAGE | {"libraries": ["../elsewhere.js"]})
    assert "libraries" in refusal(folder_of(tmp_path / "notes", outside)).reason


def test_a_script_is_read_anew_each_time(tmp_path):
    """Its author changes it between two runs."""
    folder = folder_of(tmp_path / "notes", manifest(polyfill=PAGE), "polyfill.js")
    source = load_connector_folder(folder)
    (folder / "polyfill.js").write_text("changed")
    assert source.read_script() == "changed"


def test_a_folder_with_a_manifest_that_names_a_command_is_a_process(tmp_path):
    folder = folder_of(
        tmp_path / "notes", manifest(stdio={"command": ["node", "src/main.mjs", "--x.py"]}), "src/main.mjs"
    )
    source = load_connector_folder(folder)
    assert (source.kind, source.script) == ("stdio", None)
    with pytest.raises(RefusedError):
        source.read_script()


@pytest.mark.parametrize("runners", [{}, {"polyfill": PAGE, "stdio": {"command": ["node"]}}])
def test_exactly_one_way_to_run_it_is_named(tmp_path, runners):
    error = refusal(folder_of(tmp_path / "notes", manifest(**runners), "polyfill.js"))
    assert error.code in {"manifest_no_runner", "manifest_two_runners"}
    assert "manifest.json" in error.reason


@pytest.mark.requirement("PR-4.3")
@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        ("{", "manifest_no_json", "line 1"),
        ("[]", "manifest_not_an_object", "manifest.json"),
        (b"\xff".decode("latin-1"), "manifest_no_json", "line 1"),
        ({**manifest(polyfill=PAGE), "streams": []}, "manifest_field_invalid", "streams"),
        ({**manifest(polyfill=PAGE), "version": 3}, "manifest_field_invalid", "version"),
    ],
)
def test_a_manifest_that_cannot_be_run_is_refused_naming_file_and_field(tmp_path, content, code, place):
    error = refusal(folder_of(tmp_path / "notes", content, "polyfill.js"))
    assert error.code == code
    assert str(tmp_path / "notes" / "manifest.json") in error.reason
    assert place in error.reason


def test_what_is_missing_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "empty").code == "manifest_file_missing"
    assert refusal(tmp_path / "nowhere").code == "unknown_source"
    error = refusal(folder_of(tmp_path / "notes", manifest(polyfill=PAGE)))
    assert "polyfill.script names 'polyfill.js', which is missing" in error.reason
    error = refusal(folder_of(tmp_path / "stdio", manifest(stdio={"command": ["node", "main.mjs"]})))
    assert "stdio.command[1] names 'main.mjs', which is missing" in error.reason


@pytest.mark.parametrize(
    "command",
    [
        ["node", "../outside.mjs"],
        ["node", "sub/../../outside.mjs"],
        ["../outside.sh"],
        ["node", "link.mjs"],
        ["node", "linked/outside.mjs"],
        ["node", "OUTSIDE.MJS"],
    ],
)
def test_nothing_leads_out_of_the_folder(tmp_path, command):
    """By dots or by links, for the program and for its scripts."""
    (tmp_path / "outside.mjs").write_text("")
    (tmp_path / "outside.sh").write_text("")
    folder = folder_of(tmp_path / "notes", manifest(stdio={"command": command}))
    (folder / "link.mjs").symlink_to(tmp_path / "outside.mjs")
    (folder / "OUTSIDE.MJS").symlink_to("../outside.mjs")
    (folder / "linked").symlink_to(tmp_path)
    assert refusal(folder).code == "manifest_file_outside"


def test_an_absolute_script_outside_is_refused_and_an_absolute_program_is_not(tmp_path):
    (tmp_path / "main.py").write_text("")
    outside = folder_of(tmp_path / "a", manifest(stdio={"command": ["/usr/bin/python3", str(tmp_path / "main.py")]}))
    assert refusal(outside).code == "manifest_file_outside"
    inside = folder_of(tmp_path / "b", manifest(stdio={"command": ["/usr/bin/python3", "main.py"]}), "main.py")
    assert load_connector_folder(inside).kind == "stdio"


@pytest.mark.parametrize("script", ["../polyfill.js", "/etc/passwd", "a/../../polyfill.js"])
def test_a_pages_script_does_not_lead_out_by_its_name(tmp_path, script):
    (tmp_path / "polyfill.js").write_text("")
    folder = folder_of(tmp_path / "notes", manifest(polyfill={**PAGE, "script": script}))
    assert "polyfill.script" in refusal(folder).reason


def test_a_pages_script_does_not_lead_out_by_a_link(tmp_path):
    (tmp_path / "secret.js").write_text("")
    folder = folder_of(tmp_path / "notes", manifest(polyfill=PAGE))
    (folder / "polyfill.js").symlink_to(tmp_path / "secret.js")
    assert refusal(folder).code == "manifest_file_outside"


def test_a_manifest_does_not_lead_out_by_a_link(tmp_path):
    (tmp_path / "other.json").write_text(json.dumps(manifest(polyfill=PAGE)))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "manifest.json").symlink_to(tmp_path / "other.json")
    assert refusal(tmp_path / "notes").code == "manifest_file_outside"


def test_a_linked_folder_is_the_owners_own_choice(tmp_path):
    """A checkout linked into the home while it is written."""
    real = folder_of(tmp_path / "real", manifest(polyfill=PAGE), "polyfill.js")
    (tmp_path / "linked").symlink_to(real)
    source = load_connector_folder(tmp_path / "linked")
    assert (source.name, bool(source.read_script())) == ("linked", True)


def test_a_huge_manifest_is_not_read(tmp_path):
    folder = folder_of(tmp_path / "notes", " " * (loading.MAX_MANIFEST_BYTES + 1))
    assert refusal(folder).code == "manifest_unreadable"


def test_a_script_that_is_not_text_is_refused(tmp_path):
    folder = folder_of(tmp_path / "notes", manifest(polyfill=PAGE), "polyfill.js")
    (folder / "polyfill.js").write_bytes(b"\xff\xfe")
    with pytest.raises(RefusedError):
        load_connector_folder(folder).read_script()


def test_the_bundled_sources_are_found_and_can_be_run():
    found = {source.name: source for source in find_sources()}
    assert isinstance(found["slack"], LoadedSource)
    assert "sdk" not in found
    assert find_source("slack").reference == "slack"


def test_an_installed_package_finds_them_inside_itself(tmp_path, monkeypatch):
    """In a wheel they are package data; there is no checkout above it."""
    monkeypatch.setattr(loading, "_PACKAGE", tmp_path / "polyhost")
    bundled = tmp_path / "polyhost" / "_bundled" / "polyfills"
    folder_of(bundled / "notes", manifest(polyfill=PAGE), "polyfill.js")
    assert bundled_folder() == bundled
    assert [source.name for source in find_sources()] == ["notes"]


def test_the_owners_own_go_before_bundled_ones_of_the_same_name(tmp_path):
    own = folder_of(tmp_path / "polyfills" / "slack", manifest(polyfill=PAGE), "polyfill.js")
    assert find_source("slack", tmp_path / "polyfills").folder == own
    assert [source.folder for source in find_sources(tmp_path / "polyfills") if source.name == "slack"] == [own]


def test_a_broken_one_is_listed_as_such_and_hides_no_other(tmp_path):
    folder_of(tmp_path / "bad", "{")
    folder_of(tmp_path / "good", manifest(polyfill=PAGE), "polyfill.js")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "no-manifest").mkdir()
    found = {source.name: source for source in find_sources(tmp_path)}
    assert isinstance(found["bad"], BrokenSource)
    assert found["bad"].error.code == "manifest_no_json"
    assert isinstance(found["good"], LoadedSource)
    bundled = {file.parent.name for file in bundled_folder().glob("*/manifest.json")}
    assert set(found) == {"bad", "good"} | bundled


def test_a_source_is_found_by_its_path_too(tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "notes", manifest(polyfill=PAGE), "polyfill.js")
    monkeypatch.chdir(tmp_path)
    assert find_source("./notes").reference == str(folder)
    assert find_source("../" + tmp_path.name + "/notes").name == "notes"
    monkeypatch.chdir(folder)
    assert find_source(".").name == "notes"
    assert find_source(str(folder)).folder == folder


@pytest.mark.parametrize("name", ["nothing", "", "__proto__", "sla\0ck", "x" * 500])
def test_an_unknown_source_is_refused_with_what_there_is(tmp_path, name):
    with pytest.raises(RefusedError) as refused:
        find_source(name, tmp_path / "none")
    assert refused.value.code == "unknown_source"
    assert "slack" in refused.value.instruction
