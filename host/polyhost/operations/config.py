"""The owner's settings, shown.

Must not know: which settings there are, what they are used for.
"""

from __future__ import annotations

from typing import Any

from polyhost.engine.settings.config import Setting, config_path, explain_config
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.requests import ConfigExplainRequest, ConfigPathRequest

__all__ = ["explain", "path"]

_HIDDEN = "(set)"
"""Stands for the value of a secret."""


async def explain(context: Context, request: ConfigExplainRequest) -> Result[Any]:
    """Every setting with its value and where that comes from. Refused where the file is wrong."""
    del request
    file = config_path(context.home)
    settings = [_setting_json(setting) for setting in explain_config(context.home)]
    return Result({"file": str(file), "exists": file.exists(), "settings": settings})


async def path(context: Context, request: ConfigPathRequest) -> Result[Any]:
    """Where the file is, or would be."""
    del request
    file = config_path(context.home)
    return Result({"file": str(file), "exists": file.exists()})


def _setting_json(setting: Setting) -> dict[str, Any]:
    return {
        "key": setting.key,
        "value": _shown(setting, setting.value),
        "origin": str(setting.origin),
        "variable": setting.variable,
        "default": _shown(setting, setting.default),
        "meaning": setting.meaning,
    }


def _shown(setting: Setting, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if setting.secret:
        return _HIDDEN if value else value
    return list(value) if isinstance(value, list | tuple) else value if isinstance(value, dict) else str(value)
