"""The owner's settings, shown.

Must not know: which settings there are, what they are used for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from typing_extensions import TypedDict

from polyhost.operations.operation import Group, Result, Route, Section, operation

if TYPE_CHECKING:
    from polyhost.engine.settings.config import Setting as Known
    from polyhost.operations.context import Context

__all__ = [
    "ConfigExplainRequest",
    "ConfigPathRequest",
    "Setting",
    "SettingValue",
    "Settings",
    "SettingsFile",
    "explain",
    "path",
]

_GROUP = Group("config", "The settings in this home's config.toml.", Section.UPKEEP)
_HIDDEN = "(set)"
"""Stands for the value of a secret."""

SettingValue = str | int | float | bool | list[str] | None
"""`(set)` stands for a secret."""


class Setting(TypedDict):
    """One setting of config.toml. `(set)` stands for the value of a secret."""

    key: str
    value: SettingValue
    origin: Literal["default", "file", "environment", "flag"]
    variable: str
    default: SettingValue
    meaning: str


class SettingsFile(TypedDict):
    """Where the settings are read from."""

    file: str
    exists: bool


class Settings(SettingsFile):
    """Every setting, what it is, and where its value comes from."""

    settings: list[Setting]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigExplainRequest:
    pass


@operation(
    "explain",
    "Show every setting, what it is, and where its value comes from.",
    group=_GROUP,
    details=(
        "Of each setting, a flag goes before an environment variable, a variable before config.toml, and that "
        "before the default. docs/configuration.md lists them all."
    ),
    examples=("polyhost config explain", "polyhost config explain --json"),
    routes=(Route("GET", "/v1/config"),),
)
async def explain(context: Context, request: ConfigExplainRequest) -> Result[Settings]:
    """Every setting with its value and where that comes from. Refused where the file is wrong."""
    from polyhost.engine.settings.config import config_path, explain_config

    del request
    file = config_path(context.home)
    settings = [_setting(known) for known in explain_config(context.home)]
    return Result(Settings(file=str(file), exists=file.exists(), settings=settings))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigPathRequest:
    pass


@operation(
    "path",
    "Print where the settings are read from.",
    group=_GROUP,
    examples=("polyhost config path", '$EDITOR "$(polyhost config path)"'),
    only="It is a path of this machine, to be opened in an editor there.",
)
async def path(context: Context, request: ConfigPathRequest) -> Result[SettingsFile]:
    """Where the file is, or would be."""
    from polyhost.engine.settings.config import config_path

    del request
    file = config_path(context.home)
    return Result(SettingsFile(file=str(file), exists=file.exists()))


def _setting(known: Known) -> Setting:
    return Setting(
        key=known.key,
        value=_value(known, known.value),
        origin=known.origin.value,
        variable=known.variable,
        default=_value(known, known.default),
        meaning=known.meaning,
    )


def _value(known: Known, value: Any) -> SettingValue:
    if value is None or isinstance(value, bool | int | float):
        return value
    if known.secret:
        return _HIDDEN if value else value
    if isinstance(value, list | tuple):
        return cast("list[str]", list(value))
    return str(value)
