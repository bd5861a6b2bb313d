"""Look at a scenario as a stranger would: is anything left in it that the rules, or common sense, say must go?

Owns: the findings, what is exempt from them, and saying what was looked for. It walks exactly what scrubbing walks, and
knows nothing of the originals: a field that a rule names must hold a stand-in, and nothing anywhere may look like
something of the closed list (`looks`), as it stands or decoded three deep. Must not know: how stand-ins are made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from polyhost.browser.recordings._layers import DEPTH, inside
from polyhost.browser.recordings._places import place_of
from polyhost.browser.recordings._walk import Found
from polyhost.browser.recordings.fixture import Scenario, load_scenario
from polyhost.browser.recordings.looks import LOOKED_FOR, Look, is_random, looks_in
from polyhost.browser.recordings.recording_rules import Kind, RecordingRules
from polyhost.browser.recordings.scrub import walk_scenario
from polyhost.browser.recordings.standins import is_standin
from polyhost.browser.recordings.waivers import Waiver

__all__ = ["MAX_FINDINGS", "Finding", "looked_for", "verify", "verify_scenario"]

MAX_FINDINGS = 50
"""Findings listed; an unscrubbed recording would give one per string."""
_CURSOR = re.compile(r"cursor|page_?token|continuation|^(after|before|offset|etag)$", re.IGNORECASE)
_PHONE = re.compile(r"phone|^(tel|mobile|msisdn|fax|cell|whatsapp)$", re.IGNORECASE)
_DIGITS = re.compile(r"\+?\d[\d ()./-]{5,18}\d")
_PUBLIC = re.compile(
    r"data:[\w/+.-]{1,60};base64,[A-Za-z0-9+/=]*|sha(?:256|384|512)-[A-Za-z0-9+/]{43,88}={0,2}"
    r"|nonce[-=]['\"]?[\w+/=-]{8,}|\d{4}-?\d\d-?\d\dT[\d.-]{2,}Z?"
)
"""Random by its look and public by its place: a picture in a page, the sum of a script, a page's nonce, a time."""
_JOINT = re.compile(r"[/.~_-]")


@dataclass(frozen=True, slots=True)
class Finding:
    """Where something is left, and which rule it breaks; never what it is."""

    where: str
    rule: str

    def __str__(self) -> str:
        return f"{self.where} ({self.rule})"

    @property
    def place(self) -> str:
        """`where`, as a waiver names it: without what changes from recording to recording."""
        return place_of(self.where)


def verify(directory: Path, rules: RecordingRules) -> Sequence[Finding]:
    """Load a scenario and look. RefusedError where it cannot be read; an empty list where nothing was found."""
    return verify_scenario(load_scenario(directory), rules)


def verify_scenario(scenario: Scenario, rules: RecordingRules) -> Sequence[Finding]:
    """One finding of each rule in each place, the first ones. What the scenario says was waived is none."""
    waivers = [Waiver(place, reason) for place, reason in scenario.redactions.waived.items()]
    search = _Search(set(_keys(scenario.expected)))
    walk_scenario(scenario, rules, search.look)
    findings: dict[tuple[str, str], Finding] = {}
    for finding in search.findings():
        if not any(waiver.speaks_of(finding.place) for waiver in waivers):
            findings.setdefault((finding.place, finding.rule), finding)
        if len(findings) == MAX_FINDINGS:
            break
    return list(findings.values())


def looked_for(rules: RecordingRules) -> list[str]:
    """Everything that `verify_scenario` looks for, in words."""
    declared = ((kind, getattr(rules.redact, kind.value)) for kind in Kind)
    fields = [
        f"in {kind.value} fields, anything but a stand-in: {', '.join(names)}" for kind, names in declared if names
    ]
    always = "in cookies, Authorization and sent fields named like credentials, anything but a stand-in"
    return [*fields, always, *(f"anywhere, as it stands or decoded: {look}" for look in LOOKED_FOR)]


class _Search:
    """One walk. What is random may turn out to be a cursor further down, so that is judged at the end."""

    def __init__(self, exempt: set[str]) -> None:
        self._exempt = exempt
        self._found: list[tuple[Finding, str]] = []

    def look(self, value: str, found: Found | None, where: str) -> str:
        if found is not None:
            if not is_standin(value, found[0]):
                self._found.append((Finding(where, f"{found[0].value}: {found[1]}"), ""))
            return value
        name = next((step for step in reversed(re.split(r"[ .]", where)) if step and not step.isdigit()), "")
        if _CURSOR.search(name):
            self._exempt.add(value)
        if _PHONE.search(name) and _DIGITS.fullmatch(value.strip()):
            self._add(where, Look.PHONE)
        self._decoded(value, where, DEPTH)
        return value

    def findings(self) -> Iterator[Finding]:
        for finding, run in self._found:
            if not run or self._is_left(run):
                yield finding

    def _decoded(self, text: str, where: str, depth: int) -> str:
        public = None
        for seen in looks_in(text):
            if seen.look is not Look.RANDOM:
                self._add(where, seen.look)
                continue
            public = [found.span() for found in _PUBLIC.finditer(text)] if public is None else public
            if not any(start <= seen.start and seen.end <= end for start, end in public):
                self._add(where, seen.look, text[seen.start : seen.end])
        if depth:
            inside(text, lambda plain: self._decoded(plain, where, depth - 1))
        return text

    def _add(self, where: str, look: Look, run: str = "") -> None:
        self._found.append((Finding(where, f"looks like {look}"), run))

    def _is_left(self, run: str) -> bool:
        if run in self._exempt:
            return False
        left = [piece for piece in _JOINT.split(run) if piece not in self._exempt]
        return is_random("-".join(left)) or any(map(is_random, left))


def _keys(expected: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Keys and partitions of the records, whole and in parts: they are what records are joined by."""
    for record in expected:
        for key in (record.get("key"), record.get("partition")):
            if isinstance(key, str):
                yield key
                yield from _parts(key)


def _parts(key: str) -> Iterator[str]:
    if not key.startswith("["):
        return
    try:
        parts = json.loads(key)
    except ValueError:
        return
    if isinstance(parts, list):
        yield from (part for part in cast("list[Any]", parts) if isinstance(part, str))
