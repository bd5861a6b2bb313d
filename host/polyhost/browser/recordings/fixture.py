"""A scenario: one directory with a recording, the session it starts from, what it must yield, and what was replaced.

Owns: the four files, reading them with refusals that name file and line, and writing them as a whole or not at all.
Must not know: browsers, scrubbing.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from polyhost.browser.recordings import har
from polyhost.browser.recordings._exchange import exchange
from polyhost.browser.recordings.har import Recording
from polyhost.browser.recordings.waivers import is_waiver
from polyhost.browser.storage import NotAStateError, read_state
from polyhost.errors import RefusedError, RunFailedError

__all__ = [
    "EXPECTED",
    "GIVEN",
    "RECORDING",
    "REDACTIONS",
    "STORAGE_STATE",
    "Redactions",
    "Scenario",
    "in_order",
    "load_scenario",
    "write_scenario",
]

RECORDING = "recording.har"
STORAGE_STATE = "storage_state.json"
EXPECTED = "expected.jsonl"
REDACTIONS = "redactions.json"
GIVEN = "given.json"
"""Only there where the run was given something."""


@dataclass(frozen=True, slots=True)
class Redactions:
    """How many distinct values were replaced, by kind and by rule; never a value, old or new.

    `in_place_only` counts values that were replaced where a rule names them and nowhere else, because elsewhere the
    same characters mean something different (a name that is also a field's name, a number that may be a time).
    `waived`: places that may hold what looks like a secret, each with the owner's reason.
    """

    kinds: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    in_place_only: Mapping[str, int] = field(default_factory=dict[str, int])
    waived: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Scenario:
    recording: Recording
    storage_state: Mapping[str, Any]
    expected: tuple[Mapping[str, Any], ...]
    redactions: Redactions
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the run was given, in stand-ins, where that was anything: the `page` it began at, the `site` it is of, and
    the hosts that this has `named`, `streams` and `resources` it was narrowed to, `answers` of the owner, `earlier`:
    what it knew of runs before it. A replay is given the same. Or `after`: the scenario, by its path from this one's
    folder, over whose records it is replayed."""
    known: Mapping[str, str] = field(default_factory=dict[str, str], repr=False, compare=False)
    """What the host knows for a secret, beside what the rules find, each with why. In no file, ever."""


def in_order(records: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """By stream, partition and key: an order that hangs on nothing else, so that stand-ins for keys change it alike
    in what is expected and in what comes."""
    return sorted(records, key=lambda one: (one.get("stream", ""), one.get("partition") or "", one.get("key", "")))


def load_scenario(directory: Path) -> Scenario:
    """Read and validate all files. RefusedError says what is missing or broken, and where."""
    if not directory.is_dir():
        raise RefusedError(f"There is no scenario directory {directory}", "Name a directory that holds recording.har.")
    for name in (RECORDING, STORAGE_STATE, EXPECTED, REDACTIONS):
        if not (directory / name).is_file():
            raise RefusedError(f"The scenario {directory} lacks {name}", "Record it again, or restore the file.")
    storage_state = _storage_state(directory / STORAGE_STATE)
    lines = (directory / EXPECTED).read_bytes().splitlines()
    expected = (_json(directory / EXPECTED, line, number) for number, line in enumerate(lines, 1) if line.strip())
    redactions = _redactions(directory / REDACTIONS)
    recording = har.load(directory / RECORDING)
    return Scenario(recording, storage_state, tuple(in_order(expected)), redactions, _given(directory / GIVEN))


def write_scenario(directory: Path, scenario: Scenario) -> None:
    """Put a whole scenario in place at once; an older one is replaced. RunFailedError where nothing could be."""
    files = {
        RECORDING: har.dump(scenario.recording),
        STORAGE_STATE: _pretty(scenario.storage_state),
        EXPECTED: b"".join(_line(record) for record in in_order(scenario.expected)),
        REDACTIONS: _pretty(_counted(scenario.redactions)),
    }
    if scenario.given:
        files[GIVEN] = _pretty(scenario.given)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        _replace(directory, lambda fresh: [(fresh / name).write_bytes(data) for name, data in files.items()])
    except OSError as error:
        raise RunFailedError(
            f"The scenario {directory} cannot be written: {error.strerror}",
            "Check the directory, its permissions and the disk.",
        ) from None


def _replace(directory: Path, fill: Callable[[Path], object]) -> None:
    # In one directory, on one file system, and in one step where the system has one: whoever reads, and whenever this
    # process is killed, the old scenario is there or the new one.
    work = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))  # mode 0700
    fresh, old = work / "new", work / "old"
    try:
        fresh.mkdir()
        fill(fresh)
        if not directory.exists():
            fresh.rename(directory)
        elif not exchange(fresh, directory):
            _in_two_steps(directory, fresh, old)
    finally:
        if directory.exists() or not old.exists():  # else the old one is all there is
            shutil.rmtree(work, ignore_errors=True)


def _in_two_steps(directory: Path, fresh: Path, old: Path) -> None:
    try:
        directory.rename(old)
        fresh.rename(directory)
    except BaseException:
        if not directory.exists():
            with suppress(FileNotFoundError):
                old.rename(directory)
        raise


def _json(path: Path, data: bytes, line: int | None = None) -> dict[str, Any]:
    where = f"{path}, line {line}," if line is not None else str(path)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise RefusedError(f"{where} is not JSON", "Record the scenario again, or restore the file.") from None
    if not isinstance(document, dict):
        raise RefusedError(f"{where} is no JSON object", "Record the scenario again, or restore the file.")
    return cast("dict[str, Any]", document)


def _storage_state(path: Path) -> dict[str, Any]:
    try:
        return read_state(_json(path, path.read_bytes()))
    except NotAStateError as error:
        raise RefusedError(f"{path} is not a storage state{error.where}", "Record the scenario again.") from None


def _redactions(path: Path) -> Redactions:
    document = _json(path, path.read_bytes())
    kinds, in_place_only, waived = (document.get(name, {}) for name in ("kinds", "in_place_only", "waived"))
    if "kinds" not in document or not all(isinstance(one, dict) for one in (kinds, in_place_only, waived)):
        raise RefusedError(f"{path} does not say what was replaced", "Record the scenario again, or scrub it.")
    for place, reason in waived.items():
        if not is_waiver(place, reason):
            raise RefusedError(f"{path}: {place!r} is not a valid place to waive", "Record the scenario again.")
    return Redactions(
        cast("dict[str, dict[str, int]]", kinds), cast("dict[str, int]", in_place_only), cast("dict[str, str]", waived)
    )


def _counted(redactions: Redactions) -> dict[str, Any]:
    counted = {"kinds": redactions.kinds, "in_place_only": redactions.in_place_only}
    return {**counted, "waived": redactions.waived} if redactions.waived else counted


def _given(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    given = _json(path, path.read_bytes())
    kinds = {
        "page": str,
        "site": str,
        "named": list,
        "resources": dict,
        "answers": list,
        "earlier": dict,
        "after": str,
        "streams": list,
    }
    if not all(isinstance(value, kinds.get(name, ())) for name, value in given.items()):
        raise RefusedError(f"{path} is not what a run is given", "Record the scenario again, or restore the file.")
    return given


def _pretty(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"
