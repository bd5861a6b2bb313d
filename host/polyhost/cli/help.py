"""How help reads: commands in the order an owner meets them, examples, exit statuses, the bare command's first screen.

Owns: the sections, and the texts around what operations say of themselves. Must not know: what an operation does.
"""

from __future__ import annotations

import platform
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from polyhost import __version__
from polyhost.cli.wording import as_typed
from polyhost.errors import ExitStatus
from polyhost.operations.catalog import commands
from polyhost.operations.fields import Field
from polyhost.operations.operation import Operation, Section

__all__ = ["Sections", "command_help", "epilog", "group_epilog", "print_welcome", "show_version"]

_WIDEST = 100
"""Characters of what a command does, in the list of all."""
_FIRST, _LAST = {"serve": Section.UPKEEP}, {"completion": Section.UPKEEP}
"""Where the commands stand that are no operations: before and after the others of their section."""


class Sections(click.Group):
    """The root: its commands in sections."""

    def invoke(self, ctx: click.Context) -> Any:
        """Ctrl-C before anything has begun to listen for it: the status of one that was cancelled."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\npolyhost: stopped.", err=True)
            ctx.exit(ExitStatus.CANCELLED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for names in self.sectioned().values() for name in names]

    def sectioned(self) -> dict[str, dict[str, str]]:
        """The commands that there are, by section, each in the order it was declared in, and what it does."""
        found: dict[str, dict[str, str]] = {str(section): {} for section in Section}
        self._add_own(found, _FIRST)
        for operation in commands():
            named = operation if operation.group is None else operation.group
            does = operation.summary if operation.group is None else operation.group.help
            found[operation.section].setdefault(named.name, does)
        self._add_own(found, _LAST)
        return found

    def _add_own(self, found: dict[str, dict[str, str]], own: Mapping[str, Section]) -> None:
        for name, section in own.items():
            found[section][name] = self.commands[name].get_short_help_str(limit=_WIDEST)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, named in self.sectioned().items():
            with formatter.section(title):
                formatter.write_dl([*named.items()], col_spacing=3)


def command_help(operation: Operation[Any, Any], arguments: list[Field]) -> str:
    """Summary, details, and what each argument is."""
    parts = [operation.summary, operation.details]
    if arguments:
        width = max(len(_argument(item)) for item in arguments)
        lines = "\n".join(f"  {_argument(item):{width}}  {item.help}" for item in arguments)
        parts.append(f"\b\nArguments:\n{lines}")
    return "\n\n".join(part for part in parts if part)


def epilog(operation: Operation[Any, Any]) -> str:
    """Examples; and the exit statuses where all of them can be met."""
    text = "\b\nExamples:\n" + "\n".join(f"  {example}" for example in operation.examples)
    if operation.ends_as_a_run:
        text += "\n\n\b\nExit status:\n" + "\n".join(f"  {status:>3}  {status.meaning}" for status in ExitStatus)
    return text


def group_epilog(operations: Sequence[Operation[Any, Any]]) -> str:
    """An example of each command of a group."""
    return "\b\nExamples:\n" + "\n".join(f"  {operation.examples[0]}" for operation in operations)


def print_welcome(home: Path, *, given: bool) -> None:
    """Where the owner is, and what comes next. `given`: the home was named, so it is named again in what to type."""
    from polyhost.operations.welcome import welcome  # noqa: PLC0415  nothing of it is needed for a command

    stage = welcome(home)
    program = as_typed("polyhost demo").removesuffix(" demo")
    named = f"{program} --home {shlex.quote(str(home))}" if given else program
    commands = [named + step.command.removeprefix("polyhost") for step in stage.steps]
    width = max(map(len, commands))
    name = click.style("polyhost", bold=True)
    click.echo(f"{name} {__version__}: your own data, out of the sites you are logged in to.")
    click.echo(f"\n{stage.said} Next:\n")
    for command, step in zip(commands, stage.steps, strict=True):
        click.echo(f"  {click.style(command, fg='cyan')}{' ' * (width - len(command))}   {step.meaning}")
    click.echo(f"\nEverything it can do: {program} --help   One command: {program} run --help")


def show_version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """The version, and what it runs on."""
    del parameter
    if not wanted or context.resilient_parsing:
        return
    click.echo(f"polyhost {__version__}")
    machine = f"{platform.system()} {platform.machine()}"
    click.echo(f"Python {platform.python_version()}, Playwright {_version('playwright')}, {machine}")
    context.exit()


def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  keeps --help instant

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "of unknown version"


def _argument(item: Field) -> str:
    return (item.metavar or item.name.upper()).strip("[]")
