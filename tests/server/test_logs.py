"""The server's log: one JSON object a line, in every library's name, and of others only what went wrong."""

import gc
import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from polyhost.errors import ErrorCode, RefusedError
from polyhost.server.logs import catch_strays, log_as_json

pytestmark = pytest.mark.requirement("SE-4")

SECRET = "s3cr3t-of-a-client"


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


def test_of_other_libraries_only_what_went_wrong_is_told_and_not_in_their_words(log: io.StringIO):
    """Their words may be of anything: asyncio's have the arguments of a callback in them."""
    logging.getLogger("asyncio").info("using a selector")
    logging.getLogger("asyncio").error("Exception in callback give(%r)", SECRET, extra={"given": SECRET})
    [line] = lines(log)
    assert (line["event"], line["library"], line["level"]) == ("a warning of another library", "asyncio", "error")
    assert str(line["place"]).startswith("test_logs.py:")
    assert SECRET not in log.getvalue()


@pytest.mark.parametrize("logger", ["polyhost.api", "asyncio"])
def test_an_error_is_told_by_its_kind_and_place_and_never_by_its_text(log: io.StringIO, logger: str):
    try:
        fail()
    except ExceptionGroup as error:
        logging.getLogger(logger).exception("it broke", exc_info=error)
    [line] = lines(log)
    told = str(line["exception"])
    for kind in ("ExceptionGroup", "ValueError", "KeyError", "RefusedError (bad_json)"):
        assert kind in told
    assert "tests/server/test_logs.py:" in told
    assert " in fail" in told
    assert SECRET not in log.getvalue()


def fail() -> None:
    """As errors are: one behind another, several at once, each with what it was about in its text."""
    try:
        try:
            {}[SECRET]
        except KeyError as error:
            raise ValueError(f"first\n{SECRET}") from error
    except ValueError as error:
        refused = RefusedError(SECRET, code=ErrorCode.BAD_JSON)
        raise ExceptionGroup(SECRET, [error, refused]) from None


def test_a_line_that_cannot_be_written_is_dropped_with_all_that_it_is_made_of(
    log: io.StringIO, capfd: pytest.CaptureFixture[str]
):
    record = logging.LogRecord("polyhost", logging.ERROR, __file__, 1, "%d of %d", (SECRET,), None)
    logging.getLogger().handlers[0].handle(record)
    assert log.getvalue() == ""
    assert capfd.readouterr().err == ""


def test_an_error_that_nobody_can_catch_is_told_in_the_same_form(log: io.StringIO, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    catch_strays()

    class Leaving:
        def __del__(self) -> None:
            raise ValueError(SECRET)

    Leaving()
    gc.collect()
    [line] = lines(log)
    assert str(line["exception"]).startswith("ValueError")
    assert SECRET not in log.getvalue()
