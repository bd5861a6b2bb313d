"""What a manifest declares about recordings: how requests are matched, and what must never stay in a file.

Owns: the shape of `polyfill.recording`, and which kind of value a field holds. Pure. Must not know: HAR, browsers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from polyhost.errors import RefusedError
from polyhost.protocol.host_patterns import allows_name, host_pattern

__all__ = ["FieldRules", "Kind", "RecordingRules", "RedactRules"]


class Kind(StrEnum):
    """What a value is, strongest first: one value found under two kinds is treated as the stronger."""

    SECRET = "secret"  # noqa: S105 - a kind's name
    ID = "id"
    EMAIL = "email"
    NAME = "name"
    TEXT = "text"


class RedactRules(BaseModel):
    """Per kind, the fields that hold it: a bare name (`email`) or the end of a dotted path (`teams.*.token`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    secret: tuple[str, ...] = ()
    id: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    text: tuple[str, ...] = ()


def _pattern(text: str) -> str:
    return str(host_pattern(text))


class RecordingRules(BaseModel):
    """`polyfill.recording`, and the hosts whose traffic it is about (none given: every host).

    `match_body` empty compares the whole body, normalised. `keep_headers` are response headers the polyfill
    reads beside the ones always kept. `ignore_urls` (with `*`) are the site's own chatter: not recorded, never missed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ignore_query: tuple[str, ...] = ()
    match_body: tuple[str, ...] = ()
    redact: RedactRules = Field(default_factory=RedactRules)
    keep_headers: tuple[str, ...] = ()
    ignore_urls: tuple[str, ...] = ()
    hosts: tuple[Annotated[str, AfterValidator(_pattern)], ...] = ()

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> RecordingRules:
        """Read a manifest's own JSON. RefusedError names the first field that is wrong."""
        polyfill = manifest.get("polyfill") or {}
        hosts = [entry["host"] if isinstance(entry, dict) else entry for entry in polyfill.get("hosts") or ()]
        return cls.declared(polyfill.get("recording"), hosts)

    @classmethod
    def declared(cls, recording: Mapping[str, Any] | None, hosts: Sequence[str] = ()) -> RecordingRules:
        """From the `polyfill.recording` object and `polyfill.hosts`, for callers that hold a parsed manifest."""
        try:
            return cls.model_validate({**(recording or {}), "hosts": tuple(hosts)})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(["polyfill.recording", *(str(part) for part in first["loc"])])
            raise RefusedError(
                f"The manifest's {where} is wrong: {first['msg']}", "Correct it; docs/recordings.md lists the fields."
            ) from None

    def is_site(self, url: str) -> bool:
        """Whether a URL belongs to the declared hosts. The port does not matter: a test server has another."""
        return not self.hosts or allows_name(self.hosts, urlsplit(url).hostname or "")

    def is_ignored(self, url: str) -> bool:
        return any(fnmatchcase(url, pattern) for pattern in self.ignore_urls)

    @property
    def field_rules(self) -> FieldRules:
        return FieldRules(self.redact)

    @property
    def hidden_fields(self) -> frozenset[str]:
        """Last names of every redacted field that is not an id: their values are not shown in a request's name."""
        redact = self.redact
        return frozenset(
            rule.rpartition(".")[2] for rule in (*redact.secret, *redact.email, *redact.name, *redact.text)
        )

    @property
    def secret_fields(self) -> frozenset[str]:
        """Last names of secret fields: they differ between recording and replay, so they never take part in a match."""
        return frozenset(rule.rpartition(".")[2] for rule in self.redact.secret)


class FieldRules:
    """Which rule, if any, speaks about a path. Built once per scrubbing; names compare without case (headers)."""

    __slots__ = ("_names", "_paths")

    def __init__(self, redact: RedactRules) -> None:
        self._names: dict[str, tuple[Kind, str]] = {}
        self._paths: list[tuple[list[str], Kind, str]] = []
        for kind in Kind:
            for rule in getattr(redact, kind.value):
                parts = rule.lower().split(".")
                if len(parts) == 1:
                    self._names.setdefault(parts[0], (kind, rule))
                else:
                    self._paths.append((parts, kind, rule))

    @property
    def names(self) -> Mapping[str, tuple[Kind, str]]:
        """The rules that are bare names: the only ones that can be found in text that is no JSON document."""
        return self._names

    def find(self, path: Sequence[str | int]) -> tuple[Kind, str] | None:
        """The kind and the rule of a path of keys and list positions. A list's name speaks for its items."""
        end = len(path)
        while end and isinstance(path[end - 1], int):
            end -= 1
        if not end:
            return None
        for parts, kind, rule in self._paths:
            if _ends_with(path, parts) or _ends_with(path[:end], parts):
                return kind, rule
        return self._names.get(str(path[end - 1]).lower())


def _ends_with(path: Sequence[str | int], parts: Sequence[str]) -> bool:
    if len(path) < len(parts):
        return False
    tail = path[len(path) - len(parts) :]
    return all(part in ("*", str(step).lower()) for part, step in zip(parts, tail, strict=True))
