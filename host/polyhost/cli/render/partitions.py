"""A partition after its owner has let it go, or taken it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyhost.cli.render.common import console, plain
from polyhost.cli.render.coverage import EXTENT_COLOUR

__all__ = ["RENDERERS"]


def partition(value: dict[str, Any]) -> None:
    """One partition after it was changed."""
    row = value["partition"]
    reason = f" ({plain(row['retired_reason'])})" if row["retired_reason"] else ""
    console().print(
        f"{plain(row['label'] or row['key'])} is [{EXTENT_COLOUR[row['extent']]}]{row['extent']}[/]{reason}. "
        f"[dim]{plain(row['explain'])}[/]"
    )


RENDERERS: Mapping[str, Callable[[Any], None]] = {
    "partitions retire": partition,
    "partitions restore": partition,
}
