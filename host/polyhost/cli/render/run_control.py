"""What was asked of a run that goes on, as a person reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import console, plain
from polyhost.cli.wording import as_typed

__all__ = ["RENDERERS"]


def cancel(value: dict[str, Any]) -> None:
    """The request was left; the run itself says how it ended."""
    console().print(f"Asked {plain(value['run_id'])} to stop; what it has read is kept.")


def pause(value: dict[str, Any]) -> None:
    """The request was left; the run itself says that it waits."""
    resumed = as_typed(f"polyhost resume {value['run_id']}")
    console().print(f"Asked {plain(value['run_id'])} to wait; it goes on with: {plain(resumed)}")


def resume(value: dict[str, Any]) -> None:
    """The request was left."""
    console().print(f"Asked {plain(value['run_id'])} to go on.")


RENDERERS: Mapping[str, Callable[[Any], None]] = {"cancel": cancel, "pause": pause, "resume": resume}
