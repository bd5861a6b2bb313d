"""Conditions: signals as they are raised, with the names of a connection filled into their sentences and commands.

Owns: the shape of a condition and of a remediation. Must not know: what reasons there are (rules), when one is raised.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import TypedDict

from polyhost.coverage.signals import AXES, RULES, Axis, By, Command, ConditionType, Rule, SignalSeverity, Truth

__all__ = ["Condition", "ConditionJson", "Raising", "Remediation", "RemediationJson"]


class RemediationJson(TypedDict):
    """Who can mend it, and by what. `command` null: no command does."""

    by: By
    sentence: str
    command: str | None


@dataclass(frozen=True, slots=True)
class Remediation:
    """What would help, who can do it, and what to type where there is something to type."""

    by: By
    sentence: str
    command: str | None = None

    def as_json(self) -> RemediationJson:
        return RemediationJson(by=self.by, sentence=self.sentence, command=self.command)


class ConditionJson(TypedDict):
    """A claim that holds, does not, or cannot be told. `reason` says why, by a stable code, `message` in words;
    docs/health.md has the table."""

    axis: Axis
    type: ConditionType
    status: Truth
    severity: SignalSeverity
    reason: str
    message: str
    origin: str
    observed_at: str | None
    stream: str | None
    count: int | None
    code: str | None
    remediation: RemediationJson | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One signal, raised."""

    rule: Rule
    message: str
    origin: str
    observed_at: str | None = None
    stream: str | None = None
    count: int | None = None
    code: str | None = None
    remediation: Remediation | None = None

    @property
    def axis(self) -> Axis:
        return self.rule.axis

    @property
    def counts(self) -> bool:
        """Whether the verdict takes notice."""
        return self.rule.severity in {SignalSeverity.WARNING, SignalSeverity.ERROR}

    def as_json(self) -> ConditionJson:
        return ConditionJson(
            axis=self.axis,
            type=AXES[self.axis][0],
            status=self.rule.holds,
            severity=self.rule.severity,
            reason=self.rule.reason,
            message=self.message,
            origin=self.origin,
            observed_at=self.observed_at,
            stream=self.stream,
            count=self.count,
            code=self.code,
            remediation=None if self.remediation is None else self.remediation.as_json(),
        )


_IMPORT_INSTEAD = "Import a file; what is stored already stays as it is."


class Raising:
    """Raises conditions of one connection: fills names into sentences and commands. `by_files`: it is not run, so
    where a run would help, importing a file does."""

    def __init__(self, connection: str, source: str, *, by_files: bool = False) -> None:
        self._by_files = by_files
        self._names = {"connection": shlex.quote(connection), "source": shlex.quote(source)}

    def __call__(
        self,
        reason: str,
        *,
        origin: str,
        observed_at: str | None = None,
        stream: str | None = None,
        count: int | None = None,
        code: str | None = None,
        **words: str,
    ) -> Condition:
        """The condition of this reason. `words`: what else its sentences have places for."""
        rule = RULES[reason]
        shown = {
            "stream": stream or "all streams",
            "count": count or 0,
            "code": code or "unknown",
            "times": f" ({count:,})" if count else "",
            **words,
        }
        return Condition(
            rule=rule,
            message=rule.sentence.format(**shown),
            origin=origin,
            observed_at=observed_at,
            stream=stream,
            count=count,
            code=code,
            remediation=self._remediation(rule, shown),
        )

    def _remediation(self, rule: Rule, shown: Mapping[str, Any]) -> Remediation | None:
        if rule.by is None:
            return None
        quoted = {name: shlex.quote(str(value)) for name, value in shown.items()} | self._names
        if rule.command is None:
            return Remediation(rule.by, rule.mend.format(**shown))
        command, mend = rule.command, rule.mend
        if self._by_files and command in (Command.RUN, Command.RUN_FILES):
            # What the importer says itself is already of files.
            command = Command.IMPORT if command is Command.RUN else Command.IMPORT_FILES
            mend = mend if mend == "{action}" else _IMPORT_INSTEAD
        return Remediation(rule.by, mend.format(**shown), command.format(**quoted))
