"""What polyhost runs on: Python, Playwright, SQLite, and its settings.

Must not know: homes beyond the settings in them, browsers.
"""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from polyhost import __version__
from polyhost.engine.doctor.finding import Finding, failed, ok, warning
from polyhost.engine.settings.config import Config, config_path, describe_settings, explain_config, load_config
from polyhost.errors import RefusedError
from polyhost.store.sqlite.checkup import full_text_search

__all__ = ["check_settings", "check_versions", "settings_or_defaults"]

_OTHER_VARIABLES = frozenset({"POLYHOST_COMMAND", "POLYHOST_HOME", "POLYHOST_TRACEBACK"})
"""Variables of ours that are no settings."""


def check_versions() -> list[Finding]:
    """One line; two where SQLite lacks what search needs."""
    told = f"polyhost {__version__}, Python {platform.python_version()}, Playwright {_playwright()}"
    try:
        return [ok("versions", f"{told}, SQLite {full_text_search()} with full-text search")]
    except sqlite3.Error:
        found = f"SQLite {sqlite3.sqlite_version} was built without FTS5, which search needs"
        return [ok("versions", told), failed("versions", found, "Use a Python from python.org or your distribution.")]


def check_settings(home: Path, environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """Whether config.toml can be used, and whether a variable looks like a setting and is none."""
    try:
        told = [setting for setting in explain_config(home, environment=environment) if setting.origin != "default"]
    except RefusedError as error:
        return [failed("settings", error.reason, error.instruction or "See docs/configuration.md.")]
    file = config_path(home)
    found = f"{len(told)} set; {'the others are at their defaults' if told else 'everything is at its default'}"
    return [
        ok("settings", f"{file}: {found}" if file.exists() else f"no {file.name}, and none is needed; {found}"),
        *_strange_variables(environment),
    ]


def settings_or_defaults(home: Path) -> Config:
    """For the other checks, which are to say something even where the settings are wrong."""
    try:
        return load_config(home)
    except RefusedError:
        return Config()


def _strange_variables(environment: Mapping[str, str]) -> list[Finding]:
    settings = describe_settings()
    sections = tuple({f"POLYHOST_{setting.section.upper()}_" for setting in settings})
    known = {setting.variable for setting in settings} | _OTHER_VARIABLES
    return [
        warning("settings", f"the variable {name} is not a setting", "See: polyhost config explain")
        for name in sorted(environment)
        if name.startswith(sections) and name not in known
    ]


def _playwright() -> str:
    try:
        return version("playwright")
    except PackageNotFoundError:
        return "of unknown version"
