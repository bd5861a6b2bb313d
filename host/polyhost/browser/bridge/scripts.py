"""The two scripts that go into the isolated world: the SDK, and the polyfill.

Owns: where the SDK lies, the names under which breakpoints and stack traces show both. Must not know: pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

import polyhost
from polyhost.errors import RefusedError

__all__ = ["SCHEME", "PageScript", "sdk_folder", "sdk_script"]

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


@cache
def sdk_script() -> PageScript:
    """The SDK: beside the package in a checkout, inside it when installed."""
    return PageScript("sdk/polyfill.js", (sdk_folder() / "polyfill.js").read_text(encoding="utf-8"))
