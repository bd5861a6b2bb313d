"""The owner's settings as a person reads them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import console, plain, simple_table
from polyhost.operations.settings import Setting, Settings, SettingsFile, SettingValue

__all__ = ["RENDERERS"]


def explain(value: Settings) -> None:
    """One line a setting: key, value, where from; and the file."""
    out = console()
    out.print(f"{plain(value['file'])}{'' if value['exists'] else ' [dim](there is no such file; none is needed)[/]'}")
    table = simple_table("setting", "value", "from", "meaning", unwrapped=("setting", "from"))
    for row in value["settings"]:
        dim = "dim" if row["origin"] == "default" else "bold"
        table.add_row(row["key"], f"[{dim}]{plain(_shown(row['value']))}[/]", _origin(row), plain(row["meaning"]))
    out.print(table)
    out.print("[dim]A flag goes before a variable, a variable before the file, the file before the default.[/]")


def path(value: SettingsFile) -> None:
    """Just the path, for a script to use."""
    sys.stdout.write(value["file"] + "\n")


def _origin(row: Setting) -> str:
    shown = {"environment": f"${plain(row['variable'])}", "default": "[dim]default[/]"}
    return shown.get(row["origin"], row["origin"])


def _shown(value: SettingValue) -> str:
    if value is None:
        return "–"
    return str(value).lower() if isinstance(value, bool) else str(value)


RENDERERS: Mapping[str, Callable[[Any], None]] = {
    "config explain": explain,
    "config path": path,
}
