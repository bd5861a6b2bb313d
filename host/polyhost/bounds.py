"""What no run may exceed: one table of all bounds, whichever way a connector runs.

Owns: their names, defaults, units, codes and reasons; `RunBounds`, the values that hold in one run. docs/bounds.md and
the section [bounds] of the configuration are made from it. Must not know: who measures, what ends a run.

A bound that is reached ends the run by its code, what was read is kept and the next run goes on from there; where the
table says so, only what goes beyond it is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from polyhost.errors import ErrorCode, RunFailedError

__all__ = ["BOUNDS", "BOUND_CODES", "DEFAULT_BOUNDS", "Bound", "RunBounds", "bound_error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One bound. `of`: what it is, in a sentence. `least`: the least it may be set to. `holds`: for which runs. `ends`
    False: what goes beyond is left out or counted together, and the run goes on."""

    name: str
    default: int
    unit: str
    of: str
    holds: str
    code: ErrorCode
    reason: str
    least: int = 1
    ends: bool = True


_EVERY = "every run"
_PAGES = "polyfills"
_OWN = "polyfills and processes"

BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="run_minutes",
        default=24 * 60,
        unit="minutes",
        of="How many minutes a run may take, not counting while it is paused or asks its owner.",
        holds=_EVERY,
        code=ErrorCode.RUN_TOO_LONG,
        reason="the longest first readings known take some hours; what takes a day has lost its way",
    ),
    Bound(
        name="silence_minutes",
        default=60,
        unit="minutes",
        of="How many minutes a connector may say and ask nothing while the host listens.",
        holds=_EVERY,
        code=ErrorCode.CONNECTOR_SILENT,
        reason="longer than any one-time code or Retry-After is worth waiting for",
    ),
    Bound(
        name="message_mb",
        default=16,
        unit="MiB",
        of="How many MiB one message of a connector may have; a larger one never leaves its page, or is not read.",
        holds=_EVERY,
        code=ErrorCode.MESSAGE_TOO_LARGE,
        reason="as much as the largest document of common document stores; each process on its way holds it twice",
    ),
    Bound(
        name="memory_mb",
        default=4096,
        unit="MiB",
        of="How many MiB the processes of a run's browser, or of its connector, may hold together.",
        holds=_OWN,
        code=ErrorCode.TOO_MUCH_MEMORY,
        reason="the heaviest clients take about one gigabyte; beyond four a desktop begins to swap",
        least=256,
    ),
    Bound(
        name="processes",
        default=200,
        unit="processes",
        of="How many processes a run's browser, or its connector, may have at once.",
        holds=_OWN,
        code=ErrorCode.TOO_MANY_PROCESSES,
        reason="a browser with one page has about ten; each site in a frame is one more",
        least=10,
    ),
    Bound(
        name="popups",
        default=200,
        unit="pages",
        of="How many pages a site may open beside the one that is read, in one run; each is closed at once.",
        holds=_PAGES,
        code=ErrorCode.POPUP_STORM,
        reason="every page costs the machine a process for a moment",
    ),
    Bound(
        name="frames",
        default=2000,
        unit="frames",
        of="How many frames a site may put into its page, in one run.",
        holds=_PAGES,
        code=ErrorCode.FRAME_STORM,
        reason="host and driver keep an object for each; clients that show others' pages have tens",
    ),
    Bound(
        name="workers",
        default=200,
        unit="workers",
        of="How many workers a site may start, in one run.",
        holds=_PAGES,
        code=ErrorCode.WORKER_STORM,
        reason="each is a thread with a heap of its own; clients have a few",
    ),
    Bound(
        name="console_per_minute",
        default=120_000,
        unit="lines",
        of="How many lines a site may write to its console in one minute, its uncaught errors among them.",
        holds=_PAGES,
        code=ErrorCode.CONSOLE_STORM,
        reason="the browser tells the host of each, and cannot be told not to; a noisy client writes some hundreds",
        least=100,
    ),
    Bound(
        name="downloads",
        default=200,
        unit="downloads",
        of="How many downloads a site may start, in one run; each is refused at once.",
        holds=_PAGES,
        code=ErrorCode.DOWNLOAD_STORM,
        reason="a polyfill reads, and saves nothing by way of the browser",
    ),
    Bound(
        name="failed_requests",
        default=10_000,
        unit="requests",
        of="How many requests that fail or are blocked the browser tells of in one run; later ones are not counted.",
        holds=_PAGES,
        code=ErrorCode.REQUEST_STORM,
        reason="a site may ask 2,500 times a second for what it cannot have; the count is for its owner, not for a log",
        ends=False,
    ),
)

BOUND_CODES: frozenset[str] = frozenset(bound.code for bound in BOUNDS if bound.ends)
"""The codes of runs that a bound has ended."""

_DEFAULT = {bound.name: bound.default for bound in BOUNDS}
_BYTES = 1024 * 1024
_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBounds:
    """The bounds of one run: the table's defaults, or what its owner has set."""

    run_minutes: float = _DEFAULT["run_minutes"]
    silence_minutes: float = _DEFAULT["silence_minutes"]
    message_mb: float = _DEFAULT["message_mb"]
    memory_mb: int = _DEFAULT["memory_mb"]
    processes: int = _DEFAULT["processes"]
    popups: int = _DEFAULT["popups"]
    frames: int = _DEFAULT["frames"]
    workers: int = _DEFAULT["workers"]
    console_per_minute: int = _DEFAULT["console_per_minute"]
    downloads: int = _DEFAULT["downloads"]
    failed_requests: int = _DEFAULT["failed_requests"]

    @property
    def run_seconds(self) -> float:
        return self.run_minutes * _SECONDS

    @property
    def silence_seconds(self) -> float:
        return self.silence_minutes * _SECONDS

    @property
    def message_bytes(self) -> int:
        return int(self.message_mb * _BYTES)

    @property
    def memory_bytes(self) -> int:
        return self.memory_mb * _BYTES


DEFAULT_BOUNDS = RunBounds()
"""Where nobody has set anything."""


def bound_error(name: str, reason: str) -> RunFailedError:
    """The error of a run that this bound ends. `reason`: what was exceeded, and by whom, as a sentence without its
    full stop."""
    bound = next(one for one in BOUNDS if one.name == name)
    instruction = f"What was read is kept; run it again. The bound is {name} in the section [bounds] of the settings."
    return RunFailedError(reason, instruction, code=bound.code)
