"""The `polyhost` command: a click group generated from the catalog of operations.

Owns: options every command has (--home, --version, --json), exit statuses of refusals. Must not know: what an operation
does, how its help reads. Imports stay light: `--help` answers without loading the store, the browser or rich.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from polyhost.cli.completion import completer, completion_command
from polyhost.cli.help import Sections, command_help, epilog, group_epilog, print_welcome, show_version
from polyhost.cli.output import whole_output
from polyhost.cli.serve import serve_command
from polyhost.errors import ErrorCode
from polyhost.operations.catalog import commands_of
from polyhost.operations.fields import Field, describe
from polyhost.operations.operation import Operation

__all__ = ["cli", "main"]


def _parameter(operation: Operation[Any, Any], item: Field) -> click.Parameter:
    complete = completer(item)
    if item.kind == "argument":
        return click.Argument(
            [item.name], metavar=item.metavar or item.name.upper(), required=item.required, shell_complete=complete
        )
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
        shell_complete=complete,
    )


def _command(operation: Operation[Any, Any]) -> click.Command:
    described = describe(operation.request)

    def callback(as_json: bool, **values: Any) -> None:
        from polyhost.cli.runner import perform  # noqa: PLC0415  keeps --help instant

        home: Path | None = click.get_current_context().find_root().params["home"]
        perform(operation, operation.request(**values), home=home, as_json=as_json)

    as_json = click.Option(["--json", "as_json"], is_flag=True, help="One JSON value on stdout; progress on stderr.")
    return click.Command(
        operation.name.rpartition(" ")[2],
        params=[*(_parameter(operation, item) for item in described), as_json],
        callback=callback,
        help=command_help(operation, [item for item in described if item.kind == "argument"]),
        short_help=operation.summary,
        epilog=epilog(operation),
    )


def _made(word: str) -> click.Command | None:
    """The command of this name: an operation, or a group of them: `partitions retire` is `retire` of `partitions`."""
    found = commands_of(word)
    if not found:
        return None
    group = found[0].group
    if group is None:
        return _command(found[0])
    made = _InOrder(group.name, help=group.help, epilog=group_epilog(found))
    for operation in found:
        made.add_command(_command(operation))
    return made


class _InOrder(click.Group):
    """Commands in the catalog's order, not by alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


class _Root(Sections):
    """All commands, each made when it is asked for. What is typed wrongly is told as JSON too, where that was asked."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and (made := _made(cmd_name)) is not None:
            self.add_command(made)
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if as_json:
                from polyhost.cli.runner import print_error  # noqa: PLC0415  keeps --help instant

                where = error.ctx.command_path if error.ctx is not None else "polyhost"
                print_error(ErrorCode.USAGE, error.format_message().rstrip("."), f"See: {where} --help")
            raise


@click.group(
    cls=_Root,
    commands={"serve": serve_command(), "completion": completion_command(lambda: cli)},
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Each command explains itself with --help. Start with: polyhost demo",
)
@click.option(
    "--version",
    "-V",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_version,
    help="Show the version, and what it runs on.",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where all state lives. Default: $POLYHOST_HOME, or the platform's data directory.",
)
@click.pass_context
def cli(context: click.Context, home: Path | None) -> None:
    """Get your own data out of the sites you are logged in to, and know exactly what you have."""
    if context.invoked_subcommand is None:
        from polyhost.operations.context import default_home  # noqa: PLC0415  keeps --help instant

        print_welcome((home or default_home()).expanduser().absolute(), given=home is not None)


def main() -> None:
    """Entry point: run the command line and exit."""
    with whole_output():
        cli(prog_name="polyhost")
