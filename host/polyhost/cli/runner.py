"""Performs one operation for the command line: event loop, progress, two-stage Ctrl-C, output, exit status.

Must not know: any one operation beyond its name.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import click

from polyhost.cli.ask import answered_elsewhere, ask_owner, choose
from polyhost.cli.inspector import show_message
from polyhost.cli.interpreter import run, tune_interpreter
from polyhost.cli.leaving import LEAVE_SECONDS, leave_within
from polyhost.cli.output import UndeliveredError
from polyhost.cli.progress import show_progress
from polyhost.cli.render import render
from polyhost.cli.wording import as_typed, printable
from polyhost.errors import ErrorCode, ExitStatus, PolyhostError, RunFailedError
from polyhost.operations.context import Context, default_home, nobody
from polyhost.operations.operation import Operation, Result
from polyhost.operations.other_processes import open_to_other_processes

__all__ = ["TRACEBACK_VARIABLE", "complain", "perform", "print_error"]

TRACEBACK_VARIABLE = "POLYHOST_TRACEBACK"
"""Set by a developer who wants to see a bug's traceback, which may show what was collected."""
_PACKAGE = Path(__file__).parents[1]


def perform(operation: Operation[Any, Any], request: Any, *, home: Path | None, as_json: bool) -> NoReturn:
    """Run it, print what came of it, exit. Every PolyhostError becomes one sentence on stderr."""
    try:
        where = (home or default_home()).expanduser().absolute()
        result = _run(operation, request, where, as_json=as_json)
        _print(operation, result, as_json=as_json)
    except PolyhostError as error:
        sys.exit(complain(error, as_json=as_json))
    sys.exit(result.exit_code)


def _run(operation: Operation[Any, Any], request: Any, home: Path, *, as_json: bool) -> Result[Any]:
    """Its result. Whatever nobody foresaw becomes one sentence, with nothing in it of what was collected."""
    try:
        return run(_perform(operation, request, home, as_json=as_json))
    except (PolyhostError, BrokenPipeError, UndeliveredError):
        raise
    except Exception as error:
        if TRACEBACK_VARIABLE in os.environ:
            raise
        raise _bug(error) from error


def _bug(error: BaseException) -> PolyhostError:
    """What a report needs to say of it: which error, and where in the program. Its text may hold what was collected."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)] or frames
    where = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return RunFailedError(
        f"a bug of polyhost: {type(error).__name__}{where}",
        f"What was stored is safe. Please report it; with {TRACEBACK_VARIABLE}=1 it says more.",
        code=ErrorCode.INTERNAL_ERROR,
    )


async def _perform(operation: Operation[Any, Any], request: Any, home: Path, *, as_json: bool) -> Result[Any]:
    at_terminal = sys.stdin.isatty()
    with show_progress(quiet=as_json or operation.shows_messages) as watch:
        ask = ask_owner if at_terminal else nobody
        context = Context(home=home, watch=watch, answer=ask, inspect=show_message)
        context.sign_ins = lambda port: _sign_ins(home, port)
        if at_terminal:
            context.choose = choose
        _cancel_on_interrupt(context.cancelled, keeps=not operation.all_or_nothing)
        tune_interpreter()  # the process is the operation's from here on
        overtaken = answered_elsewhere if at_terminal else None
        async with open_to_other_processes(context, overtaken=overtaken) as opened:
            return await operation(opened, request)


def _sign_ins(home: Path, port: int | None) -> Any:
    from polyhost.server.links import SignInsElsewhere  # noqa: PLC0415  few commands ask a server

    return SignInsElsewhere(home, port)


def _cancel_on_interrupt(cancelled: asyncio.Event, *, keeps: bool) -> None:
    """First Ctrl-C: stop taking more, keep what is durable. Second: leave at once; the store survives that too. Whoever
    sends SIGTERM, or closes the terminal, does not watch, and sends no second one: the process is gone within a bounded
    time. What was started with nohup goes on."""
    kept = "; what is read so far is kept" if keeps else ""

    def interrupted() -> None:
        if cancelled.is_set():
            os._exit(ExitStatus.CANCELLED)
        click.echo(f"\npolyhost: stopping{kept}. Ctrl-C again to leave at once.", err=True)
        cancelled.set()

    def terminated() -> None:
        leave_within(LEAVE_SECONDS)
        interrupted()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupted)
    loop.add_signal_handler(signal.SIGTERM, terminated)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, terminated)


def _print(operation: Operation[Any, Any], result: Result[Any], *, as_json: bool) -> None:
    if as_json:
        import orjson  # noqa: PLC0415

        sys.stdout.buffer.write(orjson.dumps(result.value, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        render(operation, result.value)
    sys.stdout.flush()


def print_error(code: ErrorCode, reason: str, instruction: str) -> None:
    """The one JSON value of a command that came to nothing."""
    import orjson  # noqa: PLC0415

    problem = {"code": code, "reason": reason, "instruction": instruction}
    sys.stdout.buffer.write(orjson.dumps({"error": problem}, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.flush()


def complain(error: PolyhostError, *, as_json: bool) -> int:
    """Say it in one sentence on stderr, and on stdout as JSON if that was asked for. Returns the exit status."""
    if as_json:
        print_error(error.code, error.reason, error.instruction)
    click.echo(printable(f"polyhost: {as_typed(str(error))}"), err=True)
    return error.exit_status
