"""What a text is once it is read: one small tree, whatever format it was written in.

Owns: the kinds of nodes, and how deep they go. Must not know: formats, surfaces, who is meant by a mention.
A tree is data: nothing in it is markup of the source, and every string of it is shown as what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = [
    "MOST_DEPTH",
    "Block",
    "Break",
    "Code",
    "CodeBlock",
    "Document",
    "Emoji",
    "Heading",
    "Inline",
    "Link",
    "Listing",
    "Mention",
    "Namer",
    "Paragraph",
    "Quote",
    "Rule",
    "Style",
    "Styled",
    "Table",
    "Text",
]

MOST_DEPTH = 24
"""Levels of nodes in each other. What is deeper in the source stands one level up: nothing of its text is lost."""

Style = Literal["strong", "emphasis", "struck", "underlined"]


@dataclass(frozen=True, slots=True)
class Text:
    """Characters, as they are to be seen."""

    value: str


@dataclass(frozen=True, slots=True)
class Styled:
    style: Style
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Characters within a line that are code."""

    value: str


@dataclass(frozen=True, slots=True)
class Link:
    """`target` is what the source says; whether it may be followed is decided where it is shown."""

    target: str
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody or something with a record of its own. `kind`: as the format tells them apart (`user`, `channel`,
    `group`, `everyone`). `label`: the source's own words, where it has any."""

    kind: str
    key: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Emoji:
    """A picture by name, without its colons; `symbol` where Unicode has it."""

    name: str
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """A new line in the same paragraph."""


Inline: TypeAlias = Text | Styled | Code | Link | Mention | Emoji | Break


@dataclass(frozen=True, slots=True)
class Paragraph:
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """`level`: 1 to 6."""

    level: int
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class CodeBlock:
    value: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """`first`: the number of its first item; None where it is not numbered."""

    items: tuple[tuple[Block, ...], ...]
    first: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells. `headed`: its first row says what the columns are."""

    rows: tuple[tuple[tuple[Inline, ...], ...], ...]
    headed: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A line between what is above and what is below."""


Block: TypeAlias = Paragraph | Heading | CodeBlock | Quote | Listing | Table | Rule
Document: TypeAlias = tuple[Block, ...]

Namer: TypeAlias = Callable[[str, str], str | None]
"""The label of a mention's kind and key; None where nothing says it."""


def merged(nodes: Iterable[Inline]) -> tuple[Inline, ...]:
    """The same, with texts that follow each other as one, and none that is empty."""
    found: list[Inline] = []
    texts: list[str] = []

    def end_text() -> None:
        if texts:
            found.append(Text("".join(texts)))
            texts.clear()

    for node in nodes:
        if isinstance(node, Text):
            if node.value:
                texts.append(node.value)
            continue
        end_text()
        found.append(node)
    end_text()
    return tuple(found)
