"""Answers a connector's question at the terminal: credentials, a one-time code, something to do by hand.

Owns: the prompts, and the terminal while one is shown. Must not know: who asks or why.

An answer is handed on and kept nowhere: not in the history of the terminal (what is secret is not shown while typed),
not in a variable that outlives the call. Nothing here blocks: a question that nobody waits for any more (time-out,
Ctrl-C, a connector that died) is cancelled like any other task, and leaves the terminal as it was.
"""

from __future__ import annotations

import asyncio
import os
import sys
import termios
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import click

from polyhost.cli.wording import as_typed, printable, until
from polyhost.operations.events import OwnerAsked, asked_fields

__all__ = ["answered_elsewhere", "ask_owner", "choose"]

READ_BYTES = 4096
"""A terminal hands over one line at a time, and none is longer (POSIX MAX_CANON is 255 at least, Linux has 4096)."""


class _GivenUpError(Exception):
    """Ctrl-D at the prompt."""


async def ask_owner(asked: OwnerAsked) -> tuple[str, Any]:
    """(success, data), or (cancelled, None) where the owner presses Ctrl-D at the prompt."""
    click.echo(f"\nThe connector asks: {printable(as_typed(asked.message))}", err=True)
    if asked.until is not None:
        click.echo(f"It waits{until(asked)}; the dashboard of polyhost serve shows the question, too.", err=True)
    try:
        if asked.kind == "manual_action":
            await _line("Press Enter when that is done", hidden=False, required=False)
            return "success", {}
        answers: dict[str, str] = {}
        for field in asked_fields(asked.kind, asked.schema):
            answers[field.name] = await _line(printable(field.label), hidden=field.secret, required=True)
        return "success", answers
    except _GivenUpError:
        click.echo(err=True)
        return "cancelled", None


def answered_elsewhere(status: str) -> None:
    """Say why the prompt is gone: the dashboard, or a program, was first."""
    click.echo(f"\nThat was {'answered' if status == 'success' else 'declined'} elsewhere.", err=True)


async def choose(question: str, answers: Mapping[str, str]) -> str | None:
    """One of the answers, by its name or its beginning; None where the owner presses Ctrl-D."""
    click.echo(f"\n{printable(question)}", err=True)
    width = max(map(len, answers))
    for name, meaning in answers.items():
        click.echo(f"  {name:{width}}  {printable(as_typed(meaning))}", err=True)
    try:
        while True:
            typed = (await _line(f"{' or '.join(answers)}", hidden=False, required=True)).strip().lower()
            fitting = [name for name in answers if name.startswith(typed)]
            if len(fitting) == 1:
                return fitting[0]
    except _GivenUpError:
        click.echo(err=True)
        return None


async def _line(label: str, *, hidden: bool, required: bool) -> str:
    """One line of the terminal, asked for again where it has to say something and does not."""
    terminal = sys.stdin.fileno()
    with _hidden(terminal) if hidden else nullcontext():
        while True:
            click.echo(f"{label}: ", nl=False, err=True)
            line = await _read_line(terminal)
            if hidden:
                click.echo(err=True)
            if line or not required:
                return line


async def _read_line(terminal: int) -> str:
    loop = asyncio.get_running_loop()
    read: asyncio.Future[bytes] = loop.create_future()

    def ready() -> None:
        loop.remove_reader(terminal)
        if not read.done():
            read.set_result(os.read(terminal, READ_BYTES))

    loop.add_reader(terminal, ready)
    try:
        text = await read
    finally:
        loop.remove_reader(terminal)
    if not text:
        raise _GivenUpError
    return text.decode(errors="replace").strip("\r\n")


@contextmanager
def _hidden(terminal: int) -> Generator[None]:
    """What is typed is not shown; what was typed ahead is dropped, as it was meant for something else."""
    before = termios.tcgetattr(terminal)
    silent = termios.tcgetattr(terminal)
    silent[3] &= ~termios.ECHO  # the local modes
    termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
