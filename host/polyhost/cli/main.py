"""The `polyhost` command: a click group generated from the catalog of operations.

Owns: options every command has (--home, --version, --json), exit statuses of refusals. Must not know: what an operation
does. Imports stay light: `--help` answers without loading the store, the browser or rich.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from polyhost import __version__
from polyhost.operations.catalog import GROUPS, OPERATIONS
from polyhost.operations.registry import Field, Operation, describe

__all__ = ["cli", "main"]


def _parameter(item: Field) -> click.Parameter:
    if item.kind == "argument":
        return click.Argument([item.name], metavar=item.metavar or item.name.upper(), required=item.required)
    name = "--" + item.name.replace("_", "-")
    if item.kind == "flag":
        return click.Option([name, item.name], is_flag=True, help=item.help)
    return click.Option(
        [name, item.name],
        multiple=item.many,
        metavar=item.metavar,
        help=item.help,
        type=item.type,
        default=None if item.many else item.default,
        show_default=item.default not in (None, ()),
    )


def _epilog(operation: Operation) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {example}" for example in operation.examples)


def _command(operation: Operation) -> click.Command:
    described = describe(operation.request)

    def callback(as_json: bool, **values: Any) -> None:
        from polyhost.cli.runner import perform  # noqa: PLC0415  keeps --help instant

        home: Path | None = click.get_current_context().find_root().params["home"]
        perform(operation, operation.request(**values), home=home, as_json=as_json)

    arguments = "\n".join(f"  {item.name.upper():10} {item.help}" for item in described if item.kind == "argument")
    text = operation.summary + (f"\n\n\b\n{arguments}" if arguments else "")
    as_json = click.Option(["--json", "as_json"], is_flag=True, help="One JSON value on stdout; progress on stderr.")
    return click.Command(
        operation.name.rpartition(" ")[2],
        params=[*map(_parameter, described), as_json],
        callback=callback,
        help=text,
        short_help=operation.summary,
        epilog=_epilog(operation),
    )


def _commands() -> dict[str, click.Command]:
    """`partitions retire` becomes the command `retire` of the group `partitions`."""
    commands: dict[str, click.Command] = {}
    for operation in OPERATIONS:
        group, _, name = operation.name.rpartition(" ")
        if not group:
            commands[name] = _command(operation)
            continue
        parent = commands.setdefault(group, _InOrder(group, help=GROUPS[group]))
        if isinstance(parent, click.Group):
            parent.add_command(_command(operation), name)
    return commands


class _InOrder(click.Group):
    """Commands in the order an owner meets them, not by alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_InOrder,
    commands=_commands(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Start with: polyhost demo",
)
@click.version_option(__version__, prog_name="polyhost")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where all state lives. Default: $POLYHOST_HOME, or the platform's data directory.",
)
def cli(home: Path | None) -> None:
    """Get your own data out of the sites you are logged in to, and know exactly what you have."""


def main() -> None:
    """Entry point: run the command line and exit."""
    cli(prog_name="polyhost")
