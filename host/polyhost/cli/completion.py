"""Completing what is typed at a prompt: live names of connections, streams, partitions and runs.

Owns: the scripts that shells load, and how a field of a request becomes something to complete. Must not know: where
names come from. Never fails loudly: a prompt is no place for an error.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from polyhost.operations.fields import Field, Names
from polyhost.operations.names import names_for

__all__ = ["completer", "completion_command"]

PROGRAM = "polyhost"
_VARIABLE = "_POLYHOST_COMPLETE"
_HOW = {
    "bash": 'Put this line into ~/.bashrc:\n#   eval "$(polyhost completion bash)"',
    "zsh": 'Put this line into ~/.zshrc, after compinit:\n#   eval "$(polyhost completion zsh)"',
    "fish": "Type once:\n#   polyhost completion fish > ~/.config/fish/completions/polyhost.fish",
}

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def completer(field: Field) -> Completer | None:
    """What completes this field, by what it is declared to name; None where it names nothing."""
    names = field.names
    if names is None:
        return None
    if names in {Names.FILE, Names.FOLDER}:
        kind = "file" if names is Names.FILE else "dir"
        return lambda context, parameter, beginning: [CompletionItem(beginning, type=kind)]

    def complete(context: click.Context, parameter: click.Parameter, beginning: str) -> list[CompletionItem]:
        del parameter
        try:
            found = names_for(names, _home(context), _given(context), beginning)
        except Exception:
            return []
        return [CompletionItem(name.value, help=name.help or None) for name in found]

    return complete


def completion_command(group: Callable[[], click.Command]) -> click.Command:
    """`polyhost completion SHELL`: prints what a shell has to load. `group`: the command that is completed."""

    def callback(shell: str) -> None:
        made = get_completion_class(shell)
        assert made is not None  # noqa: S101  click has all three of these
        click.echo(f"# Completes polyhost in {shell}. {_HOW[shell]}\n")
        click.echo(made(group(), {}, PROGRAM, _VARIABLE).source())

    return click.Command(
        "completion",
        callback=callback,
        params=[click.Argument(["shell"], type=click.Choice(sorted(_HOW)), metavar="bash|zsh|fish")],
        help="Print the script that completes polyhost's commands and your connections' names in a shell.\n\n"
        "How to install it is said at its top.",
        short_help="Print the script that completes commands and names in your shell.",
        epilog='\b\nExamples:\n  eval "$(polyhost completion bash)"\n'
        "  polyhost completion fish > ~/.config/fish/completions/polyhost.fish",
    )


def _given(context: click.Context) -> dict[str, Any]:
    """The arguments typed so far. Behind an option that waits for its value, click has not told them apart yet."""
    names = [one.name for one in context.command.params if isinstance(one, click.Argument)]
    untold = [name for name in names if context.params.get(name) is None]
    return {**context.params, **dict(zip(untold, context.args, strict=False))}


def _home(context: click.Context) -> Path:
    """The home that the command would use; asked for as it is there, without expanding anything else."""
    given = context.find_root().params.get("home")
    if given is not None:
        return Path(given).expanduser()
    from polyhost.operations.context import default_home  # noqa: PLC0415  only when something is completed

    return default_home()
