"""The server's log: one JSON object a line on stderr, with the run it is about; no content, no address.

Owns: the form, and that of an error only its kind and its place are told: its text may hold what it was about, and so
may the words of other libraries. Of these there are warnings and worse only. Must not know: who logs.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePath
from traceback import walk_tb
from typing import Any, TextIO

import structlog

from polyhost.errors import PolyhostError

__all__ = ["catch_strays", "log_as_json", "where_it_broke"]

_log = logging.getLogger(__name__)
_OURS = "polyhost"
_DEEPEST = 30
"""Places of one error that are told, from the last one up."""
_MOST_LINES = 200


def log_as_json(stream: TextIO | None = None) -> None:
    """From now on, for the whole process."""
    form = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            _in_our_words,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler = _Lines(stream or sys.stderr)
    handler.setFormatter(form)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(logging.INFO)


def catch_strays() -> None:
    """Log, from now on, the errors that nobody can catch, in the same form as any other."""

    def stray(found: Any) -> None:
        _log.error("an error that nobody could catch", exc_info=found.exc_value)

    sys.unraisablehook = stray


class _Lines(logging.StreamHandler[TextIO]):
    """A record that cannot be written is dropped: the library would print it, with all that it is made of."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the library's name
        """Nothing."""


def _in_our_words(logger: Any, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A record of ours as it is; of another library's, where it is from."""
    record: logging.LogRecord = event["_record"]
    error = event.pop("exc_info", None)
    if record.name.partition(".")[0] == _OURS:
        event = structlog.stdlib.ExtraAdder()(logger, name, event)
    else:
        event["event"] = "a warning of another library"
        event["library"] = record.name
        event["place"] = f"{record.filename}:{record.lineno}"
    if error is not None and (found := _error_in(error)) is not None:
        event["exception"] = where_it_broke(found)
    return event


def _error_in(told: Any) -> BaseException | None:
    if told is True:
        told = sys.exc_info()
    found = told[1] if isinstance(told, tuple) else told
    return found if isinstance(found, BaseException) else None


def where_it_broke(error: BaseException) -> str:
    """The kinds of an error and of those behind it, and the places they passed, newest last. No text of any."""
    return "\n".join(islice(_lines(error), _MOST_LINES))


def _lines(error: BaseException) -> Iterator[str]:
    named = f" ({error.code})" if isinstance(error, PolyhostError) else ""
    yield f"{type(error).__name__}{named}"
    places = list(walk_tb(error.__traceback__))[-_DEEPEST:]
    for frame, line in places:
        code = frame.f_code
        yield f"  {'/'.join(PurePath(code.co_filename).parts[-3:])}:{line} in {code.co_name}"
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _lines(one)
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if behind is not None:
        yield from _lines(behind)
