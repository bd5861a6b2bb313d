"""Slack's tokens out of what is stored: exported links carry one (`?t=xoxe-…`), and it would let anybody in.

Owns: what a token in a link looks like, however it is written. tokens.js does the same in the page, word for word, so
that an exported record and a collected one stay the same. Must not know: records, which of their fields hold links.
"""

from __future__ import annotations

import re
from typing import Any, cast

import orjson

__all__ = ["without_tokens"]

# A link may be written plainly, for HTML (`&amp;`), for JSON (`\u0026`), or percent-encoded, once or more often;
# bounds keep a text made to be slow from being so.
_BEGIN, _JOIN = r"[?#]", r"(?:&(?:amp;|#38;|#x26;){0,4}|;)"
_CODED_BEGIN = r"(?:%(?:25){0,4}(?:3f|23)|\\u003f)"
_CODED_JOIN = r"(?:%(?:25){0,4}(?:26(?:amp%(?:25){0,4}3b)?|3b)|\\u0026(?:amp;)?)"
_IS = r"(?:=|%(?:25){0,4}3d|\\u003d|&#61;|&#x3d;|&equals;)"
_ENDS = r"%(?:25){0,4}(?:0[ad]|2[02367]|3[bcef]|7c)"
_TOKEN = rf"xox[a-z](?:[.-]|%(?:25){{0,4}}2[de])(?:[\w.~+/=:@-]|(?!{_ENDS})%)+"
_PARAMETER = rf"[\w.\[\]-]{{1,64}}{_IS}{_TOKEN}"
_FLAGS = re.ASCII | re.IGNORECASE
_FIRST = re.compile(rf"({_BEGIN})(?:{_PARAMETER}{_JOIN}(?=[\w%]))+", _FLAGS)
_CODED_FIRST = re.compile(rf"({_CODED_BEGIN})(?:{_PARAMETER}{_CODED_JOIN}(?=[\w%]))+", _FLAGS)
"""Parameters at the head of a query with others behind them, which take their place."""
_OTHERS = re.compile(rf"(?:{_BEGIN}|{_JOIN}|{_CODED_BEGIN}|{_CODED_JOIN}){_PARAMETER}", _FLAGS)
_VALUES = re.compile(rf"({_IS}){_TOKEN}", _FLAGS)
"""What is left of them: in no query, or of a name that is not a usual one."""


def without_tokens(value: Any) -> Any:
    """The value without tokens in any text inside. Nearly always there are none, and the very same is returned."""
    return _cleaned(value) if _is_suspect(value) else value


def _is_suspect(value: Any) -> bool:
    try:
        return b"xox" in orjson.dumps(value).lower()
    except TypeError:  # JSON that orjson does not write
        return True


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _VALUES.sub(r"\1", _OTHERS.sub("", _CODED_FIRST.sub(r"\1", _FIRST.sub(r"\1", value))))
    if isinstance(value, list):
        return [_cleaned(one) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: _cleaned(one) for name, one in cast("dict[str, Any]", value).items()}
    return value
