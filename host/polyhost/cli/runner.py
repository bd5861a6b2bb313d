"""Performs one operation for the command line: event loop, progress, two-stage Ctrl-C, output, exit status.

Must not know: any one operation beyond its name.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from polyhost.cli.ask import answered_elsewhere, ask_owner, choose
from polyhost.cli.inspector import show_message
from polyhost.cli.interpreter import run, tune_interpreter
from polyhost.cli.leaving import LEAVE_SECONDS, leave_within
from polyhost.cli.progress import show_progress
from polyhost.cli.render import render
from polyhost.cli.wording import as_typed
from polyhost.errors import ErrorCode, ExitStatus, PolyhostError
from polyhost.operations.context import Context, default_home, nobody
from polyhost.operations.operation import Operation, Result
from polyhost.operations.other_processes import open_to_other_processes

__all__ = ["complain", "perform", "print_error"]


def perform(operation: Operation[Any, Any], request: Any, *, home: Path | None, as_json: bool) -> NoReturn:
    """Run it, print what came of it, exit. Every PolyhostError becomes one sentence on stderr."""
    try:
        where = (home or default_home()).expanduser().absolute()
        result = run(_perform(operation, request, where, as_json=as_json))
        _print(operation, result, as_json=as_json)
    except PolyhostError as error:
        sys.exit(complain(error, as_json=as_json))
    sys.exit(result.exit_code)


async def _perform(operation: Operation[Any, Any], request: Any, home: Path, *, as_json: bool) -> Result[Any]:
    at_terminal = sys.stdin.isatty()
    with show_progress(quiet=as_json or operation.shows_messages) as watch:
        ask = ask_owner if at_terminal else nobody
        context = Context(home=home, watch=watch, answer=ask, inspect=show_message)
        if at_terminal:
            context.choose = choose
        _cancel_on_interrupt(context.cancelled, keeps=not operation.all_or_nothing)
        tune_interpreter()  # the process is the operation's from here on
        overtaken = answered_elsewhere if at_terminal else None
        async with open_to_other_processes(context, overtaken=overtaken) as opened:
            return await operation(opened, request)


def _cancel_on_interrupt(cancelled: asyncio.Event, *, keeps: bool) -> None:
    """First Ctrl-C: stop taking more, keep what is durable. Second: leave at once; the store survives that too. Whoever
    sends SIGTERM does not watch, and sends no second one: the process is gone within a bounded time."""
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
    click.echo(f"polyhost: {as_typed(str(error))}", err=True)
    return error.exit_status
