"""What a connector's process said on stderr, cut down to one line that is safe to show.

Owns: the bounded tail and its redaction. Must not know: pipes, who shows it.

Secrets are redacted because they are known, the longest first (one may contain another), never by guessing at what
looks like one. The folder and the home directory are shortened, control characters dropped: a terminal obeys them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

__all__ = ["MAX_EXCERPT", "TAIL_BYTES", "StderrTail"]

TAIL_BYTES = 8 * 1024
"""Bytes kept of stderr: a stack trace and what led to it. Everything before is read and dropped."""
MAX_EXCERPT = 160
"""Characters shown of it: with the sentence around it, inside the 200 of a diagnostic's text."""
MIN_SECRET = 4
"""Characters from which a value is a secret: the shortest one-time codes. Redacting less would only garble the text."""
REDACTED = "[redacted]"

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_ERROR_LINE = re.compile(r"^(?:\w+[.:])*\w*(?:Error|Exception)\b|^(?:error|fatal|panic)\b", re.IGNORECASE)


@dataclass(slots=True)
class StderrTail:
    """The last bytes of stderr. `limit` grows by nothing, whatever is added."""

    limit: int = TAIL_BYTES
    _bytes: bytearray = field(default_factory=bytearray)
    _cut: bool = False

    def add(self, chunk: bytes) -> None:
        self._bytes += chunk
        if len(self._bytes) > self.limit:
            del self._bytes[: -self.limit]
            self._cut = True

    def __len__(self) -> int:
        return len(self._bytes)

    def excerpt(self, secrets: Iterable[str] = (), shorten: Mapping[str, str] | None = None) -> str:
        """The line that most likely says what went wrong: the last that names an error, else the last one."""
        text = self._redacted(secrets)
        for long, short in sorted((shorten or {}).items(), key=lambda item: -len(item[0])):
            text = text.replace(long, short)
        text = _ESCAPE_SEQUENCE.sub("", text)
        lines = [clean for line in text.split("\n") if (clean := _CONTROL.sub(" ", line).strip())]
        if not lines:
            return ""
        line = next((line for line in reversed(lines) if _ERROR_LINE.match(line)), lines[-1])
        return line if len(line) <= MAX_EXCERPT else line[: MAX_EXCERPT - 1] + "…"

    def _redacted(self, secrets: Iterable[str]) -> str:
        text = self._bytes.decode("utf-8", errors="replace")
        known = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
        for form in known:
            # A one-time code must not garble a timestamp or a key that happens to hold its digits.
            pattern = rf"(?<!\d){form}(?!\d)" if form.isdigit() else re.escape(form)
            text = re.sub(pattern, REDACTED, text)
        # The cut may have gone through a secret: its rest stands at the very start and no longer matches.
        return text[len(known[0]) :] if self._cut and known else text


def _forms(secret: str) -> set[str]:
    """As it is, as JSON writes it, and as a URL does."""
    if len(secret) < MIN_SECRET:
        return set()
    return {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret, safe="")}
