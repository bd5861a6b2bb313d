"""What results of several families have in common, said once.

Must not know: any one operation. Kept free of heavy imports, as every family is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import TypedDict

__all__ = ["Described", "Started"]


class Started(TypedDict):
    """It goes on; GET /v1/runs/{run} and its events tell of it."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Described:
    """In `Annotated[...]`: what the API's description says of a value beside its type. It does what pydantic's `Field`
    does there, whose import `--help` would wait for. `keywords`: more of its JSON Schema."""

    text: str = ""
    keywords: tuple[tuple[str, Any], ...] = ()

    def __get_pydantic_json_schema__(self, core: Any, make: Callable[[Any], dict[str, Any]]) -> Mapping[str, Any]:
        said = {"description": self.text} if self.text else {}
        return make(core) | said | dict(self.keywords)
