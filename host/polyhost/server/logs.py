"""The server's log: one JSON object a line on stderr, with the run it is about; no content, no address.

Owns: the form. Must not know: who logs. Other libraries' records take the same form, warnings and worse only.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog

__all__ = ["log_as_json"]


def log_as_json(stream: TextIO | None = None) -> None:
    """From now on, for the whole process."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    form = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(form)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("polyhost").setLevel(logging.INFO)
