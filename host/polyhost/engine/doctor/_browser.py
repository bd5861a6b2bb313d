"""Whether there is a browser, and whether it starts.

Must not know: sessions, sites; the browser that is started here reaches nothing.
"""

from __future__ import annotations

from pathlib import Path

from polyhost.browser.launch import BrowserOptions, launch
from polyhost.browser.locate import find_browser
from polyhost.engine.doctor.finding import Finding, failed, ok
from polyhost.errors import PolyhostError

__all__ = ["check_browser"]


async def check_browser(executable: Path | None) -> list[Finding]:
    """Start it once. `executable`: the one the owner has set; None: the first one found."""
    try:
        found = find_browser(executable)
        async with launch(BrowserOptions(executable=found, offline=True)) as browser:
            return [ok("browser", f"{found} starts: version {browser.version}")]
    except PolyhostError as error:
        return [failed("browser", error.reason, error.instruction)]
