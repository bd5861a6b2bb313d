"""Look at a scenario as a stranger would: is anything left in it that the rules, or common sense, say must go?

Owns: the findings. It walks exactly what scrubbing walks, and knows nothing of the originals: a field that a rule names
must hold a stand-in, and nothing anywhere may have the shape of a known credential. Must not know: how stand-ins are
made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from polyhost.browser.recordings._walk import Found
from polyhost.browser.recordings.fixture import Scenario, load_scenario
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.browser.recordings.scrub import walk_scenario
from polyhost.browser.recordings.standins import is_standin, looks_secret

__all__ = ["MAX_FINDINGS", "Finding", "verify", "verify_scenario"]

MAX_FINDINGS = 50
"""Findings listed; an unscrubbed recording would give one per string."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Where something is left, and which rule it breaks; never what it is."""

    where: str
    rule: str

    def __str__(self) -> str:
        return f"{self.where} ({self.rule})"


def verify(directory: Path, rules: RecordingRules) -> Sequence[Finding]:
    """Load a scenario and look. RefusedError where it cannot be read; an empty list where it may be shared."""
    return verify_scenario(load_scenario(directory), rules)


def verify_scenario(scenario: Scenario, rules: RecordingRules) -> Sequence[Finding]:
    findings: list[Finding] = []

    def look(value: str, found: Found | None, where: str) -> str:
        if len(findings) < MAX_FINDINGS:
            if found is not None and not is_standin(value, found[0]):
                findings.append(Finding(where, f"{found[0].value}: {found[1]}"))
            elif found is None and looks_secret(value):
                findings.append(Finding(where, "looks like a credential"))
        return value

    walk_scenario(scenario, rules, look)
    return findings
