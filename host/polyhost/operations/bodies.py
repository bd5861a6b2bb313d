"""JSON bodies that are more than a request's fields, as types: for the API's description.

Must not know: how they are judged. What is refused is decided where a boundary is resolved or an answer is read; these
types say the same beforehand.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from annotated_types import MinLen
from pydantic import Field
from typing_extensions import TypedDict

_Name = Annotated[str, MinLen(1)]
_Names = Annotated[list[_Name], MinLen(1), Field(json_schema_extra={"uniqueItems": True})]


class TimeRange(TypedDict):
    """`since` is inclusive, `until` exclusive; ISO 8601 with a time zone, or a date (midnight UTC). At least one."""

    since: NotRequired[Annotated[str, MinLen(10)]]
    until: NotRequired[Annotated[str, MinLen(10)]]


class RunWanted(TypedDict):
    """What to collect. What is left out bounds nothing; null, an empty list and an unknown name are refused: a boundary
    that is not understood is not taken for none."""

    streams: NotRequired[_Names]
    resources: NotRequired[Annotated[dict[str, _Names], Field(json_schema_extra={"minProperties": 1})]]
    time_range: NotRequired[Annotated[TimeRange, Field(json_schema_extra={"minProperties": 1})]]
    fields: NotRequired[Annotated[dict[str, _Names], Field(json_schema_extra={"minProperties": 1})]]
    mode: NotRequired[Literal["incremental", "full_refresh"]]


class GivenAnswer(TypedDict):
    """Each field by its name."""

    status: Literal["success"]
    data: Annotated[dict[str, Any], Field(description="By the fields of the question, each as its `rule` says.")]


class NoAnswer(TypedDict):
    """The owner does not answer; the run goes on without."""

    status: Literal["cancelled"]


Answer = Annotated[GivenAnswer | NoAnswer, Field(description="An answer; or that there is none.")]
