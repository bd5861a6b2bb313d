"""The command inside this process, with stdout and stderr apart, as a terminal has them."""

import inspect
from collections.abc import Sequence

from click.testing import CliRunner, Result

from polyhost.cli.main import cli

__all__ = ["invoke"]

_TOLD_APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
"""click before 8.2 mixes the two unless it is told not to; later ones cannot be told."""


def invoke(words: Sequence[str]) -> Result:
    return CliRunner(**_TOLD_APART).invoke(cli, [*words])
