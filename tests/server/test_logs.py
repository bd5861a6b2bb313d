"""The server's log: one JSON object a line, in every library's name, and of others only what went wrong."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from polyhost.server.logs import log_as_json


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Where the log goes; afterwards the process logs as it did."""
    root, ours = logging.getLogger(), logging.getLogger("polyhost")
    before = root.handlers[:], root.level, ours.level
    stream = io.StringIO()
    log_as_json(stream)
    yield stream
    root.handlers[:], level, own = before
    root.setLevel(level)
    ours.setLevel(own)


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_line_says_when_how_grave_and_what_it_is_about(log: io.StringIO):
    logging.getLogger("polyhost.engine").info("run started", extra={"run_id": "run_1"})
    [line] = lines(log)
    assert line.pop("timestamp", "").endswith("Z")  # type: ignore[union-attr]
    assert line == {"event": "run started", "level": "info", "run_id": "run_1"}


def test_of_other_libraries_only_what_went_wrong_is_told(log: io.StringIO):
    logging.getLogger("asyncio").info("using a selector")
    logging.getLogger("asyncio").error("a socket broke")
    assert [line["event"] for line in lines(log)] == ["a socket broke"]


def test_an_exception_stays_on_its_line(log: io.StringIO):
    error = ValueError("first\nsecond")
    logging.getLogger("polyhost").error("it broke", exc_info=error)
    [line] = lines(log)
    assert "ValueError: first\nsecond" in str(line["exception"])
