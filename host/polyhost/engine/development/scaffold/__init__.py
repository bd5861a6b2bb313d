"""A new polyfill's folder: small, whole, and passing every check as it stands.

Owns: which files there are and what is filled into them. Must not know: how a polyfill is checked or run.

The site in it does not exist (`NAME.example`); its answers are a recording in the folder, so that the first test passes
offline before the author has written a line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from polyhost.browser.bridge.scripts import sdk_folder
from polyhost.browser.recordings.fixture import Redactions, Scenario, write_scenario
from polyhost.browser.recordings.har import Entry, Recording
from polyhost.browser.recordings.record import cleaned
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.connectors.loading import load_connector_folder
from polyhost.errors import ErrorCode, RefusedError, RunFailedError

__all__ = ["FIXTURE", "make_polyfill"]

FIXTURE = "fixtures/first"
"""The recorded scenario, inside the folder."""
_TEMPLATES = Path(__file__).parent / "files"
_FILES: Mapping[str, str] = {
    "manifest.json": "manifest.json.in",
    "polyfill.js": "polyfill.js.in",
    "README.md": "README.md.in",
    "test_polyfill.py": "test_polyfill.py.in",
    "tsconfig.json": "tsconfig.json.in",
}
_NOTES = (
    {"id": "n1", "title": "Tide tables", "changed_at": "2026-01-01T08:00:00Z"},
    {"id": "n2", "title": "Knots", "changed_at": "2026-01-02T08:00:00Z"},
    {"id": "n3", "title": "Lamps", "changed_at": "2026-01-03T08:00:00Z"},
)


def make_polyfill(name: str, folder: Path) -> list[str]:
    """Write it; the files' names. RefusedError where there is something at that place already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RefusedError(
            f"there is something at {folder} already",
            "Name a folder that is empty or not there.",
            code=ErrorCode.FOLDER_TAKEN,
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, template in _FILES.items():
            text = (_TEMPLATES / template).read_text(encoding="utf-8")
            (folder / file).write_text(text.replace("@NAME@", name), encoding="utf-8")
        types = (sdk_folder() / "polyfill.d.ts").read_text(encoding="utf-8")
        (folder / "polyfill.d.ts").write_text(types, encoding="utf-8")
    except OSError as error:
        raise RunFailedError(f"{folder} cannot be written: {error.strerror}", "Name another folder.") from None
    write_scenario(folder / FIXTURE, cleaned([_scenario(name)], _rules(folder))[0])
    return [*_FILES, "polyfill.d.ts", FIXTURE]


def _rules(folder: Path) -> RecordingRules:
    """Those of the manifest that was just written: the recording is scrubbed as one of the author's own will be."""
    declared = load_connector_folder(folder).manifest.polyfill
    assert declared is not None  # noqa: S101  the template has one
    return RecordingRules.declared(declared.recording.model_dump(exclude_defaults=True), declared.hosts)


def _scenario(name: str) -> Scenario:
    """What the site that does not exist has answered."""
    site = f"https://{name}.example"
    page = Entry(
        method="GET",
        url=f"{site}/",
        request_headers=(),
        request_body=None,
        status=200,
        response_headers=(("content-type", "text/html"),),
        body=b"<!doctype html><title>Notes</title>",
    )
    answer = Entry(
        method="GET",
        url=f"{site}/api/notes",
        request_headers=(),
        request_body=None,
        status=200,
        response_headers=(("content-type", "application/json"),),
        body=json.dumps({"notes": _NOTES}).encode(),
    )
    about = {"stream": "notes", "partition": None, "deleted": False}
    expected = tuple({**about, "key": note["id"], "data": note} for note in _NOTES)
    state = {"cookies": [], "origins": []}
    return Scenario(Recording((page, answer)), state, expected, Redactions())
