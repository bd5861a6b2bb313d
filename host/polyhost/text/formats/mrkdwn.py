"""Slack's text format, as its API hands it out: `*strong*`, `<https://example.org|label>`, `<@U024BE7LH>`.

Owns: that syntax (Slack's "Formatting message text"). Must not know: Slack's records, who is mentioned.
What is not valid syntax is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from polyhost.text.formats.emoji_names import emoji_called
from polyhost.text.formats.emphasis import Mark, styled
from polyhost.text.tree import (
    Block,
    Break,
    Code,
    CodeBlock,
    Document,
    Inline,
    Link,
    Mention,
    Paragraph,
    Quote,
    Style,
    Text,
)

__all__ = ["read_mrkdwn", "read_mrkdwn_line"]

_STYLES: dict[str, Style] = {"*": "strong", "_": "emphasis", "~": "struck"}
_FENCE = "```"
_QUOTE = "&gt;"
_QUOTE_ALL = "&gt;&gt;&gt;"
_TOKEN = re.compile(
    r"<(?P<angle>[^<>\n]+)>"
    r"|`(?P<code>[^`\n]+)`"
    r"|:(?P<emoji>[a-z0-9_+'-]{1,100}(?:::skin-tone-[2-6])?):"
    r"|(?P<mark>[*_~])"
    r"|(?P<line>\n)"
)
_MENTIONED = {"@": "user", "#": "channel"}
_LINKED = re.compile(r"<([^<>\n|]+)(?:\|([^<>\n]+))?>")
_EVERYONE = ("here", "channel", "everyone")


def read_mrkdwn(text: str) -> Document:
    """The tree of a text. Takes time in proportion to its length."""
    return tuple(_blocks(text))


def read_mrkdwn_line(text: str) -> tuple[Inline, ...]:
    """The same where there is room for inline parts only."""
    return styled(_parts(text), _STYLES)


def _blocks(text: str) -> Iterator[Block]:
    at = 0
    while (begin := text.find(_FENCE, at)) >= 0 and (end := text.find(_FENCE, begin + len(_FENCE))) >= 0:
        if code := text[begin + len(_FENCE) : end].strip("\n"):
            yield from _lines(text[at:begin].removesuffix("\n"))
            yield CodeBlock(_code(code))
        else:
            yield from _lines(text[at : end + len(_FENCE)])
        at = end + len(_FENCE)
        at += text.startswith("\n", at)
    yield from _lines(text[at:])


def _lines(text: str) -> Iterator[Block]:
    """Paragraphs and quotes: lines that begin with the sign of a quote, or all that follow one of three."""
    plain: list[str] = []
    quoted: list[str] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.startswith(_QUOTE_ALL):
            yield from _paragraph(plain)
            yield from _quote(quoted)
            yield from _quote([line.removeprefix(_QUOTE_ALL).removeprefix(" "), *lines[number + 1 :]])
            return
        if line.startswith(_QUOTE):
            yield from _paragraph(plain)
            quoted.append(line.removeprefix(_QUOTE).removeprefix(" "))
        else:
            yield from _quote(quoted)
            plain.append(line)
    yield from _paragraph(plain)
    yield from _quote(quoted)


def _paragraph(lines: list[str]) -> Iterator[Paragraph]:
    """Of these lines, which are taken."""
    text = "\n".join(lines)
    lines.clear()
    if text.strip():
        yield Paragraph(read_mrkdwn_line(text.strip("\n")))


def _quote(lines: list[str]) -> Iterator[Quote]:
    for paragraph in _paragraph(lines):
        yield Quote((paragraph,))


def _parts(text: str) -> Iterator[Inline | Mark]:
    at = 0
    for found in _TOKEN.finditer(text):
        if found.start() > at:
            yield Text(_unescaped(text[at : found.start()]))
        yield from _token(found, text)
        at = found.end()
    yield Text(_unescaped(text[at:]))


def _token(found: re.Match[str], text: str) -> Iterator[Inline | Mark]:
    value = found.group(found.lastgroup or 0)
    match found.lastgroup:
        case "angle":
            yield _angle(value)
        case "code":
            yield Code(_code(value))
        case "emoji":
            between = (
                text[max(found.start() - 1, 0) : found.start()].isalnum()
                and text[found.end() : found.end() + 1].isalnum()
            )  # 10:30:45
            yield Text(found.group()) if between else emoji_called(value)
        case "line":
            yield Break()
        case _:
            yield _mark(value, text, found.start())


def _mark(sign: str, text: str, at: int) -> Mark:
    before, after = text[max(at - 1, 0) : at], text[at + 1 : at + 2]
    return Mark(
        sign,
        opens=bool(after) and not after.isspace() and not before.isalnum(),
        closes=bool(before) and not before.isspace() and not after.isalnum(),
    )


def _angle(inside: str) -> Inline:
    """What stands between `<` and `>`: a mention, a moment, else a link."""
    target, _, label = inside.partition("|")
    sign, rest = target[:1], target[1:]
    said = _unescaped(label) or None
    if sign in _MENTIONED and rest:
        return Mention(_MENTIONED[sign], _unescaped(rest), said and said.removeprefix(sign))
    if sign == "!":
        return _special(rest, said)
    if not _is_address(target):
        return Text(f"<{_unescaped(inside)}>")
    address = _unescaped(target)
    return Link(address, (Text(said or address.removeprefix("mailto:")),))


def _special(name: str, said: str | None) -> Inline:
    kind, _, rest = name.partition("^")
    if kind in _EVERYONE:
        return Mention("everyone", kind, said and said.removeprefix("@"))
    if kind == "subteam" and rest:
        return Mention("group", _unescaped(rest), said and said.removeprefix("@"))
    shown = Text(said or f"<!{_unescaped(name)}>")
    address = rest.split("^")[-1] if kind == "date" else ""
    return Link(_unescaped(address), (shown,)) if _is_address(address) else shown


def _code(text: str) -> str:
    """Slack makes links of addresses in code too, and shows the words alone."""
    return _unescaped(_LINKED.sub(lambda found: (found[2] or found[1]) if _is_address(found[1]) else found[0], text))


def _is_address(target: str) -> bool:
    scheme, colon, rest = target.partition(":")
    return bool(colon and rest and scheme[:1].isalpha() and scheme.replace("+", "").replace("-", "").isalnum())


def _unescaped(text: str) -> str:
    """The three characters that Slack escapes, and no other."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
