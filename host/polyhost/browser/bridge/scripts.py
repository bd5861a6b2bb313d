"""The scripts that go into the isolated world: the SDK's, and the polyfill's.

Owns: where the SDK lies, the names under which breakpoints and stack traces show both. Must not know: pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

import polyhost
from polyhost.errors import RefusedError

__all__ = ["SCHEME", "PageScript", "sdk_folder", "sdk_scripts"]

SCHEME = "polyhost://"
_PACKAGE = Path(polyhost.__file__).parent
_SDK_PLACES = (_PACKAGE / "_bundled/polyfills/sdk/polyfill.js", _PACKAGE.parents[1] / "polyfills/sdk/polyfill.js")


@dataclass(frozen=True, slots=True)
class PageScript:
    """A script and the name it goes by, e.g. `slack/polyfill.js`."""

    name: str
    text: str

    @property
    def url(self) -> str:
        return SCHEME + self.name

    @property
    def source(self) -> str:
        return f"{self.text}\n//# sourceURL={self.url}"


def sdk_folder() -> Path:
    """Where the SDK and its types lie. RefusedError where they are missing."""
    return next((place.parent for place in _SDK_PLACES if place.is_file()), None) or _missing()


def _missing() -> NoReturn:
    raise RefusedError(
        "The SDK for polyfills (sdk/polyfill.js) is missing from this installation", "Install polyhost again."
    )


_SDK_FILES = (
    "values.js",
    "encoding.js",
    "checks.js",
    "mapping.js",
    "paging.js",
    "outbox.js",
    "requests.js",
    "doors.js",
    "polyfill.js",
)
"""In the order they are loaded: the last one takes what the others made off the world."""


@cache
def sdk_scripts() -> tuple[PageScript, ...]:
    """The SDK: beside the package in a checkout, inside it when installed."""
    folder = sdk_folder()
    return tuple(PageScript(f"sdk/{name}", (folder / name).read_text(encoding="utf-8")) for name in _SDK_FILES)
