"""Reads a page back: what it embeds, and what a person sees of it.

Must not know: how pages are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from playwright.async_api import Page

__all__ = ["Seen", "see", "shown_moment"]

_READ = """() => {
  const places = ["connection", "axis", "stream", "row", "partition", "key", "batch", "evidence", "gap"];
  const marked = [...document.querySelectorAll("[data-field], [data-evidence], [data-count], [data-gap], [data-axis]")];
  const rects = [...document.querySelectorAll(".strip rect[data-from]")];
  const where = (element) => {
    const found = {};
    for (let one = element; one; one = one.parentElement)
      for (const name of places) if (name in one.dataset && !(name in found)) found[name] = one.dataset[name];
    return found;
  };
  const state = document.getElementById("state");
  return {
    state: state && JSON.parse(state.textContent),
    seen: marked.map((one) => ({
      ...where(one), field: one.dataset.field, count: one.dataset.count, value: one.dataset.value,
      text: one.checkVisibility() ? one.innerText.trim().split(/\\s+/).join(" ") : "",
    })),
    bars: rects.map((one) => ({ ...where(one), kind: one.getAttribute("class") })),
  };
}"""


@dataclass(frozen=True, slots=True)
class Seen:
    """`state`: what the page embeds. The rest: what is visible, by the places it is in."""

    state: Any
    marked: Sequence[Mapping[str, Any]]
    bars: Sequence[Mapping[str, Any]]

    def texts(self, field: str, **place: str) -> list[str]:
        """The visible text of every field of this name there, in order."""
        return [one["text"] for one in self._at(place) if one.get("field") == field]

    def values(self, field: str, **place: str) -> list[str]:
        """What each says it shows."""
        return [one.get("value") for one in self._at(place) if one.get("field") == field]

    def named(self, kind: str, **place: str) -> list[str]:
        """The names of all pieces of that kind there, in order, each once."""
        return list(dict.fromkeys(one[kind] for one in self._at(place) if one.get(kind) is not None))

    def counts(self) -> dict[str, str]:
        return {one["count"]: one["text"] for one in self.marked if one.get("count") is not None}

    def drawn(self, kind: str, key: str) -> int:
        """Bars of that kind in that partition's row."""
        return sum(bar["kind"] == kind and bar["key"] == key for bar in self.bars)

    def _at(self, place: Mapping[str, str]) -> list[Mapping[str, Any]]:
        return [one for one in self.marked if all(one.get(name) == value for name, value in place.items())]


async def see(page: Page) -> Seen:
    """All of it, in one go."""
    read = await page.evaluate(_READ)
    return Seen(read["state"], read["seen"], read["bars"])


def shown_moment(iso: str | None) -> str:
    """A moment as pages write it, made anew here."""
    if iso is None:
        return "–"
    at = datetime.fromisoformat(iso).astimezone(UTC)
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{at.day} {months[at.month - 1]} {at.year}, {at.hour:02}:{at.minute:02}"
