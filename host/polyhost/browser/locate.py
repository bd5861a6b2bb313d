"""Finding a Chromium on this machine.

Owns: where browsers are installed on each platform, their order, what to tell someone who has none. Must not know: how
a browser is started.

The order: what the owner names (POLYHOST_BROWSER, or the settings); the one Playwright downloaded; an installed
Chromium, Chrome or Edge. Where no site will ever see it, a headless shell comes first: the same engine without a
browser's own windows and services, which starts in half the time.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from polyhost.errors import RefusedError

__all__ = ["MINIMUM_MAJOR", "OVERRIDE", "check_kind", "check_version", "find_browser"]

OVERRIDE = "POLYHOST_BROWSER"
MINIMUM_MAJOR = 120
"""Chromium's major version; older ones lack protocol commands the bridge and Playwright rely on."""

_COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "microsoft-edge-stable",
)
_SHELL_COMMANDS = ("chromium-headless-shell", "chrome-headless-shell")
_MAC_APPLICATIONS = ("Chromium", "Google Chrome", "Microsoft Edge")
_WINDOWS_FOLDERS = ("ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA")
_WINDOWS_PROGRAMS = (
    "Chromium/Application/chrome.exe",
    "Google/Chrome/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
)
_DOWNLOADED = {
    "linux": ("chromium-*/chrome-linux*/chrome",),
    "darwin": (
        "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium",
        "chromium-*/chrome-mac*/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
    ),
    "win32": ("chromium-*/chrome-win*/chrome.exe",),
}
_DOWNLOADED_SHELLS = (
    "chromium_headless_shell-*/chrome-*/headless_shell*",
    "chromium_headless_shell-*/chrome-headless-shell-*/chrome-headless-shell*",
)


def check_kind(kind: str) -> None:
    """Only Chromium has isolated worlds with a binding of their own; without one, a page could forge records."""
    if kind != "chromium":
        raise RefusedError(
            f"A live run in {kind} is not possible: it has no isolated world whose binding the page cannot reach",
            "Use Chromium, Chrome or Edge.",
        )


def check_version(version: str) -> None:
    """`version` as the browser reports it, e.g. 156.0.8078.79."""
    major = version.partition(".")[0]
    if not major.isdecimal() or int(major) < MINIMUM_MAJOR:
        raise RefusedError(
            f"The browser found is version {version}; {MINIMUM_MAJOR} or newer is needed",
            "Update it, or run `playwright install chromium`.",
        )


def find_browser(
    executable: Path | None = None,
    *,
    unseen: bool = False,
    environment: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    home: Path | None = None,
) -> Path:
    """The executable to start. RefusedError, in one line, where there is none.

    `unseen`: it is headless and reaches no site but a recording or this machine, so that a headless shell will do.
    """
    named = executable or (Path(environment[OVERRIDE]) if environment.get(OVERRIDE) else None)
    if named is not None:
        if named.is_file():
            return named
        raise RefusedError(
            f"There is no browser at {named}",
            f"Correct {OVERRIDE}, or executable in config.toml, or remove it to use an installed one.",
        )
    home = home or Path.home()
    candidates = _candidates(environment, platform, home)
    for candidate in chain(_shells(environment, platform, home), candidates) if unseen else candidates:
        if candidate.is_file():
            return candidate
    raise RefusedError("No Chromium, Chrome or Edge was found", _how_to_install(platform))


def _candidates(environment: Mapping[str, str], platform: str, home: Path) -> Iterator[Path]:
    yield from _downloaded(environment, platform, home)
    if platform == "darwin":
        for name in _MAC_APPLICATIONS:
            for root in (Path("/Applications"), home / "Applications"):
                yield root / f"{name}.app/Contents/MacOS/{name}"
    elif platform == "win32":
        for program in _WINDOWS_PROGRAMS:
            yield from (Path(environment[folder]) / program for folder in _WINDOWS_FOLDERS if environment.get(folder))
    yield from _on_path(_COMMANDS, environment)


def _shells(environment: Mapping[str, str], platform: str, home: Path) -> Iterator[Path]:
    for path in _in_playwrights_folder(_DOWNLOADED_SHELLS, environment, platform, home):
        if path.suffix in ("", ".exe"):
            yield path
    yield from _on_path(_SHELL_COMMANDS, environment)


def _downloaded(environment: Mapping[str, str], platform: str, home: Path) -> list[Path]:
    return _in_playwrights_folder(_DOWNLOADED.get(platform, _DOWNLOADED["linux"]), environment, platform, home)


def _on_path(commands: Iterable[str], environment: Mapping[str, str]) -> Iterator[Path]:
    for command in commands:
        found = shutil.which(command, path=environment.get("PATH"))
        if found:
            yield Path(found)


def _in_playwrights_folder(
    patterns: Iterable[str], environment: Mapping[str, str], platform: str, home: Path
) -> list[Path]:
    """What Playwright downloaded, newest first. Looked for on disk: asking Playwright costs starting it."""
    cache = {"darwin": home / "Library/Caches", "win32": Path(environment.get("LOCALAPPDATA", home / "AppData/Local"))}
    default = cache.get(platform, home / ".cache") / "ms-playwright"
    root = Path(environment.get("PLAYWRIGHT_BROWSERS_PATH") or default)
    found = [path for pattern in patterns for path in root.glob(pattern)]
    return sorted(found, key=_revision, reverse=True)


def _revision(path: Path) -> int:
    match = re.search(r"chromium(?:_headless_shell)?-(\d+)", str(path))
    return int(match[1]) if match else 0


def _how_to_install(platform: str) -> str:
    if platform.startswith("linux"):
        return "Run `playwright install chromium`, or install your distribution's (Debian: `apt-get install chromium`)."
    return "Run `playwright install chromium`, or install Google Chrome."
